"""Which workload a node is."""

from __future__ import annotations

import pytest

from legation.model.node import Node, Peer, Workload
from legation.runtime.admission import admit, is_still, why_unknown
from legation.transports.base import Refusal
from tests.small_cluster import SmallCluster

PEER = Peer(address="ipv4:10.0.0.7:4711", transport="grpc")
UID = "3f1c9a3e-0000-4000-8000-000000000000"
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


# In a cluster


def kube(*addresses: str, **labels: str) -> SmallCluster:
    """A cluster with the Pod edge-1.shop at these addresses."""
    kube = SmallCluster()
    kube.pod("edge-1", *addresses, uid=UID, **labels)
    return kube


def admitted(
    kube: SmallCluster, node_id: str = "edge-1.shop", *, address: str = "ipv4:10.0.0.7:4711", check_peer: bool = True
) -> Workload | None:
    return admit(
        Peer(address=address, transport="grpc"),
        Node(id=node_id, metadata={"labels": {"app": "admin"}}),
        workloads={"edge-1.v2.shop": EDGE},
        namespaces={"shop", "default"},
        cluster=kube.now(),
        check_peer=check_peer,
    )


@pytest.mark.parametrize("node_id", ["edge-1.shop", UID])
def test_an_envoy_is_the_pod_that_its_id_names_with_the_labels_of_that(node_id: str) -> None:
    """By name and namespace, or by UID; what it says of its labels does not count."""
    assert admitted(kube("10.0.0.7", app="edge"), node_id) == EDGE


@pytest.mark.parametrize("node_id", ["edge-2.shop", "edge-1.bank", "edge-1", "shop", "another-uid"])
def test_an_envoy_whose_pod_nobody_knows_is_waited_for(node_id: str) -> None:
    assert admitted(kube("10.0.0.7"), node_id) is None


def test_a_pod_without_an_address_is_waited_for_unless_addresses_do_not_count() -> None:
    assert admitted(kube()) is None
    assert admitted(kube(app="edge"), check_peer=False) == EDGE


@pytest.mark.parametrize(
    ("of_pod", "address"),
    [
        (["10.0.0.7"], "ipv4:10.0.0.7:1"),
        (["10.0.0.7"], "ipv6:[::ffff:10.0.0.7]:1"),
        (["10.0.0.9", "fd00::7"], "ipv6:[fd00::7]:1"),
        (["fd00::7", "10.0.0.7"], "ipv4:10.0.0.7:1"),
    ],
)
def test_a_connection_may_come_from_any_address_of_the_pod(of_pod: list[str], address: str) -> None:
    assert admitted(kube(*of_pod, app="edge"), address=address) == EDGE


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ipv4:10.0.0.8:1", "10.0.0.8"),
        ("ipv4:10.0.0.70:1", "10.0.0.70"),
        ("ipv6:[fd00::8]:1", "fd00::8"),
        ("ipv6:[::ffff:10.0.0.8]:1", "10.0.0.8"),
        ("unix:/run/envoy.sock", "unix:/run/envoy.sock"),
        ("unix:", "unix:"),
    ],
)
def test_a_connection_from_elsewhere_is_refused_and_told_how_to_mend_it(address: str, shown: str) -> None:
    with pytest.raises(Refusal) as refused:
        admitted(kube("10.0.0.7"), address=address)
    assert refused.value.status == "PERMISSION_DENIED"
    assert f"a Pod which does not have the address {shown} that" in str(refused.value)
    assert "--peer-check none" in str(refused.value)
    assert "10.0.0.7 " not in str(refused.value)


@pytest.mark.parametrize("address", ["ipv4:10.0.0.8:1", "unix:/run/envoy.sock"])
def test_where_addresses_do_not_count_a_connection_may_come_from_anywhere(address: str) -> None:
    assert admitted(kube("10.0.0.7", app="edge"), address=address, check_peer=False) == EDGE


def test_a_node_that_a_manifest_describes_needs_no_pod() -> None:
    assert admitted(kube(), "edge-1.v2.shop", address="unix:") == EDGE


def test_a_node_without_an_id_is_refused_in_a_cluster_too() -> None:
    with pytest.raises(Refusal, match="sent no node id"):
        admitted(kube("10.0.0.7"), "")


def test_a_pod_is_the_same_as_long_as_it_has_the_address() -> None:
    world = kube("10.0.0.7")
    peer, node = Peer(address="ipv4:10.0.0.7:1", transport="grpc"), Node(id="edge-1.shop")

    def still(node: Node, *, check_peer: bool = True) -> bool:
        return is_still(peer, node, workloads={}, cluster=world.now(), check_peer=check_peer)

    assert still(node)
    world.no_pod("edge-1")
    assert not still(node)
    world.pod("edge-1", "10.0.0.9", uid="recreated")
    assert not still(node)
    assert not still(Node(id=UID), check_peer=False)
    assert still(node, check_peer=False)
    world.no_pod("edge-1")
    assert is_still(peer, node, workloads={node.id: EDGE}, cluster=world.now(), check_peer=True)
    assert is_still(peer, node, workloads={}, cluster=None, check_peer=True)


def test_it_is_said_why_somebody_was_waited_for_in_vain() -> None:
    named = why_unknown(Node(id="edge-2.v2.shop"), cluster=kube().now())
    assert "there is no Pod called edge-2.v2 in the namespace shop, as the node id 'edge-2.v2.shop' says" in named
    assert "--service-node $(POD_NAME).$(POD_NAMESPACE)" in named
    assert "there is no Pod with the UID edge-9," in why_unknown(Node(id="edge-9"), cluster=kube().now())
    assert "the Pod shop/edge-1 has no address" in why_unknown(Node(id="edge-1.shop"), cluster=kube().now())
