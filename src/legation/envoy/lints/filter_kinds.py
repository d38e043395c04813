"""Filters among those of another kind: of HTTP among those of connections, and so on. The package of a type tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lint, Lints
from legation.envoy.lints.tell import refused
from legation.envoy.types import HTTP_MANAGERS
from legation.envoy.understanding import type_of

_FILTERS = "envoy.extensions.filters."
_KINDS = {
    "http": "requests, for http_filters of an HTTP connection manager",
    "listener": "listeners, for listener_filters",
    "network": "connections, for filters of a filter chain",
    "udp": "UDP, for listener_filters of a listener with protocol UDP",
}
_CODEC = f"{_FILTERS}http.upstream_codec.v3.UpstreamCodec"


def _only(*fitting: str) -> Lint:
    """Return the lint of a filter that is of one of these kinds."""

    def look(filter_: Any) -> Iterator[Finding]:
        kind = _kind(filter_)
        if kind and kind not in fitting:
            words = f"this is a filter of {_KINDS[kind]}: Envoy does not find it here"
            yield refused("wrong-filter", ("typed_config",), words, "move it there, or take the one that was meant")

    return look


def _kind(filter_: Any) -> str:
    kind = type_of(filter_.typed_config).removeprefix(_FILTERS).partition(".")[0]
    return kind if kind in _KINDS and _FILTERS in type_of(filter_.typed_config) else ""


def _upstream(options: Any) -> Iterator[Finding]:
    """Look at the filters of a cluster, of which the codec is the one that ends them."""
    if not options.http_filters:
        return
    last = options.http_filters[-1]
    if _kind(last) == "http" and type_of(last.typed_config) != _CODEC:
        yield refused(
            "no-last-filter",
            ("http_filters", len(options.http_filters) - 1),
            "the last filter of a cluster is always the one that speaks to the endpoints",
            f"add {_CODEC} behind it",
        )


LINTS: Lints = {
    "envoy.config.listener.v3.Filter": _only("network"),
    "envoy.config.listener.v3.ListenerFilter": _only("listener", "udp"),
    f"{HTTP_MANAGERS}.HttpFilter": _only("http"),
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _upstream,
}
