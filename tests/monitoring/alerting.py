"""What Prometheus would say to figures of a real run: two readings of /metrics, put into a test of its own checker.

Prometheus is shown the first reading for half an hour and the second one from then on; what counted up between the two
goes on doing so each minute.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.monitoring import promtool

ALERTS = Path(__file__).parents[2] / "deploy/prometheus/alerts.yaml"
_TARGET = {"job": "legation", "instance": "legation-0"}
_BEFORE = 30
_AFTER = 60
"""Readings, one a minute."""
_COUNTERS = ("_total", "_bucket", "_count", "_sum")

Series = Mapping[str, float]
"""A series, as PromQL writes it -> its value."""


def rules() -> Mapping[str, Mapping[str, Any]]:
    """Return the alerts by name."""
    return {each["alert"]: each for group in yaml.safe_load(ALERTS.read_text())["groups"] for each in group["rules"]}


def series(page: str, *, instance: str = "legation-0") -> Series:
    """Return the series of a page."""
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = {**sample.labels, **_TARGET, "instance": instance}
            shown = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
            found[f"{sample.name}{{{shown}}}"] = sample.value
    return found


def fires(folder: Path, alert: str, labels: Mapping[str, str], summary: str, *, before: Series, after: Series) -> None:
    """Check that an alert is silent on the first figures, fires once on the second ones, and says that.

    Args:
        folder: An empty folder.
        alert: Its name.
        labels: Those that it has beside its severity.
        summary: What it says.
        before: Figures while all is well.
        after: Figures while it is not; none where nobody is there to tell any.
    """
    rule = rules()[alert]
    told = {
        "exp_labels": {**labels, **rule["labels"]},
        "exp_annotations": {"summary": summary, "description": rule["annotations"]["description"]},
    }
    end = _BEFORE + int(str(rule.get("for", "0m")).removesuffix("m")) + 8
    test = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": _values(name, before.get(name), after.get(name))}
                    for name in {**before, **after}
                ],
                "alert_rule_test": [
                    {"alertname": alert, "eval_time": f"{_BEFORE - 1}m", "exp_alerts": []},
                    {"alertname": alert, "eval_time": f"{end}m", "exp_alerts": [told]},
                ],
            }
        ],
    }
    file = folder / f"{alert}.yaml"
    file.write_text(yaml.safe_dump(test, sort_keys=False))
    done = subprocess.run(
        [promtool.found(), "test", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _values(name: str, before: float | None, after: float | None) -> str:
    grows = 0.0
    if name.partition("{")[0].endswith(_COUNTERS) and after is not None:
        # What went wrong goes on going wrong.
        grows = after - (before or 0.0)
    first = f"_x{_BEFORE}" if before is None else f"{before:g}+0x{_BEFORE - 1}"
    return f"{first} " + (f"_x{_AFTER}" if after is None else f"{after:g}+{grows:g}x{_AFTER - 1}")
