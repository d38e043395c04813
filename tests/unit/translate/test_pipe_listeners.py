from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec
from tests.unit.translate.pipes import cluster, json_of, listener, translated

TYPE = "type.googleapis.com/envoy"
UDP = f"{TYPE}.extensions.filters.udp.udp_proxy.v3"
NETWORK = f"{TYPE}.extensions.filters.network"


def made(carrier: str = "udp", **fields: Any) -> Any:
    (found,) = json_of(translated(listener(carrier=carrier, **fields)), "Listener")
    return found


def test_a_udp_listener() -> None:
    assert made() == {
        "@type": f"{TYPE}.config.listener.v3.Listener",
        "name": "rtp",
        "address": {"socket_address": {"protocol": "UDP", "address": "0.0.0.0", "port_value": 2000}},
        "enable_reuse_port": True,
        "listener_filters": [
            {
                "name": "envoy.filters.udp_listener.udp_proxy",
                "typed_config": {
                    "@type": f"{UDP}.UdpProxyConfig",
                    "stat_prefix": "rtp",
                    "matcher": {
                        "on_no_match": {
                            "action": {
                                "name": "route",
                                "typed_config": {"@type": f"{UDP}.Route", "cluster": "rtp-c"},
                            }
                        }
                    },
                    "hash_policies": [{"key": "call-1"}],
                },
            }
        ],
    }


def test_a_tcp_listener() -> None:
    assert made("tcp", cluster=cluster(hash_key="50 % of %CALL%")) == {
        "@type": f"{TYPE}.config.listener.v3.Listener",
        "name": "rtp",
        "address": {"socket_address": {"protocol": "TCP", "address": "0.0.0.0", "port_value": 2000}},
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.set_filter_state",
                        "typed_config": {
                            "@type": f"{NETWORK}.set_filter_state.v3.Config",
                            "on_new_connection": [
                                {
                                    "object_key": "legation.hash_key",
                                    "factory_key": "envoy.hashable_string",
                                    "format_string": {"text_format_source": {"inline_string": "50 %% of %%CALL%%"}},
                                }
                            ],
                        },
                    },
                    {
                        "name": "envoy.filters.network.tcp_proxy",
                        "typed_config": {
                            "@type": f"{NETWORK}.tcp_proxy.v3.TcpProxy",
                            "stat_prefix": "rtp",
                            "cluster": "rtp-c",
                            "hash_policy": [{"filter_state": {"key": "legation.hash_key"}}],
                        },
                    },
                ]
            }
        ],
    }


def test_a_key_of_udp_is_no_format() -> None:
    config = made(cluster=cluster(hash_key="50 %"))["listener_filters"][0]["typed_config"]
    assert config["hash_policies"] == [{"key": "50 %"}]


@pytest.mark.parametrize(("written", "address"), [("127.0.0.1", "127.0.0.1"), ("::", "::"), ("0:0::1", "::1")])
def test_where_it_listens(written: str, address: str) -> None:
    assert made(address=written)["address"]["socket_address"]["address"] == address


@pytest.mark.parametrize("address", ["0:0::0", "::1", "0.0.0.0"])
def test_all_of_ipv6_is_all_of_ipv4_too(address: str) -> None:
    """Which Envoy is to be told."""
    assert made(address=address)["address"]["socket_address"].get("ipv4_compat", False) is (address == "0:0::0")


def test_when_sessions_end() -> None:
    assert made(idle_timeout=1500)["listener_filters"][0]["typed_config"]["idle_timeout"] == "1.500s"
    by_tcp = made("tcp", idle_timeout=1500)["filter_chains"][0]["filters"]
    assert by_tcp[1]["typed_config"]["idle_timeout"] == "1.500s"


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_it_refers_to_its_cluster(carrier: str) -> None:
    """So an Envoy has the cluster before the listener: the first datagram is not lost."""
    encoded = codec.encode(made(carrier))
    assert encoded.resource is not None
    assert encoded.resource.references == {"Cluster": frozenset({"rtp-c"})}
    assert encoded.resource.claims == (f"{carrier} 0.0.0.0:2000",)
