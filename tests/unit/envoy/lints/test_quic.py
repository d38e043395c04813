from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import UDP, chain, extension, listener, manager, told

SOCKETS = "envoy.extensions.transport_sockets."
OWN = {"common_tls_context": {"tls_certificate_sds_secret_configs": [{"name": "cert", "sds_config": {"ads": {}}}]}}
TLS = extension(f"{SOCKETS}tls.v3.DownstreamTlsContext", **OWN)
QUIC = extension(f"{SOCKETS}quic.v3.QuicDownstreamTransport", downstream_tls_context=OWN)
HTTP3 = manager(codec_type="HTTP3")
CODEC = "filters[0].typed_config.codec_type"


@pytest.mark.parametrize(
    ("chains", "expected"),
    [
        ([chain(HTTP3, transport_socket=QUIC)], []),
        ([chain(manager(), transport_socket=QUIC)], [f"error udp-or-tcp filter_chains[0].{CODEC}"]),
        ([chain(manager(codec_type="HTTP2"), transport_socket=QUIC)], [f"error udp-or-tcp filter_chains[0].{CODEC}"]),
        ([chain(HTTP3)], ["error missing-field filter_chains[0]"]),
        ([chain(HTTP3, transport_socket=TLS)], ["error wrong-side filter_chains[0].transport_socket.typed_config"]),
        ([], ["error missing-field"]),
    ],
)
def test_over_quic_goes_http_3(chains: list[dict[str, Any]], expected: list[str]) -> None:
    assert told(listener(*chains, address=UDP, udp_listener_config={"quic_options": {}})) == expected


@pytest.mark.parametrize(("codec", "fine"), [("AUTO", True), ("HTTP1", True), ("HTTP2", True), ("HTTP3", False)])
def test_over_tcp_goes_all_else(codec: str, *, fine: bool) -> None:
    speaking = chain(manager(codec_type=codec))

    assert told(listener(speaking)) == ([] if fine else [f"error udp-or-tcp filter_chains[0].{CODEC}"])
    assert told(listener(default_filter_chain=speaking)) == (
        [] if fine else [f"error udp-or-tcp default_filter_chain.{CODEC}"]
    )
