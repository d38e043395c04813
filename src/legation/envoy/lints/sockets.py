"""Transport sockets: one for those who connect, another for those who are connected to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.envoy.types import TLS
from legation.envoy.understanding import type_of

_DOWNSTREAM = f"{TLS}.DownstreamTlsContext"


def _chain(chain: Any) -> Iterator[Finding]:
    if type_of(chain.transport_socket.typed_config) == f"{TLS}.UpstreamTlsContext":
        yield _wrong_side(("transport_socket",), "UpstreamTlsContext", "a listener", "DownstreamTlsContext")


def _cluster(cluster: Any) -> Iterator[Finding]:
    if type_of(cluster.transport_socket.typed_config) == _DOWNSTREAM:
        yield _wrong_side(("transport_socket",), "DownstreamTlsContext", "a cluster", "UpstreamTlsContext")
    for index, each in enumerate(cluster.transport_socket_matches):
        if type_of(each.transport_socket.typed_config) == _DOWNSTREAM:
            path = ("transport_socket_matches", index, "transport_socket")
            yield _wrong_side(path, "DownstreamTlsContext", "a cluster", "UpstreamTlsContext")


def _wrong_side(path: tuple[str | int, ...], found: str, of: str, meant: str) -> Finding:
    return refused(
        "wrong-side", (*path, "typed_config"), f"{found} is for the other side: {of} has another", f"write {meant}"
    )


LINTS: Lints = {
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.config.listener.v3.FilterChain": _chain,
}
