from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.problems import Level
from legation.translate.base import Selection
from legation.translate.virtual_service import STEP
from tests.unit.translate.pipes import (
    CLUSTER_PATH,
    at,
    cluster,
    json_of,
    listener,
    of,
    pod,
    translated,
    virtual_service,
)

WORKERS = Scope(namespace="media", labels=frozenset({("app", "worker")}))
OTHERS = Scope(namespace="media", labels=frozenset({("app", "other"), ("tier", "back")}))


def selection(*endpoints: Any, carrier: str = "udp", **fields: Any) -> Selection:
    """Return what is made of Pods."""
    (found,) = translated(listener(carrier=carrier, cluster=cluster(endpoints=list(endpoints), **fields))).selections
    return found


def placed(of_selection: Selection, *pods: Sequence[ReadyPod]) -> list[str]:
    """Return the hosts, each as `address:port`."""
    json = of_selection.draft([tuple(each) for each in pods]).json
    return [
        f"{each['endpoint']['address']['socket_address']['address']}:"
        f"{each['endpoint']['address']['socket_address']['port_value']}"
        for locality in json["endpoints"]
        for each in locality["lb_endpoints"]
    ]


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


def test_hosts_stand_in_the_order_of_the_endpoints() -> None:
    made = selection(of(), at("10.0.1.1"), of(labels={"tier": "back", "app": "other"}), at("10.0.1.2"))
    assert made.selectors == (WORKERS, OTHERS)
    assert placed(made, [pod("10.0.0.2"), pod("10.0.0.1")], [pod("10.0.0.3")]) == [
        "10.0.0.2:1234",
        "10.0.0.1:1234",
        "10.0.1.1:1234",
        "10.0.0.3:1234",
        "10.0.1.2:1234",
    ]


def test_no_address_stands_twice_with_one_port() -> None:
    """Whoever has two labels, or shares the address of its node, is one host."""
    made = selection(
        of(health_check_port=1), of(labels={"app": "other"}, health_check_port=2), at("10.0.0.1"), of(port=1235)
    )
    twins = [pod("10.0.0.1", name="a"), pod("10.0.0.1", name="b")]
    assert placed(made, twins, twins, twins) == ["10.0.0.1:1234", "10.0.0.1:1235"]
    first = made.draft([tuple(twins)] * 3).json["endpoints"][0]["lb_endpoints"][0]
    assert first["endpoint"]["health_check_config"] == {"port_value": 1}


def test_without_pods_it_is_empty_and_there() -> None:
    """Else an Envoy would wait for it, and the last host would stay."""
    draft = selection(of()).draft([()])
    assert draft.json["endpoints"] == []
    assert codec.encode(draft.json).resource is not None


def test_a_selector_without_pods_is_told() -> None:
    made = selection(of(), at("10.0.1.1"), of(labels={"tier": "back", "app": "other"}))
    (problem,) = made.problems([(pod("10.0.0.1"),), ()])
    assert (problem.code, problem.level) == ("no-ready-pods", Level.WARNING)
    assert problem.path == (*CLUSTER_PATH, "endpoints", 2, "host", "selector")
    assert "media" in problem.message
    assert "app=other,tier=back" in problem.message
    assert "Ready" in problem.mend
    assert not list(made.problems([(pod("10.0.0.1"),), (pod("10.0.0.1"),)]))


def test_the_same_is_said_again_by_an_equal_value() -> None:
    """What was made of the Pods is then taken over when a part of the object changes that is not about it."""
    one, other = (
        STEP.translate(virtual_service(listener(port=port, cluster=cluster(endpoints=[of()])))) for port in (2000, 2001)
    )
    assert one.selections == other.selections
    assert len({*one.selections, *other.selections}) == 1
    assert one.selections != translated(listener(cluster=cluster(endpoints=[of(port=1)]))).selections


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
