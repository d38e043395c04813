from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import told
from tests.unit.envoy.lints.test_access import HTTP, config


def bucket(interval: str = "1s") -> dict[str, Any]:
    return {"max_tokens": 1, "fill_interval": interval}


def descriptor(*entries: tuple[str, str], interval: str = "1s") -> dict[str, Any]:
    return {"entries": [{"key": key, "value": value} for key, value in entries], "token_bucket": bucket(interval)}


@pytest.mark.parametrize("interval", ["0.05s", "1s", "3600s"])
@pytest.mark.parametrize("where", [HTTP, "envoy.extensions.filters.network"])
def test_slow_buckets(where: str, interval: str) -> None:
    limit = config(f"{where}.local_ratelimit.v3.LocalRateLimit", stat_prefix="x", token_bucket=bucket(interval))

    assert told(limit) == []


@pytest.mark.parametrize("where", [HTTP, "envoy.extensions.filters.network"])
def test_a_bucket_that_is_filled_too_often(where: str) -> None:
    limit = config(f"{where}.local_ratelimit.v3.LocalRateLimit", stat_prefix="x", token_bucket=bucket("0.049s"))

    assert told(limit) == ["error bad-value typed_config.token_bucket.fill_interval"]


@pytest.mark.parametrize("full", [{"fill_interval": "0.0009s", "max_tokens": 1}, {"fill_interval": "0.01s"}])
def test_buckets_that_envoy_does_not_fill(full: dict[str, Any]) -> None:
    assert told(config(f"{HTTP}.local_ratelimit.v3.LocalRateLimit", stat_prefix="x", token_bucket=full)) == []


def test_descriptors() -> None:
    def asked(*descriptors: dict[str, Any]) -> list[str]:
        name = f"{HTTP}.local_ratelimit.v3.LocalRateLimit"
        return told(config(name, stat_prefix="x", token_bucket=bucket(), descriptors=list(descriptors)))

    one, two = ("a", "x"), ("b", "y")
    assert asked(descriptor(one, two), descriptor(two, one), descriptor(one)) == []
    assert asked(descriptor(one), descriptor(two), descriptor(one)) == [
        "error duplicate-descriptor typed_config.descriptors[2].entries"
    ]
    assert asked(descriptor(one), descriptor(two, interval="0.01s")) == [
        "error bad-value typed_config.descriptors[1].token_bucket.fill_interval"
    ]


@pytest.mark.parametrize(
    ("start", "end", "fine"),
    [(100, 600, True), (100, 100, True), (99, 200, False), (100, 601, False), (300, 200, False)],
)
def test_statuses(start: int, end: int, *, fine: bool) -> None:
    criteria = {"http_criteria": {"http_success_status": [{"start": start, "end": end}]}}
    place = "typed_config.success_criteria.http_criteria.http_success_status[0]"

    found = told(config(f"{HTTP}.admission_control.v3.AdmissionControl", success_criteria=criteria))

    assert found == ([] if fine else [f"error bad-status-range {place}"])
