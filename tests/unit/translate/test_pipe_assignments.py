from __future__ import annotations

import pytest

from legation.envoy import codec
from legation.model.node import Scope
from tests.unit.translate.pipes import (
    at,
    cluster,
    json_of,
    listener,
    of,
    placed,
    pod,
    selection,
    translated,
)


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_an_assignment(carrier: str) -> None:
    draft = selection(of(health_check_port=1233), carrier=carrier).draft([(pod("10.0.0.1"), pod("2001:db8::1"))])
    assert draft.json == {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": "rtp-c",
        "endpoints": [
            {
                "lb_endpoints": [
                    {
                        "endpoint": {
                            "address": {
                                "socket_address": {"protocol": carrier.upper(), "address": address, "port_value": 1234}
                            },
                            "health_check_config": {"port_value": 1233},
                        },
                        "metadata": {"filter_metadata": {"envoy.lb": {"hash_key": address}}},
                    }
                    for address in ("10.0.0.1", "2001:db8::1")
                ]
            }
        ],
    }
    assert draft.scope == Scope(namespace="media", labels=frozenset({("app", "edge")}))
    assert draft.path == ("spec", "listeners", 0, carrier, "cluster", "endpoints")
    assert not codec.encode(draft.json).findings


def test_without_a_health_check_port_it_is_the_hosts_own() -> None:
    json = selection(of()).draft([(pod("10.0.0.1"),)]).json
    assert list(json["endpoints"][0]["lb_endpoints"][0]["endpoint"]) == ["address"]


def test_no_address_stands_twice_with_one_port() -> None:
    """Whoever has two labels, or shares the address of its node, is one host."""
    made = selection(
        of(health_check_port=1), of(labels={"app": "other"}, health_check_port=2), at("10.0.0.1"), of(port=1235)
    )
    twins = [pod("10.0.0.1", name="a"), pod("10.0.0.1", name="b")]
    assert placed(made, twins, twins, twins) == ["10.0.0.1:1234", "10.0.0.1:1235"]
    first = made.draft([tuple(twins)] * 3).json["endpoints"][0]["lb_endpoints"][0]
    assert first["endpoint"]["health_check_config"] == {"port_value": 1}


@pytest.mark.parametrize("address", ["10.0.0.1", "::1"])
def test_an_eds_cluster_of_addresses_depends_on_no_pod(address: str) -> None:
    translation = translated(listener(cluster=cluster(service_discovery="eds", endpoints=[at(address)])))
    assert not translation.selections
    (json,) = json_of(translation, "ClusterLoadAssignment")
    (inline,) = json_of(translated(listener(cluster=cluster(endpoints=[at(address)]))), "Cluster")
    assert {"@type": json["@type"], **inline["load_assignment"]} == json


def test_a_host_by_name_is_called_by_its_name() -> None:
    (found,) = json_of(translated(listener(cluster=cluster(endpoints=[at("worker.shop.svc")]))), "Cluster")
    host = found["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
    assert host["endpoint"]["address"]["socket_address"]["address"] == "worker.shop.svc"
    assert host["metadata"]["filter_metadata"] == {"envoy.lb": {"hash_key": "worker.shop.svc"}}


def test_two_spellings_of_an_address_are_one_host() -> None:
    (found,) = json_of(translated(listener(cluster=cluster(endpoints=[at("0:0::1"), at("::1")]))), "Cluster")
    (host,) = found["load_assignment"]["endpoints"][0]["lb_endpoints"]
    assert host["metadata"]["filter_metadata"]["envoy.lb"]["hash_key"] == "::1"
