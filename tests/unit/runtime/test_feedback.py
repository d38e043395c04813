"""What is known of each Envoy, and which problems follow from its refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.model.client_config import ConfigStatus
from legation.model.events import Refused
from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.proxy_status import LastRefusal
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, SECRET
from legation.model.snapshot import Snapshot, collect
from legation.runtime.account import Standing
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Content, Hub
from legation.testing import ManualClock
from tests.fakes import FakeClient
from tests.small_world import cluster, resource

ORIGIN = ObjectKey("bootes.io", "Cluster", "shop", "backend")


class World(Content[str]):
    """A hub with one group, whose snapshot a test sets."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.refusals_changed = 0
        self.snapshot = Snapshot.of()
        self.feedback = Feedback(
            clock=self.clock,
            refusals_changed=self._refusals_changed,
        )
        self.hub: Hub[str] = Hub(self, feedback=self.feedback)

    def group_of(self, _peer: Peer, _node: Node) -> str:
        return "all"

    def snapshot_of(self, _group: str) -> Snapshot:
        return self.snapshot

    def _refusals_changed(self) -> None:
        self.refusals_changed += 1

    def publish(self, *resources: Resource) -> None:
        rows = {each.type for each in resources}
        self.snapshot = Snapshot.of(collect(row, [each for each in resources if each.type is row]) for row in rows)
        self.hub.publish()

    def client(self, name: str, row: object = CLUSTER) -> FakeClient:
        client = FakeClient(self.hub, name)
        client.subscribe(CLUSTER if row is CLUSTER else SECRET)
        return client


@pytest.fixture
def world() -> World:
    return World()


def from_origin(name: str, version: int = 1) -> Resource:
    return replace(cluster(name, version), origin=ORIGIN)


def test_a_proxy_is_shown_with_its_group_and_since_when_it_is_there(world: World) -> None:
    world.client("edge")
    world.clock.step(35.0)
    (proxy,) = world.feedback.proxies()
    assert (proxy.node.id, proxy.group, proxy.connected_for) == ("edge", "all", 35.0)


def test_a_response_is_pending_until_it_is_answered(world: World) -> None:
    world.publish(cluster("one"))
    client = world.client("edge")
    sent = client.is_sent(CLUSTER)
    world.clock.step(2.0)
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted, status.pending_for, status.wildcard) == (sent.version, "", 2.0, True)
    client.accept(sent)
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted, status.pending_for) == (sent.version, sent.version, None)


def test_a_client_that_never_answers_is_waited_for_since_the_oldest_response_and_costs_no_more(world: World) -> None:
    client = world.client("edge")
    for version in range(1000):
        world.publish(cluster("one", version))
        client.is_sent(CLUSTER)
        world.clock.step(1.0)
    (account,) = world.feedback.accounts
    (status,) = world.feedback.proxies()[0].types
    assert status.pending_for == 1000.0
    assert len(account._types[CLUSTER].outstanding) < 100


def test_what_was_refused_and_does_not_exist_any_more_is_forgotten(world: World) -> None:
    client = world.client("edge")
    for number in range(10):
        world.publish(cluster(f"c{number}"))
        client.refuse(client.is_sent(CLUSTER), f"c{number} is bad")
    (account,) = world.feedback.accounts
    assert set(account._types[CLUSTER].refused) == {"c9"}


def test_an_answer_to_a_newer_response_speaks_for_the_older_ones_too(world: World) -> None:
    world.publish(cluster("one"))
    client = world.client("edge")
    client.is_sent(CLUSTER)
    client.take(CLUSTER)
    assert world.feedback.proxies()[0].types[0].pending_for is None


def test_types_are_told_in_the_order_of_delivery(world: World) -> None:
    client = FakeClient(world.hub, "edge")
    client.subscribe(LISTENER)
    client.subscribe(CLUSTER)
    assert [each.type for each in world.feedback.proxies()[0].types] == [CLUSTER, LISTENER]


def test_a_refusal_is_a_problem_of_the_object_that_the_resource_came_from(world: World) -> None:
    bad = from_origin("b1")
    world.publish(bad, cluster("good"))
    for name in ("edge-1", "edge-2", "edge-3"):
        client = world.client(name)
        sent = client.is_sent(CLUSTER)
        if name == "edge-3":
            client.accept(sent)
        else:
            client.refuse(sent, "Error adding/updating cluster(s) b1: malformed IP address", [bad])
    (problem,) = world.feedback.refusals().values()
    assert (problem.code, problem.object) == ("refused", ORIGIN)
    assert problem.message == (
        'Cluster "b1" is refused by 2 of 3 Envoys: Error adding/updating cluster(s) b1: malformed IP address'
    )


def test_a_refusal_that_names_nobody_is_told_once_with_those_who_may_be_meant(world: World) -> None:
    world.publish(*(from_origin(f"c{number}") for number in range(9)))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    (problem,) = world.feedback.refusals().values()
    assert problem.object == ORIGIN
    assert str(problem).endswith("offers of parts did not tell: no (look at c0, c1, c2, c3, c4, ...)")


def test_envoys_of_a_version_that_alone_refuse_are_told(world: World) -> None:
    bad = from_origin("b1")
    world.publish(bad)
    for name, agent in (("edge-1", "envoy 1.30.1"), ("edge-2", "envoy 1.40.0")):
        client = FakeClient(world.hub, Node(id=name, user_agent=agent))
        client.subscribe(CLUSTER)
        sent = client.is_sent(CLUSTER)
        client.refuse(sent, "b1 is bad", [bad]) if agent == "envoy 1.30.1" else client.accept(sent)
    (problem,) = world.feedback.refusals().values()
    assert problem.message == 'Cluster "b1" is refused by 1 of 2 Envoys (all of envoy 1.30.1): b1 is bad'


def secrets(*bodies: str) -> list[Resource]:
    made = [resource(SECRET, f"s{number}", body) for number, body in enumerate(bodies)]
    return [replace(each, body=body.encode(), origin=ORIGIN) for each, body in zip(made, bodies, strict=True)]


def doubts(client: FakeClient, *messages: str) -> None:
    """Refuse secrets without a name, once for each message, and take them then, as Envoy does."""
    for message in messages:
        sent = client.is_sent(SECRET)
        client.seat.report(
            Refused(type=SECRET, version=sent.version, nonce=sent.nonce, message=message, doubted=tuple(sent.resources))
        )
    client.take(SECRET)


def test_what_is_refused_and_then_taken_without_a_look_is_told_until_it_changes(world: World) -> None:
    world.publish(*secrets("good", "/nowhere/key"))
    client = world.client("edge", SECRET)
    doubts(client, "cannot watch /nowhere/: no such file")
    (problem,) = world.feedback.refusals().values()
    assert problem.message.startswith('Secret "s1" is refused by 1 of 1 Envoys: ')
    (account,) = world.feedback.accounts
    assert account.standing(SECRET, "s1") is Standing.REFUSED
    assert account.standing(SECRET, "s0") is Standing.ACCEPTED
    assert world.feedback.statistics().refusing == {SECRET: 1}
    (_, shown) = account.resources()
    assert (shown.status, shown.words) == (ConfigStatus.ERROR, "cannot watch /nowhere/: no such file")
    world.publish(*secrets("good", "mended"))
    client.take(SECRET)
    assert not world.feedback.refusals()
    assert account.standing(SECRET, "s1") is Standing.ACCEPTED


def test_where_the_words_quote_nobody_all_are_told_when_all_are_taken(world: World) -> None:
    world.publish(*secrets("one", "two"))
    client = world.client("edge", SECRET)
    doubts(client, "cannot be")
    (problem,) = world.feedback.refusals().values()
    assert problem.code == "parked"
    assert "without a look" in problem.message
    assert problem.mend == "look at s0, s1"
    world.publish(*secrets("one", "three"))
    assert not world.feedback.refusals()


@pytest.mark.parametrize("unseen", [False, True])
def test_what_a_client_does_not_ask_for_any_more_it_does_not_refuse(world: World, *, unseen: bool) -> None:
    world.publish(*secrets("good", "/nowhere/key"))
    client = FakeClient(world.hub, "edge")
    client.subscribe(SECRET, "s0", "s1")
    if unseen:
        doubts(client, "cannot watch /nowhere/: no such file")
    else:
        client.refuse(sent := client.is_sent(SECRET), "no", [each for each in sent.resources if each.name == "s1"])
    assert {name for _, name, _ in world.feedback.refusals()} == {"s1"}
    changes = world.refusals_changed
    client.wanted.discard((SECRET, "s1"))
    client.subscribe(SECRET, "s0")
    assert not world.feedback.refusals()
    assert world.refusals_changed == changes + 1
    (account,) = world.feedback.accounts
    assert account.standing(SECRET, "s1") is not Standing.REFUSED


def test_where_the_words_quote_some_of_them_only_those_are_told(world: World) -> None:
    world.publish(*secrets("/here/one", "/here/two", "good"))
    doubts(world.client("edge", SECRET), "cannot watch /here/: no such file")
    (problem,) = world.feedback.refusals().values()
    assert problem.message.startswith("an Envoy refuses some of 2 Secret resources; ")
    assert problem.mend == "look at s0, s1"


def test_one_after_the_other_may_be_refused_and_taken_without_a_look(world: World) -> None:
    world.publish(*secrets("/here/key", "/there/key", "good"))
    client = world.client("edge", SECRET)
    doubts(client, "cannot watch /here/: no such file", "cannot watch /there/: no such file")
    assert {name for _, name, _ in world.feedback.refusals()} == {"s0", "s1"}
    world.publish(*secrets("mended", "/there/key", "good"))
    assert {name for _, name, _ in world.feedback.refusals()} == {"s1"}


def test_a_type_that_envoy_looks_at_again_is_not_doubted(world: World) -> None:
    world.publish(from_origin("b1"), from_origin("b2"))
    client = world.client("edge")
    sent = client.is_sent(CLUSTER)
    client.seat.report(
        Refused(type=CLUSTER, version=sent.version, nonce=sent.nonce, message="no", doubted=tuple(sent.resources))
    )
    client.take(CLUSTER)
    assert not world.feedback.refusals()


def test_a_refusal_of_what_was_spoken_of_since_is_no_problem(world: World) -> None:
    world.publish(from_origin("b1"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no", [])
    assert not world.feedback.refusals()


def test_a_refusal_of_a_response_with_one_new_resource_means_that_one(world: World) -> None:
    world.publish(from_origin("b1"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    assert [problem.object for problem in world.feedback.refusals().values()] == [ORIGIN]


def test_a_refusal_is_over_when_the_resource_changes(world: World) -> None:
    world.publish(from_origin("b1"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    before = world.refusals_changed
    world.publish(from_origin("b1", 2))
    assert not world.feedback.refusals()
    assert world.refusals_changed > before


def test_a_refusal_is_over_when_the_same_version_is_accepted_after_all(world: World) -> None:
    world.publish(from_origin("b1"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    client.take(CLUSTER)
    assert not world.feedback.refusals()


def test_a_refusal_is_over_when_the_envoy_is_gone(world: World) -> None:
    world.publish(from_origin("b1"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    client.seat.leave()
    assert not world.feedback.refusals()
    assert not world.feedback.proxies()


def test_words_about_a_secret_never_hold_it(world: World) -> None:
    secret = resource(SECRET, "tls")
    world.publish(secret)
    client = world.client("edge", SECRET)
    client.refuse(client.is_sent(SECRET), "Invalid key hunter2 in generic_secret { inline_string: hunter2 }", [secret])
    shown = f"{world.feedback.refusals()} {world.feedback.proxies()}"
    assert "Invalid key" in shown
    assert "hunter2" not in shown


def test_a_change_that_is_refused_and_taken_back_leaves_the_accepted_version_as_the_one_sent(world: World) -> None:
    world.publish(cluster("one"))
    client = world.client("edge")
    client.take(CLUSTER)
    accepted = world.snapshot[CLUSTER].version
    world.publish(cluster("one", 2))
    refused = client.is_sent(CLUSTER)
    client.refuse(refused, "no")
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted, len(status.refused)) == (refused.version, accepted, 1)
    world.publish(cluster("one"))
    world.clock.step(3.0)
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted, status.refused) == (accepted, accepted, ())
    assert status.last_refusal == LastRefusal(version=refused.version, words="no", ago=3.0)


def test_what_a_client_brought_along_counts_as_sent_and_accepted_when_that_is_all_that_it_asked_for(
    world: World,
) -> None:
    world.publish(cluster("one"), cluster("two"), cluster("unasked"))
    client = FakeClient(world.hub, "edge")
    client.held[CLUSTER, "one"] = cluster("one")
    client.subscribe(CLUSTER, "one", "two")
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted) == ("", "")
    client.held[CLUSTER, "two"] = cluster("two")
    (status,) = world.feedback.proxies()[0].types
    assert (status.sent, status.accepted) == (world.snapshot[CLUSTER].version,) * 2


def test_who_has_nothing_or_what_is_to_be_taken_away_has_not_accepted(world: World) -> None:
    world.publish(cluster("one"), cluster("two"))
    client = FakeClient(world.hub, "edge")
    client.subscribe(CLUSTER, "unknown")
    assert world.feedback.proxies()[0].types[0].accepted == ""
    client.subscribe(CLUSTER)
    client.held = {(CLUSTER, name): cluster(name) for name in ("one", "two")}
    world.publish(cluster("one"))
    assert world.feedback.proxies()[0].types[0].accepted == ""
    del client.held[CLUSTER, "two"]
    assert world.feedback.proxies()[0].types[0].accepted == world.snapshot[CLUSTER].version


def test_a_refusal_stays_while_the_client_is_sent_the_version_before_once_more(world: World) -> None:
    world.publish(cluster("one"))
    client = world.client("edge")
    client.take(CLUSTER)
    world.publish(cluster("one", 2))
    client.refuse(client.is_sent(CLUSTER), "no")
    again = replace(client.is_sent(CLUSTER), resources=(cluster("one"),))
    client.refuse(client.is_sent(CLUSTER), "no")
    client.seat.report(again)
    client.accept(again)
    assert [each.version for each in world.feedback.proxies()[0].types[0].refused] == [cluster("one", 2).version]
    assert world.feedback.statistics().refusing == {CLUSTER: 1}


def test_responses_and_answers_are_counted_by_type(world: World) -> None:
    world.publish(cluster("one"))
    client = world.client("edge")
    client.refuse(client.is_sent(CLUSTER), "no")
    client.take(CLUSTER)
    counts = world.feedback.statistics()
    assert (counts.proxies, counts.sent, counts.accepted, counts.refused) == (
        1,
        {CLUSTER: 2},
        {CLUSTER: 1},
        {CLUSTER: 1},
    )
