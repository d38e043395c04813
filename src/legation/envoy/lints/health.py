"""How a cluster finds out which of its endpoints are well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.durations import nanoseconds
from legation.envoy.lints.tell import at, doubtful, refused

_LONGEST = 300
"""Seconds for which Envoy ejects at most, where nothing is said."""
_FIRST = 30
"""Seconds for which it ejects first."""
_STATUSES = (100, 600)
_BODILESS = frozenset({0, 1, 2, 5, 8})
"""Of `envoy.config.core.v3.RequestMethod`: not said, GET, HEAD, DELETE, TRACE."""
_HEX = frozenset("0123456789abcdefABCDEF")


def _cluster(cluster: Any) -> Iterator[Finding]:
    if len(cluster.health_checks) < 2:
        return
    if "name" not in cluster.health_checks[0].DESCRIPTOR.fields_by_name:
        # Protos that are older than the Envoy that wants it.
        yield doubtful(
            "missing-field",
            ("health_checks",),
            "of several health checks Envoy 1.40 wants each to have a name, which cannot be written here",
            "leave one of them",
        )
        return
    seen: dict[str, int] = {}
    for index, check in enumerate(cluster.health_checks):
        first = seen.setdefault(check.name, index)
        if not check.name:
            yield refused(
                "missing-field",
                ("health_checks", index),
                "of several health checks each has a name",
                "add a name",
            )
        elif first != index:
            yield refused(
                "duplicate-health-check",
                ("health_checks", index, "name"),
                f"{at('health_checks', first)} has the same name",
                "give each a name of its own",
            )


def _http(check: Any) -> Iterator[Finding]:
    for field in ("expected_statuses", "retriable_statuses"):
        for index, each in enumerate(getattr(check, field)):
            lowest, highest = _STATUSES
            if not lowest <= each.start < each.end <= highest:
                yield refused(
                    "bad-status-range",
                    (field, index),
                    f"statuses begin at start ({lowest} or more) and go on to below end ({highest} at most)",
                    "for 200 alone write {start: 200, end: 201}",
                )


def _sent(check: Any) -> Iterator[Finding]:
    """Tell of a body that goes with a method which has none; GET is what is meant without a word."""
    if check.HasField("send") and check.method in _BODILESS:
        yield refused(
            "unfit-for-type",
            ("send",),
            "requests of this method have no body",
            "write method: POST (or PUT, PATCH, OPTIONS), or take send out",
        )


def _http_check(check: Any) -> Iterator[Finding]:
    yield from _http(check)
    yield from _sent(check)


def _payload(payload: Any) -> Iterator[Finding]:
    if payload.text and (len(payload.text) % 2 or set(payload.text) - _HEX):
        yield refused(
            "bad-hex", ("text",), "Envoy reads this as bytes in hexadecimal form", "write two digits for each byte"
        )


def _outliers(detection: Any) -> Iterator[Finding]:
    if not detection.HasField("max_ejection_time"):
        return
    first = detection.base_ejection_time if detection.HasField("base_ejection_time") else None
    longest = nanoseconds(detection.max_ejection_time)
    if longest < (_FIRST * 1_000_000_000 if first is None else nanoseconds(first)):
        yield refused(
            "wrong-order",
            ("max_ejection_time",),
            f"the longest ejection is shorter than the first one, base_ejection_time ({_FIRST}s where nothing is said)",
            "make it at least as long",
        )


LINTS: Lints = {
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.config.cluster.v3.OutlierDetection": _outliers,
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": _http_check,
    "envoy.config.core.v3.HealthCheck.Payload": _payload,
}
