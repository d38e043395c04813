"""HTTP/3 and QUIC: a listener has both, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.envoy.types import HTTP_MANAGER, TLS
from legation.envoy.understanding import type_of, understood
from legation.model.objects import FieldPath

_TLS = f"{TLS}.DownstreamTlsContext"
_QUIC = "envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport"
_HTTP3 = 3
"""Of `HttpConnectionManager.CodecType`."""
_SAYS_HTTP3 = b"\x08\x03"
"""How the bytes of a manager with that codec begin: it is its first field. Not to read all of each manager again."""
_CODEC = "codec_type"


def _listener(listener: Any) -> Iterator[Finding]:
    if listener.udp_listener_config.HasField("quic_options"):
        yield from _quic(listener)
        return
    for path, config in _managers(listener):
        if config.value.startswith(_SAYS_HTTP3) and config.type_url.endswith(HTTP_MANAGER):
            yield refused(
                "udp-or-tcp",
                (*path, _CODEC),
                "HTTP/3 goes over QUIC, and the listener has none",
                "take another codec_type, or make it a listener of UDP with udp_listener_config: {quic_options: {}}",
            )


def _quic(listener: Any) -> Iterator[Finding]:
    if not listener.filter_chains and not listener.HasField("default_filter_chain"):
        yield refused("missing-field", (), "the listener of QUIC has no filter chains", "add filter_chains")
    for path, chain in _chains(listener):
        if not chain.HasField("transport_socket"):
            yield refused(
                "missing-field",
                path,
                "a filter chain of QUIC has a transport socket",
                f"add transport_socket with {_QUIC}",
            )
        elif type_of(chain.transport_socket.typed_config) == _TLS:
            yield refused(
                "wrong-side",
                (*path, "transport_socket", "typed_config"),
                "this is TLS over TCP, and the listener is one of QUIC",
                f"put it into downstream_tls_context of {_QUIC}",
            )
    for path, config in _managers(listener):
        if _codec(config) not in {None, _HTTP3}:
            yield refused(
                "udp-or-tcp", (*path, _CODEC), "over QUIC goes HTTP/3 and nothing else", "write codec_type: HTTP3"
            )


def _codec(config: Any) -> int | None:
    try:
        manager: Any = understood(config)
    except DecodeError:
        return None
    return None if manager is None else int(getattr(manager, _CODEC))


def _managers(listener: Any) -> Iterator[tuple[FieldPath, Any]]:
    for path, chain in _chains(listener):
        for index, each in enumerate(chain.filters):
            if type_of(each.typed_config) == HTTP_MANAGER:
                yield (*path, "filters", index, "typed_config"), each.typed_config


def _chains(listener: Any) -> Iterator[tuple[FieldPath, Any]]:
    for index, chain in enumerate(listener.filter_chains):
        yield ("filter_chains", index), chain
    if listener.HasField("default_filter_chain"):
        yield ("default_filter_chain",), listener.default_filter_chain


LINTS: Lints = {"envoy.config.listener.v3.Listener": _listener}
