"""Which node a peer may be by what it has proven, and what it hears where it has not."""

from __future__ import annotations

import pytest

from legation.model.cluster import Cluster
from legation.model.identity import CertificateProof, Flaw, Proof, TokenProof
from legation.model.node import Node, Peer, Workload
from legation.runtime.admission import admit
from legation.runtime.identity_rules import Identity
from legation.transports.base import Refusal
from tests.small_cluster import SmallCluster

WEB = Workload(namespace="shop", labels=frozenset({("app", "web")}))
WEB_UID = "11111111-0000-4000-8000-000000000000"
BANK_UID = "22222222-0000-4000-8000-000000000000"
OTHER_UID = "33333333-0000-4000-8000-000000000000"
MANIFESTS = {"edge.shop": Workload(namespace="shop", service_account="edge")}

OF_WEB = Proof(certificate=CertificateProof(uris=("spiffe://d/ns/shop/sa/web",)))
OF_NODE = Proof(certificate=CertificateProof(uris=("spiffe://d/node/edge-1",)))
OF_NOBODY = Proof(certificate=CertificateProof(uris=("https://example.org",)))


def token(pod: str = "web-1", uid: str = WEB_UID, *, account: str = "web") -> Proof:
    user = f"system:serviceaccount:shop:{account}"
    return Proof(token=TokenProof(user=user, namespace="shop", service_account=account, pod=pod, pod_uid=uid))


def kube() -> SmallCluster:
    kube = SmallCluster()
    kube.pod("web-1", "10.0.0.7", uid=WEB_UID, service_account="web", app="web")
    kube.pod("db-1", "10.0.0.7", uid=OTHER_UID, service_account="db", app="db")
    kube.pod("vault-1", "10.0.0.7", namespace="bank", uid=BANK_UID, service_account="web", app="vault")
    return kube


def admitted(proof: Proof, node_id: str, cluster: Cluster | None, *, address: str = "10.0.0.7") -> Workload | None:
    return admit(
        Peer(address=f"ipv4:{address}:4711", transport="grpc", proof=proof),
        Node(id=node_id, metadata={"labels": {"app": "admin"}}),
        workloads=MANIFESTS,
        namespaces=frozenset({"shop", "default"}),
        cluster=cluster,
        identity=Identity(),
    )


def refused(proof: Proof, node_id: str, cluster: Cluster | None, *, address: str = "10.0.0.7") -> Refusal:
    with pytest.raises(Refusal) as refusal:
        admitted(proof, node_id, cluster, address=address)
    return refusal.value


@pytest.mark.parametrize("proof", [OF_WEB, token(), token(pod="", uid="")])
@pytest.mark.parametrize("node_id", ["web-1.shop", WEB_UID])
def test_who_proves_to_be_a_pod_is_it(proof: Proof, node_id: str) -> None:
    assert admitted(proof, node_id, kube().now()) == WEB


@pytest.mark.parametrize("proof", [OF_WEB, token(), token(pod="", uid="")])
@pytest.mark.parametrize("node_id", ["db-1.shop", OTHER_UID, "vault-1.bank", BANK_UID])
def test_an_honest_proof_is_for_no_other_pod(proof: Proof, node_id: str) -> None:
    """Not in its own namespace and in no other one."""
    refusal = refused(proof, node_id, kube().now())
    assert (refusal.status, refusal.cause) == ("PERMISSION_DENIED", "other-node")


@pytest.mark.parametrize("proof", [OF_WEB, token(), OF_NODE, OF_NOBODY, Proof()])
@pytest.mark.parametrize(("real", "made_up"), [("vault-1.bank", "nobody-1.bank"), (BANK_UID, "4" + BANK_UID[1:])])
def test_a_stranger_does_not_learn_which_pods_there_are(proof: Proof, real: str, made_up: str) -> None:
    there, nowhere = (refused(proof, node_id, kube().now()) for node_id in (real, made_up))
    assert (there.status, there.cause) == (nowhere.status, nowhere.cause)
    assert str(there).replace(real, "X") == str(nowhere).replace(made_up, "X")


@pytest.mark.parametrize("proof", [OF_WEB, token("late-1", "u-late"), token(pod="", uid="")])
def test_who_may_be_a_pod_that_is_not_known_yet_waits(proof: Proof) -> None:
    assert admitted(proof, "late-1.shop", kube().now()) is None


def test_a_token_waits_by_the_uid_of_its_pod_too() -> None:
    assert admitted(token("late-1", "u-late"), "u-late", kube().now()) is None


def test_a_token_of_a_pod_that_was_made_anew_under_its_name_is_not_for_the_new_one() -> None:
    old = token("web-1", "uid-of-before")
    assert refused(old, "web-1.shop", kube().now()).cause == "other-node"
    assert refused(old, WEB_UID, kube().now()).cause == "other-node"


def test_while_pods_are_not_heard_of_nobody_is_refused_for_what_may_have_changed() -> None:
    world = kube()
    world.pods_current = False
    assert admitted(token("web-1", "uid-of-after"), "web-1.shop", world.now()) is None
    assert admitted(OF_WEB, "web-1.shop", world.now()) == WEB
    assert admitted(OF_WEB, "unknown-uid", world.now()) is None
    assert refused(OF_WEB, "vault-1.bank", world.now()).cause == "other-node"


def test_the_address_counts_beside_the_proof() -> None:
    refusal = refused(OF_WEB, "web-1.shop", kube().now(), address="10.9.9.9")
    assert refusal.cause == ""
    assert "--peer-check" in str(refusal)


def test_a_certificate_of_a_node_is_for_that_id_alone() -> None:
    assert admitted(OF_NODE, "edge-1", None) == Workload(namespace="default", labels=frozenset({("app", "admin")}))
    for other in ("edge-2", "edge-1.shop", "EDGE-1", "edge-1 ", "web-1.shop"):
        assert refused(OF_NODE, other, None).cause == "other-node"


def test_where_manifests_are_all_there_is_a_pod_is_what_they_say() -> None:
    edge = Proof(certificate=CertificateProof(uris=("spiffe://d/ns/shop/sa/edge",)))
    assert admitted(edge, "edge.shop", None) == MANIFESTS["edge.shop"]
    assert refused(OF_WEB, "edge.shop", None).cause == "other-node"
    assert refused(edge, "edge.default", None).cause == "other-node"
    assert refused(edge, "another.shop", None).cause == "other-node"
    assert admitted(token("edge", "any", account="edge"), "edge.shop", None) == MANIFESTS["edge.shop"]


def test_a_namespace_that_no_manifest_has_is_not_the_default_one() -> None:
    """Its Envoy would get what is for `default`."""
    foreign = TokenProof(user="u", namespace="evil", service_account="a", pod="edge", pod_uid="u")
    assert refused(Proof(token=foreign), "edge.evil", None).cause == "other-node"


@pytest.mark.parametrize(
    ("proof", "status", "cause"),
    [
        (Proof(), "UNAUTHENTICATED", "no-proof"),
        (Proof(flaw=Flaw(words="it has expired")), "UNAUTHENTICATED", "bad-token"),
        (Proof(certificate=OF_NODE.certificate, flaw=Flaw(words="it has expired")), "UNAUTHENTICATED", "bad-token"),
        (Proof(flaw=Flaw(words="away", passing=True)), "UNAVAILABLE", "checker-away"),
        (Proof(certificate=CertificateProof()), "PERMISSION_DENIED", "no-rule"),
        (OF_NOBODY, "PERMISSION_DENIED", "no-rule"),
        (OF_NODE, "PERMISSION_DENIED", "other-node"),
    ],
)
def test_the_status_says_what_is_missing(proof: Proof, status: str, cause: str) -> None:
    refusal = refused(proof, "web-1.shop", kube().now())
    assert (refusal.status, refusal.cause) == (status, cause)


def test_a_good_certificate_is_enough_beside_a_bad_token() -> None:
    proof = Proof(certificate=OF_WEB.certificate, flaw=Flaw(words="it has expired"))
    assert admitted(proof, "web-1.shop", kube().now()) == WEB


def test_the_owner_reads_what_it_has_shown_and_what_that_is_for() -> None:
    words = str(refused(OF_WEB, "vault-1.bank", kube().now()))
    assert "spiffe://d/ns/shop/sa/web" in words
    assert "the Pods of the namespace shop with the service account web" in words
    assert "it has expired" in str(refused(Proof(flaw=Flaw(words="it has expired")), "x", None))
    assert "legation bootstrap" in str(refused(Proof(), "x", None))


def test_a_long_node_id_does_not_fill_the_words() -> None:
    assert len(str(refused(OF_WEB, "x" * 1024, kube().now()))) < 700
