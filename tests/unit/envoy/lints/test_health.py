from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from legation.envoy.lints.health import LINTS
from tests.unit.envoy.lints.telling import cluster, told

CHECK = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
HTTP = "health_checks[0].http_health_check"


def checked(**checker: Any) -> dict[str, Any]:
    return cluster(health_checks=[{**CHECK, **checker}])


@pytest.mark.parametrize(
    ("start", "end", "fine"),
    [(200, 201, True), (100, 600, True), (200, 200, False), (300, 200, False), (99, 200, False), (200, 601, False)],
)
@pytest.mark.parametrize("field", ["expected_statuses", "retriable_statuses"])
def test_statuses(field: str, start: int, end: int, *, fine: bool) -> None:
    found = told(checked(http_health_check={"path": "/", field: [{"start": start, "end": end}]}))

    assert found == ([] if fine else [f"error bad-status-range {HTTP}.{field}[0]"])


@pytest.mark.parametrize(("text", "fine"), [("0aF1", True), ("abc", False), ("zz", False)])
def test_payloads(text: str, *, fine: bool) -> None:
    found = told(checked(tcp_health_check={"send": {"text": "00"}, "receive": [{"text": text}]}))

    assert found == ([] if fine else ["error bad-hex health_checks[0].tcp_health_check.receive[0].text"])


@pytest.mark.parametrize(
    ("method", "fine"), [("", False), ("GET", False), ("DELETE", False), ("POST", True), ("OPTIONS", True)]
)
def test_a_body_goes_with_methods_that_have_one(method: str, *, fine: bool) -> None:
    named = {"method": method} if method else {}
    found = told(checked(http_health_check={"path": "/", "send": {"text": "00"}, **named}))

    assert found == ([] if fine else [f"error unfit-for-type {HTTP}.send"])


@pytest.mark.parametrize(
    ("detection", "fine"),
    [
        ({}, True),
        ({"base_ejection_time": "400s"}, True),
        ({"base_ejection_time": "10s", "max_ejection_time": "10s"}, True),
        ({"base_ejection_time": "40s", "max_ejection_time": "10s"}, False),
        ({"max_ejection_time": "29s"}, False),
        ({"max_ejection_time": "30s"}, True),
    ],
)
def test_outliers(detection: dict[str, Any], *, fine: bool) -> None:
    found = told(cluster(outlier_detection=detection))

    assert found == ([] if fine else ["error wrong-order outlier_detection.max_ejection_time"])


def test_several_health_checks_have_names_which_older_protos_do_not_know() -> None:
    one = {**CHECK, "tcp_health_check": {}}

    assert told(cluster(health_checks=[one])) == []
    assert told(cluster(health_checks=[one, one])) == ["warning missing-field health_checks"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], []),
        (["a", "a"], ["duplicate-health-check 1"]),
        (["", "a", ""], ["missing-field 0", "missing-field 2"]),
    ],
)
def test_each_of_them_has_a_name_of_its_own(names: list[str], expected: list[str]) -> None:
    """In the protos of today's Envoy."""
    newer = SimpleNamespace(fields_by_name={"name"})
    checks = [SimpleNamespace(name=name, DESCRIPTOR=newer) for name in names]
    found = LINTS["envoy.config.cluster.v3.Cluster"](SimpleNamespace(health_checks=checks))

    assert [f"{each.code} {each.path[1]}" for each in found] == expected
