"""Which workload a node is."""

from __future__ import annotations

import pytest

from legation.model.node import Node, Peer, Workload
from legation.runtime.admission import admit
from legation.transports.base import Refusal

PEER = Peer(address="ipv4:10.0.0.7:4711", transport="grpc")
EDGE = Workload(namespace="shop", labels=frozenset({("app", "edge")}))


def workload_of(node: Node) -> Workload:
    found = admit(PEER, node, workloads={"edge-1.v2.shop": EDGE}, namespaces={"shop", "default"})
    assert found is not None
    return found


def test_a_node_that_a_manifest_describes_is_that_workload_whatever_it_says_of_itself() -> None:
    node = Node(id="edge-1.v2.shop", metadata={"labels": {"app": "admin"}})
    assert workload_of(node) == EDGE


def test_another_node_is_in_the_namespace_after_its_last_dot_if_a_manifest_has_it() -> None:
    assert workload_of(Node(id="front.v2.shop")) == Workload(namespace="shop")


def test_a_last_part_that_no_manifest_has_as_namespace_leaves_the_default() -> None:
    assert workload_of(Node(id="front.example")) == Workload(namespace="default")


def test_an_id_without_a_dot_is_in_the_default_namespace_even_if_a_namespace_has_its_name() -> None:
    assert workload_of(Node(id="shop")) == Workload(namespace="default")


def test_labels_come_from_the_metadata_of_the_node() -> None:
    node = Node(id="test-id", metadata={"labels": {"app": "edge", "weight": 3}})
    assert workload_of(node) == Workload(namespace="default", labels=frozenset({("app", "edge")}))


def test_a_node_without_an_id_is_refused_and_told_how_to_mend_it() -> None:
    with pytest.raises(Refusal, match=r"10\.0\.0\.7.*node\.id in its bootstrap") as refused:
        workload_of(Node(id=""))
    assert refused.value.status == "INVALID_ARGUMENT"
