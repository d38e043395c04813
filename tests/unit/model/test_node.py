"""Who an Envoy is, and where it speaks from."""

from __future__ import annotations

import pytest

from legation.model.node import Node, Peer, Scope, Workload, canonical_ip, split_node_id


@pytest.mark.parametrize(
    ("address", "ip"),
    [
        ("ipv4:10.0.0.7:4711", "10.0.0.7"),
        ("ipv6:[fd00::7]:4711", "fd00::7"),
        ("ipv6:[FD00:0:0:0:0:0:0:7]:4711", "fd00::7"),
        ("ipv6:[::ffff:10.0.0.7]:4711", "10.0.0.7"),
        ("ipv6:[::ffff:a00:7]:4711", "10.0.0.7"),
        ("ipv6:[fe80::7%eth0]:4711", "fe80::7"),
        ("ipv6:[::1]:4711", "::1"),
        ("ipv4:10.0.0.7", "10.0.0.7"),
        ("ipv6:[fd00::7]", "fd00::7"),
        ("unix:/run/legation.sock", ""),
        ("unix:", ""),
        ("unix-abstract:10.0.0.7:1", ""),
        ("ipv4:example.org:80", ""),
        ("ipv6:[]:80", ""),
        ("10.0.0.7:4711", ""),
        ("", ""),
    ],
)
def test_a_peer_has_one_spelling_of_its_address_and_a_unix_socket_has_none(address: str, ip: str) -> None:
    """Mapped into IPv6 it is still the IPv4 address: a port for both families sees all of them so."""
    assert Peer(address=address, transport="grpc").ip == ip


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::FFFF:10.0.0.7", "10.0.0.7"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("10.0.0", ""),
        ("010.0.0.7", ""),
        ("localhost", ""),
    ],
)
def test_an_address_has_one_spelling(text: str, canonical: str) -> None:
    assert canonical_ip(text) == canonical


@pytest.mark.parametrize(
    ("node_id", "parts"),
    [
        ("edge-1.shop", ("edge-1", "shop")),
        ("www.v2.shop", ("www.v2", "shop")),
        ("3f1c9a3e-0000-4000-8000-000000000000", ("3f1c9a3e-0000-4000-8000-000000000000", "")),
        ("edge.", ("edge", "")),
    ],
)
def test_a_node_id_is_split_at_its_last_dot(node_id: str, parts: tuple[str, str]) -> None:
    assert split_node_id(node_id) == parts


def test_labels_are_those_of_the_metadata_that_are_text() -> None:
    assert Node(id="a", metadata={"labels": {"app": "edge", "weight": 3}}).labels == {"app": "edge"}
    assert Node(id="a", metadata={"labels": ["app"]}).labels == {}


def test_a_scope_matches_who_has_all_its_labels_in_its_namespace() -> None:
    edge = frozenset({("app", "edge")})
    workload = Workload(namespace="shop", labels=edge | {("tier", "front")})
    assert Scope(namespace="shop", labels=edge).matches(workload)
    assert Scope(namespace="shop").matches(workload)
    assert not Scope(namespace="bank", labels=edge).matches(workload)
    assert not Scope(namespace="shop", labels=edge | {("tier", "back")}).matches(workload)


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (Scope(namespace="shop"), True),
        (Scope(namespace="shop", labels=frozenset({("tier", "front")})), True),
        (Scope(namespace="shop", labels=frozenset({("app", "web")})), False),
        (Scope(namespace="bank"), False),
    ],
)
def test_scopes_meet_where_somebody_can_have_the_labels_of_both(other: Scope, meets: bool) -> None:  # noqa: FBT001
    assert Scope(namespace="shop", labels=frozenset({("app", "edge")})).meets(other) is meets
