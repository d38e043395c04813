"""What is remembered of who comes, and who may not be here any more: without streams."""

from __future__ import annotations

from dataclasses import dataclass, field

from structlog.testing import capture_logs

from legation.model.identity import CertificateProof, Proof
from legation.model.node import Node, Peer, Workload
from legation.runtime.admission import Rules
from legation.runtime.admitting import Admitting
from legation.runtime.arrivals import Arrivals
from legation.runtime.groups import EXPECTED, AnyGroup, Group
from legation.runtime.identity_rules import Identity, IdentityRules
from legation.testing import ManualClock
from legation.transports.base import Refusal

EDGE = Node(id="edge-1")
PROVEN = Proof(certificate=CertificateProof(uris=("spiffe://home/node/edge-1",)))
OTHER = Proof(certificate=CertificateProof(uris=("spiffe://home/node/edge-2",)))
SERVED = Group("edge", Workload(namespace="default", labels=frozenset()))
AWAY = Refusal("NOT_FOUND", "there is no Pod of that name")
NOBODY = IdentityRules(())


def peer(proof: Proof = PROVEN) -> Peer:
    return Peer(address="ipv4:10.0.0.1:4711", transport="grpc", proof=proof)


@dataclass
class Sitter:
    """Somebody who was admitted."""

    peer: Peer
    node: Node = EDGE
    dismissed: list[Refusal] = field(default_factory=list)

    def dismiss(self, refusal: Refusal) -> None:
        self.dismissed.append(refusal)


class World:
    def __init__(self, identity: Identity | None) -> None:
        self.admitting = Admitting(Rules(identity=identity))
        self.admitting.begun = True
        self.sitters: list[Sitter] = []
        self.woken = 0
        self.arrivals = Arrivals(
            ManualClock(), admitting=self.admitting, waiting=self._wake, sitters=lambda: self.sitters
        )

    def _wake(self) -> None:
        self.woken += 1

    def note(self, found: AnyGroup | Refusal, *, proof: Proof = PROVEN) -> None:
        self.arrivals.note(peer(proof), EDGE, found)

    @property
    def turned_away(self) -> list[str]:
        return [each.node.id for each in self.arrivals.turned_away.records()]

    @property
    def denied(self) -> list[tuple[str, bool]]:
        return [(each.cause, each.served) for each in self.arrivals.denied.records()]


def test_who_is_refused_for_its_identity_is_apart_from_whose_pod_is_not_there() -> None:
    world = World(Identity())
    world.note(AWAY)
    assert (world.turned_away, world.denied) == (["edge-1"], [])
    world.note(Refusal("UNAUTHENTICATED", "nothing proves it", cause="no-proof"))
    assert (world.turned_away, world.denied) == (["edge-1"], [("no-proof", False)])


def test_who_is_served_after_all_was_not_turned_away() -> None:
    world = World(Identity())
    world.note(AWAY)
    world.note(SERVED)
    assert (world.turned_away, world.woken) == ([], 0)


def test_who_has_to_wait_has_those_looked_at_who_do() -> None:
    world = World(Identity())
    world.note(EXPECTED)
    assert (world.woken, world.denied) == (1, [])


def test_who_would_be_refused_is_served_and_told_of_once() -> None:
    world = World(Identity(report=True))
    with capture_logs() as logs:
        world.note(SERVED, proof=OTHER)
        world.note(SERVED, proof=OTHER)
        world.note(SERVED)
    assert [(each["event"], each["node"]) for each in logs] == [("would be refused", "edge-1")]
    assert world.denied == [("other-node", True)]


def test_other_rules_dismiss_whom_they_do_not_allow_and_nobody_else() -> None:
    world = World(Identity())
    world.sitters = [Sitter(peer()), Sitter(peer(OTHER), Node(id="edge-2"))]
    world.arrivals.identify(Identity())
    assert [each.dismissed for each in world.sitters] == [[], []]
    with capture_logs() as logs:
        world.arrivals.identify(Identity(rules=NOBODY))
    assert [[each.cause for each in sitter.dismissed] for sitter in world.sitters] == [["no-rule"], ["no-rule"]]
    assert [each["log_level"] for each in logs] == ["warning", "warning"]
    assert world.denied == [("no-rule", False), ("no-rule", False)]
    assert world.woken == 2


def test_rules_that_only_report_dismiss_nobody() -> None:
    world = World(Identity())
    world.sitters = [Sitter(peer())]
    world.arrivals.identify(Identity(rules=NOBODY, report=True))
    assert world.sitters[0].dismissed == []


def test_who_would_be_refused_is_who_is_here_however_long_and_nobody_else() -> None:
    world = World(Identity(report=True))
    sitters = [Sitter(peer(OTHER)), Sitter(peer())]
    world.note(SERVED, proof=OTHER)  # it came, and was remembered
    assert world.arrivals.records() == ()
    assert world.arrivals.unproven() == 0

    world.sitters = sitters
    (record,) = world.arrivals.records()
    assert (record.served, record.cause, record.peer.proof) == (True, "other-node", OTHER)
    assert world.arrivals.unproven() == 1

    world.arrivals.identify(Identity(report=False))
    assert world.arrivals.unproven() == 0
