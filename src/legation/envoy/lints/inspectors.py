"""Listener filters that find out by what a filter chain is chosen: without them no connection gets such a chain.

Envoy accepts that without a word. Of a listener filter that is not listed here nobody knows what it finds out, so
nothing is said of a listener that has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful
from legation.envoy.understanding import type_of

_INSPECTOR = "envoy.extensions.filters.listener."
_TLS = frozenset({f"{_INSPECTOR}tls_inspector.v3.TlsInspector"})
_PROTOCOLS = _TLS | {f"{_INSPECTOR}http_inspector.v3.HttpInspector"}
_LEAVING = _PROTOCOLS | {f"{_INSPECTOR}local_ratelimit.v3.LocalRateLimit"}
"""Listener filters that leave it at where the client is connected to."""
_KNOWN = _PROTOCOLS | {
    f"{_INSPECTOR}original_dst.v3.OriginalDst",
    f"{_INSPECTOR}original_src.v3.OriginalSrc",
    f"{_INSPECTOR}proxy_protocol.v3.ProxyProtocol",
    f"{_INSPECTOR}local_ratelimit.v3.LocalRateLimit",
}
"""Listener filters of which it is known what they find out."""


def _found_out(listener: Any) -> Iterator[Finding]:
    """Tell what a chain is chosen by and no listener filter finds out: such a chain is never taken."""
    filters = {type_of(each.typed_config) for each in listener.listener_filters}
    if not filters <= _KNOWN or listener.HasField("udp_listener_config") or listener.HasField("filter_chain_matcher"):
        return
    for index, chain in enumerate(listener.filter_chains):
        match = chain.filter_chain_match
        by = [
            *(["server_names"] if match.server_names and not filters & _TLS else []),
            *(["transport_protocol"] if match.transport_protocol == "tls" and not filters & _TLS else []),
            *(["application_protocols"] if match.application_protocols and not filters & _PROTOCOLS else []),
        ]
        for field in by:
            yield doubtful(
                "no-inspector",
                ("filter_chains", index, "filter_chain_match", field),
                "no connection gets this filter chain: no listener filter finds out what it is chosen by",
                "add the listener filter envoy.filters.listener.tls_inspector with the typed_config "
                "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector to listener_filters",
            )


def _elsewhere(listener: Any) -> Iterator[Finding]:
    """Tell which chains are for a port that nothing arrives at: the listener has another one."""
    filters = {type_of(each.typed_config) for each in listener.listener_filters}
    ports = {each.socket_address.port_value for each in _addresses(listener)}
    if (
        0 in ports  # it is not known which one, or there is none
        or not filters <= _LEAVING
        or listener.use_original_dst.value
        or listener.transparent.value
        or listener.HasField("filter_chain_matcher")
    ):
        return
    for index, chain in enumerate(listener.filter_chains):
        port = chain.filter_chain_match.destination_port
        if port.value and port.value not in ports:
            yield doubtful(
                "no-inspector",
                ("filter_chains", index, "filter_chain_match", "destination_port"),
                "no connection gets this filter chain: the listener is bound to another port, "
                "and no listener filter finds out where else a client wanted to",
                "correct the port, or add the listener filter envoy.filters.listener.original_dst with the "
                "typed_config envoy.extensions.filters.listener.original_dst.v3.OriginalDst to listener_filters",
            )


def _addresses(listener: Any) -> Iterator[Any]:
    yield listener.address
    yield from (each.address for each in listener.additional_addresses)


def _listener(listener: Any) -> Iterator[Finding]:
    yield from _found_out(listener)
    yield from _elsewhere(listener)


LINTS: Lints = {"envoy.config.listener.v3.Listener": _listener}
