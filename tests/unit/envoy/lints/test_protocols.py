from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, cluster, extension, told

KEY = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
FIELD = "typed_extension_protocol_options"
PLACE = f'{FIELD}["{KEY}"]'
TLS = {"transport_socket": extension("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext")}
RAW = {"transport_socket": extension("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer")}
CHECK = {
    "health_checks": [
        {
            "timeout": "1s",
            "interval": "1s",
            "unhealthy_threshold": 1,
            "healthy_threshold": 1,
            "grpc_health_check": {},
        }
    ]
}


def options(key: str = KEY, **fields: Any) -> dict[str, Any]:
    return {FIELD: {key: {"@type": TYPE + KEY, **fields}}}


AUTO = options(auto_config={})
HTTP1 = options(explicit_http_config={"http_protocol_options": {}})
HTTP2 = options(explicit_http_config={"http2_protocol_options": {}})
HTTP3 = options(explicit_http_config={"http3_protocol_options": {}})
NO_HTTP2 = ["error no-http2 health_checks[0].grpc_health_check"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (HTTP2, []),
        (options("http", explicit_http_config={}), [f"error wrong-key {FIELD}.http"]),
        (
            options("envoy.upstreams.http.http_protocol_options", auto_config={}),
            [f'warning wrong-key {FIELD}["envoy.upstreams.http.http_protocol_options"]'],
        ),
        ({**AUTO, **TLS}, []),
        (AUTO, [f"error no-tls {PLACE}"]),
        ({**AUTO, **RAW}, [f"error no-tls {PLACE}"]),
        ({**options(auto_config={"http3_protocol_options": {}}), **TLS}, [f"error missing-field {PLACE}.auto_config"]),
        (HTTP3, [f"error no-tls {PLACE}"]),
        ({"http_protocol_options": {}}, []),
        ({"http_protocol_options": {}, "http2_protocol_options": {}}, ["error either-or http2_protocol_options"]),
        (
            {
                "http_protocol_options": {},
                "http2_protocol_options": {},
                "protocol_selection": "USE_DOWNSTREAM_PROTOCOL",
            },
            [],
        ),
        ({**CHECK, **HTTP2}, []),
        ({**CHECK, "http2_protocol_options": {}}, []),
        ({**CHECK, **AUTO, **TLS}, []),
        ({**CHECK, **options(use_downstream_protocol_config={"http2_protocol_options": {}})}, []),
        (CHECK, NO_HTTP2),
        ({**CHECK, **HTTP1}, NO_HTTP2),
        ({**CHECK, **options(use_downstream_protocol_config={})}, NO_HTTP2),
    ],
)
def test_what_a_cluster_speaks(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(**fields)) == expected


@pytest.mark.parametrize(("name", "fine"), [("envoy.transport_sockets.quic", True), ("quic", False)])
def test_envoy_finds_the_socket_of_quic_by_its_name(name: str, *, fine: bool) -> None:
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    http3 = {"@type": f"type.googleapis.com/{options}", "explicit_http_config": {"http3_protocol_options": {}}}
    quic = "type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport"
    socket = {"name": name, "typed_config": {"@type": quic, "upstream_tls_context": {"sni": "a.example"}}}

    found = told(cluster(transport_socket=socket, typed_extension_protocol_options={options: http3}))

    assert found == ([] if fine else ["error bad-value transport_socket.name"])
