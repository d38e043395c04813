"""Which protocol a cluster speaks, and what has to fit that: TLS, health checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.message import DecodeError

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.understanding import type_of, understood

_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_OLD_KEY = "envoy.upstreams.http.http_protocol_options"
_FIELD = "typed_extension_protocol_options"
_SOCKETS = "envoy.extensions.transport_sockets."
_PLAIN = frozenset({"", f"{_SOCKETS}raw_buffer.v3.RawBuffer"})
_QUIC = f"{_SOCKETS}quic.v3.QuicUpstreamTransport"
_QUIC_NAME = "envoy.transport_sockets.quic"


def _cluster(cluster: Any) -> Iterator[Finding]:
    yield from _keys(cluster)
    options = _options(cluster)
    if options is not None:
        yield from _sockets(cluster, options)
    elif (
        cluster.HasField("http_protocol_options")
        and cluster.HasField("http2_protocol_options")
        and not cluster.protocol_selection
        and not cluster.typed_extension_protocol_options
    ):
        yield refused(
            "either-or",
            ("http2_protocol_options",),
            "the cluster speaks HTTP/1.1 or HTTP/2, and both have options here",
            f"leave one; or use {_FIELD} with use_downstream_protocol_config",
        )
    if _speaks_http2(cluster, options) is False:
        for index, check in enumerate(cluster.health_checks):
            if check.WhichOneof("health_checker") == "grpc_health_check":
                yield refused(
                    "no-http2",
                    ("health_checks", index, "grpc_health_check"),
                    "a health check by gRPC needs HTTP/2, which the cluster does not speak",
                    f"add {_FIELD}: {{{_OPTIONS}: {{explicit_http_config: {{http2_protocol_options: {{}}}}}}}}",
                )


def _options(cluster: Any) -> Any:
    """Return the options of HTTP, or None where there are none that can be read."""
    if _OPTIONS not in cluster.typed_extension_protocol_options:
        return None
    found = cluster.typed_extension_protocol_options[_OPTIONS]
    try:
        return _read(found.type_url, found.value) if type_of(found) == _OPTIONS else None
    except DecodeError:
        return None


@lru_cache(maxsize=64)
def _read(url: str, body: bytes) -> Any:
    """Return the options in an `Any`: most clusters have the same ones."""
    return understood(any_pb2.Any(type_url=url, value=body))


def _keys(cluster: Any) -> Iterator[Finding]:
    options = cluster.typed_extension_protocol_options
    for key in options:
        if key == _OPTIONS or type_of(options[key]) != _OPTIONS:
            continue
        path, mend = (_FIELD, str(key)), f"write {_OPTIONS} as the key"
        if key == _OLD_KEY:
            yield doubtful("wrong-key", path, "Envoy looks for these options under another name, and finds none", mend)
        else:
            yield refused("wrong-key", path, "Envoy looks for these options under another name", mend)


def _sockets(cluster: Any, options: Any) -> Iterator[Finding]:
    kind = options.WhichOneof("upstream_protocol_options")
    if kind == "auto_config":
        if type_of(cluster.transport_socket.typed_config) in _PLAIN:
            yield refused(
                "no-tls",
                (_FIELD, _OPTIONS),
                "with auto_config TLS finds out the protocol (ALPN), and the cluster has no TLS",
                "add transport_socket with an UpstreamTlsContext, or take explicit_http_config",
            )
        auto = options.auto_config
        if auto.HasField("http3_protocol_options") and not auto.HasField("alternate_protocols_cache_options"):
            yield refused(
                "missing-field",
                (_FIELD, _OPTIONS, "auto_config"),
                "with HTTP/3 auto_config keeps in mind who speaks it",
                "add alternate_protocols_cache_options: {name: <a name>}",
            )
    elif (
        kind == "explicit_http_config"
        and options.explicit_http_config.WhichOneof("protocol_config") == "http3_protocol_options"
    ):
        socket = type_of(cluster.transport_socket.typed_config)
        if socket in _PLAIN:
            yield refused(
                "no-tls",
                (_FIELD, _OPTIONS),
                "http3_protocol_options go over QUIC, and the cluster has no such transport socket",
                f"add transport_socket with {_QUIC}",
            )
        elif socket == _QUIC and cluster.transport_socket.name != _QUIC_NAME:
            yield refused(
                "bad-value",
                ("transport_socket", "name"),
                "where a cluster speaks HTTP/3 Envoy finds this socket by its name alone",
                f"write {_QUIC_NAME}",
            )


def _speaks_http2(cluster: Any, options: Any) -> bool | None:
    """Say whether the cluster speaks HTTP/2; None: it cannot be told."""
    if options is None:
        if cluster.typed_extension_protocol_options:
            return None
        return bool(cluster.HasField("http2_protocol_options"))
    match options.WhichOneof("upstream_protocol_options"):
        case "explicit_http_config":
            return bool(options.explicit_http_config.WhichOneof("protocol_config") == "http2_protocol_options")
        case "use_downstream_protocol_config":
            return bool(options.use_downstream_protocol_config.HasField("http2_protocol_options"))
    return None


LINTS: Lints = {"envoy.config.cluster.v3.Cluster": _cluster}
