from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TCP, UDP, chain, extension, inspector, listener, told

UDP_PROXY = extension("envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig", stat_prefix="udp", cluster="web")


QUIC = chain(transport_socket=extension("envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport"))


def socket(address: str, **port: Any) -> dict[str, Any]:
    return {"socket_address": {"address": address, **(port or {"port_value": 80})}}


@pytest.mark.parametrize("unbound", [{"bind_to_port": False}, {"deprecated_v1": {"bind_to_port": False}}])
def test_what_is_bound_to_nothing_is_not_transparent(unbound: dict[str, Any]) -> None:
    assert told(listener(chain(), **unbound)) == []
    assert told(listener(chain(), transparent=False, **unbound)) == []
    assert told(listener(chain(), transparent=True)) == []
    assert told(listener(chain(), transparent=True, **unbound)) == ["error unfit-for-type transparent"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"address": socket("::1")}, []),
        ({"address": socket("0.0.0.0", port_value=0)}, []),
        ({"address": {"pipe": {"path": "/run/a.sock"}}}, []),
        ({"address": socket("edge", resolver_name="of-the-house")}, []),
        ({"address": None}, ["error missing-field"]),
        ({"address": {}}, ["error missing-field address"]),
        ({"address": socket("localhost")}, ["error no-ip-address address.socket_address.address"]),
        ({"address": socket("[::1]")}, ["error no-ip-address address.socket_address.address"]),
        ({"address": socket("127.1")}, ["error no-ip-address address.socket_address.address"]),
        ({"address": socket("::1", named_port="http")}, ["error no-port-number address.socket_address.named_port"]),
        ({"address": None, "internal_listener": {}}, []),
        ({"internal_listener": {}}, ["error either-or address"]),
        (
            {"address": {"envoy_internal_address": {"server_listener_name": "x"}}},
            ["error wrong-type address.envoy_internal_address"],
        ),
        ({"additional_addresses": [{"address": socket("::1")}]}, []),
        (
            {"additional_addresses": [{"address": socket("edge")}]},
            ["error no-ip-address additional_addresses[0].address.socket_address.address"],
        ),
        ({"additional_addresses": [{"address": UDP}]}, ["error udp-or-tcp additional_addresses[0].address"]),
    ],
)
def test_addresses(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(listener(chain(), **fields)) == expected


def test_something_serves_what_arrives() -> None:
    assert told(listener()) == ["error missing-field"]
    assert told(listener(default_filter_chain=chain())) == []
    assert told(listener(chain(filters=[]))) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"listener_filters": [UDP_PROXY]}, []),
        ({}, []),
        ({"listener_filters": [inspector()]}, ["error udp-or-tcp listener_filters[0]"]),
        ({"filter_chains": [chain()], "listener_filters": [UDP_PROXY]}, ["error udp-or-tcp filter_chains"]),
        ({"filter_chains": [QUIC], "udp_listener_config": {"quic_options": {}}}, []),
    ],
)
def test_udp(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(listener(address=UDP, **fields)) == expected


def test_a_filter_of_udp_is_none_of_tcp() -> None:
    assert told(listener(chain(), address=TCP, listener_filters=[UDP_PROXY])) == [
        "error udp-or-tcp listener_filters[0]"
    ]


@pytest.mark.parametrize(
    ("address", "fine"), [("::", True), ("::ffff:192.0.2.1", True), ("::1", False), ("192.0.2.1", False)]
)
def test_who_hears_ipv4_too(address: str, *, fine: bool) -> None:
    bound = {"socket_address": {"address": address, "port_value": 443, "ipv4_compat": True}}
    found = told(listener(chain(), address=bound, additional_addresses=[{"address": bound}]))

    places = ("address", "additional_addresses[0].address")
    assert found == ([] if fine else [f"error bad-value {place}.socket_address.ipv4_compat" for place in places])
