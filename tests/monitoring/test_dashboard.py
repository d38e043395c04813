"""The dashboard asks for figures that there are, in words that Prometheus understands; the page names all of them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from legation.ops.metrics import Metrics
from tests.monitoring import promtool
from tests.monitoring.alerting import rules
from tests.unit.ops.records import KEPT, STATISTICS, THROUGH, TOLD, UNKNOWN_FIELD

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "deploy/grafana/legation.json"
PAGE = ROOT / "docs/monitoring.md"
_OURS = re.compile(r"\blegation_\w+")


def told() -> set[str]:
    """Return the names that /metrics has, as they are asked for."""
    metrics = Metrics(
        statistics=lambda: STATISTICS,
        problems=lambda: [UNKNOWN_FIELD],
        transport=lambda: THROUGH,
        status=lambda: TOLD,
        store=lambda: KEPT,
    )
    page = metrics.render(accept="text/plain")[0].decode()
    return {found[0] for line in page.splitlines() if (found := _OURS.match(line))}


def asked() -> list[str]:
    """Return every question of the dashboard."""
    panels: list[dict[str, Any]] = json.loads(BOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def test_it_asks_for_what_there_is() -> None:
    names = {name for question in asked() for name in _OURS.findall(question)}
    assert names - told() == set()
    assert len(names) > 15


def test_prometheus_understands_its_questions(tmp_path: Path) -> None:
    file = tmp_path / "questions.yaml"
    recorded = [
        {
            "record": f"question:{number}",
            "expr": each.replace("$__rate_interval", "5m").replace("$job", ".+"),
        }
        for number, each in enumerate(asked())
    ]
    file.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": recorded}]}))
    command = [str(promtool.found()), "check", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_has_every_figure_and_every_alert() -> None:
    page = PAGE.read_text()
    figures = {re.sub(r"_(bucket|count|sum)$", "", name) for name in told() if not name.endswith("_created")}
    rows = set(re.findall(r"`(\w+)`", page))
    assert figures - rows == set()
    assert set(rules()) - rows == set()
