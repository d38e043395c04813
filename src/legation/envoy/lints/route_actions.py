"""What a route does with a request: where two fields say one thing, or one says what another makes impossible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.durations import nanoseconds
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.lints.upgrades import repeated

_REWRITES = ("prefix_rewrite", "regex_rewrite", "path_rewrite_policy", "path_rewrite")

_RETRY_ON = frozenset(
    {
        "5xx",
        "cancelled",
        "connect-failure",
        "deadline-exceeded",
        "envoy-ratelimited",
        "gateway-error",
        "http3-post-connect-failure",
        "internal",
        "refused-stream",
        "reset",
        "reset-before-request",
        "resource-exhausted",
        "retriable-4xx",
        "retriable-headers",
        "retriable-status-codes",
        "unavailable",
    }
)
_NEEDED = {"retriable_status_codes": "retriable-status-codes", "retriable_headers": "retriable-headers"}


def _action(action: Any) -> Iterator[Finding]:
    set_fields = {field.name for field, _ in action.ListFields()}
    rewrites = [field for field in _REWRITES if field in set_fields]
    if len(rewrites) > 1:
        yield refused(
            "either-or",
            (rewrites[1],),
            f"the path is rewritten twice, by {rewrites[0]} and by {rewrites[1]}",
            "take one of them out",
        )
    for index, mirror in enumerate(action.request_mirror_policies):
        if bool(mirror.cluster) == bool(mirror.cluster_header):
            yield refused(
                "either-or",
                ("request_mirror_policies", index),
                "a mirror has either a cluster or a cluster_header",
                "add a cluster" if not mirror.cluster else "take one of them out",
            )
    yield from _upgrades(action)


def _upgrades(action: Any) -> Iterator[Finding]:
    yield from repeated(action.upgrade_configs)
    for index, upgrade in enumerate(action.upgrade_configs):
        if upgrade.HasField("connect_config") and upgrade.upgrade_type.lower() not in {"connect", "connect-udp"}:
            yield refused(
                "unfit-for-type",
                ("upgrade_configs", index, "connect_config"),
                "only the upgrade CONNECT has a connect_config",
                "take it out, or write upgrade_type: CONNECT",
            )


def _retries(policy: Any) -> Iterator[Finding]:
    back_off = policy.retry_back_off
    longest = back_off.max_interval
    if back_off.HasField("max_interval") and nanoseconds(longest) < nanoseconds(back_off.base_interval):
        yield refused(
            "wrong-order",
            ("retry_back_off", "max_interval"),
            "the longest pause is shorter than the first one, base_interval",
            "make it at least as long",
        )
    tokens = [token.strip() for token in policy.retry_on.split(",") if token.strip()]
    if any(token not in _RETRY_ON for token in tokens):
        yield doubtful(
            "unknown-retry-condition",
            ("retry_on",),
            "Envoy ignores a condition here that it does not know",
            f"the conditions are {', '.join(sorted(_RETRY_ON))}",
        )
    for field, token in _NEEDED.items():
        if tokens and getattr(policy, field) and token not in tokens:
            yield doubtful(
                "unused-field",
                (field,),
                f"this says what to retry on, and retry_on lacks {token}, so it is not looked at",
                f"add {token} to retry_on",
            )


def _virtual_cluster(cluster: Any) -> Iterator[Finding]:
    if not cluster.headers:
        yield refused(
            "missing-field",
            (),
            "a virtual cluster says by headers which requests are counted",
            'add headers, such as [{name: ":path", string_match: {prefix: /}}]',
        )


LINTS: Lints = {
    "envoy.config.route.v3.RouteAction": _action,
    "envoy.config.route.v3.RetryPolicy": _retries,
    "envoy.config.route.v3.VirtualCluster": _virtual_cluster,
}
