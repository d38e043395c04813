"""Filters that limit: how often a bucket may be filled, descriptors that stand twice, statuses that are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, refused
from legation.model.objects import FieldPath

_TOO_OFTEN = range(1_000_000, 50_000_000)
"""Nanoseconds. Below a millisecond Envoy sees no interval, and accepts it."""
_STATUSES = range(100, 601)


def _limit(limit: Any) -> Iterator[Finding]:
    yield from _bucket(limit, ())
    seen: dict[tuple[tuple[str, str], ...], int] = {}
    for index, descriptor in enumerate(limit.descriptors):
        path = ("descriptors", index)
        yield from _bucket(descriptor, path)
        first = seen.setdefault(tuple((each.key, each.value) for each in descriptor.entries), index)
        if first != index:
            words = f"{at('descriptors', first)} has the same entries"
            yield refused("duplicate-descriptor", (*path, "entries"), words, "take one of them out")


def _network_limit(limit: Any) -> Iterator[Finding]:
    yield from _bucket(limit, ())


def _bucket(owner: Any, path: FieldPath) -> Iterator[Finding]:
    # Its absence, and an interval of nothing, break rules of the protos.
    bucket = owner.token_bucket
    # A bucket that holds nothing is never filled.
    if bucket.max_tokens and not bucket.fill_interval.seconds and bucket.fill_interval.nanos in _TOO_OFTEN:
        yield refused(
            "bad-value",
            (*path, "token_bucket", "fill_interval"),
            "Envoy fills a bucket every 50 ms at most",
            "write 0.05s or more, and more tokens_per_fill",
        )


def _admission(control: Any) -> Iterator[Finding]:
    for index, status in enumerate(control.success_criteria.http_criteria.http_success_status):
        if status.start > status.end or status.start not in _STATUSES or status.end not in _STATUSES:
            yield refused(
                "bad-status-range",
                ("success_criteria", "http_criteria", "http_success_status", index),
                "the range goes from start to before end, both between 100 and 600",
                "write them in that order, such as {start: 200, end: 300}",
            )


_HTTP, _NETWORK = "envoy.extensions.filters.http", "envoy.extensions.filters.network"

LINTS: Lints = {
    f"{_HTTP}.admission_control.v3.AdmissionControl": _admission,
    f"{_HTTP}.local_ratelimit.v3.LocalRateLimit": _limit,
    f"{_NETWORK}.local_ratelimit.v3.LocalRateLimit": _network_limit,
}
