"""Headers that are added, changed and removed: some belong to Envoy alone, and their values are formats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lint, Lints
from legation.envoy.lints.formats import faults
from legation.envoy.lints.tell import refused
from legation.envoy.types import HTTP_MANAGERS

_OLD_COMMANDS = frozenset({"PER_REQUEST_STATE"})
"""Commands that Envoy reads as others, and in headers alone."""


def _lint(fields: tuple[str, ...]) -> Lint:
    """Return the lint of a message that has these fields."""

    def changes(message: Any) -> Iterator[Finding]:
        for field in fields:
            for index, each in enumerate(getattr(message, field)):
                if isinstance(each, str):
                    yield from _removed(each, (field, index))
                else:
                    yield from _added(each, (field, index))

    return changes


def _mutation(mutation: Any) -> Iterator[Finding]:
    if mutation.WhichOneof("action") == "append":
        yield from _added(mutation.append, ("append",))


def _added(option: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if _is_fixed(option.header.key):
        yield _fixed((*path, "header", "key"))
    else:
        yield from faults(option.header.value, (*path, "header", "value"), more=_OLD_COMMANDS)
    if option.HasField("append") and option.append_action:
        yield refused(
            "either-or", (*path, "append"), "append_action says what to do, and append says it, too", "take append out"
        )


def _removed(key: str, path: tuple[str | int, ...]) -> Iterator[Finding]:
    if _is_fixed(key):
        yield _fixed(path)


def _is_fixed(key: str) -> bool:
    return key.startswith(":") or key.lower() == "host"


def _fixed(path: tuple[str | int, ...]) -> Finding:
    return refused(
        "fixed-header",
        path,
        'Envoy lets nobody add, change or remove "host" and headers that begin with a colon',
        "use host_rewrite_literal, prefix_rewrite and their like of the route",
    )


_OF_ROUTES = (
    "request_headers_to_add",
    "response_headers_to_add",
    "request_headers_to_remove",
    "response_headers_to_remove",
)
_HTTP, _NETWORK = "envoy.extensions.filters.http.", "envoy.extensions.filters.network."

LINTS: Lints = {
    "envoy.config.common.mutation_rules.v3.HeaderMutation": _mutation,
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": _lint(("request_headers_to_add", "request_headers_to_remove")),
    "envoy.config.route.v3.Route": _lint(_OF_ROUTES),
    "envoy.config.route.v3.RouteConfiguration": _lint(_OF_ROUTES),
    "envoy.config.route.v3.VirtualHost": _lint(_OF_ROUTES),
    "envoy.config.route.v3.WeightedCluster.ClusterWeight": _lint(_OF_ROUTES),
    f"{_HTTP}local_ratelimit.v3.LocalRateLimit": _lint(("response_headers_to_add",)),
    f"{HTTP_MANAGERS}.ResponseMapper": _lint(("headers_to_add",)),
    f"{_NETWORK}tcp_proxy.v3.TcpProxy.TunnelingConfig": _lint(("headers_to_add",)),
}
