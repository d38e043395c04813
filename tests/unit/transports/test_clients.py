from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from legation.errors import RemoteProtocolError
from legation.model.events import Accepted, Sent, Subscribed
from legation.model.node import Node, Peer
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    ResourceType,
)
from legation.model.verdicts import Verdicts
from legation.protocol.messages import DeltaRequest, DeltaResponse, Response, SotwRequest
from legation.protocol.sequence import Policy, Variant
from legation.testing import ManualClock
from legation.transports import conduct
from legation.transports.base import Refusal
from legation.transports.clients import Clients
from legation.transports.served_client import INTERNAL_WORDS, ServedClient
from tests.unit.transports.loopback import FakeFeed, resource

PEER = Peer(address="ipv4:127.0.0.1:1", transport="grpc")
OTHER_PEER = Peer(address="ipv4:127.0.0.1:2", transport="grpc")


class FakeStream:
    """A stream that writes when the test says so."""

    def __init__(self) -> None:
        self.writing: Response | None = None
        self.written: list[Response] = []
        self.ended: tuple[str, str] | None = None

    aggregated = True

    @property
    def busy(self) -> bool:
        return self.writing is not None or self.ended is not None

    def send(self, response: Response) -> None:
        assert self.writing is None, "one response at a time"
        self.writing = response

    def end(self, status: str, words: str) -> None:
        self.ended = (status, words)


class SeparateStream(FakeStream):
    """One that speaks of a single type."""

    aggregated = False


class World:
    """Clients on a feed, in a time that stands still."""

    def __init__(self, feed: FakeFeed, *, first_answers: int | None = None, policy: Policy | None = None) -> None:
        self.feed = feed
        self.clock = ManualClock()
        self.streams: list[FakeStream] = []
        self.clients = Clients(feed, policy=policy or Policy(), clock=self.clock, first_answers=first_answers)

    def join(
        self, node: str = "node", *, peer: Peer = PEER, stream: FakeStream | None = None
    ) -> tuple[ServedClient, FakeStream]:
        stream = stream or FakeStream()
        self.streams.append(stream)
        return self.clients.join(stream, peer=peer, node=Node(id=node)), stream

    async def settle(self) -> None:
        """Let what was scheduled happen."""
        await self.clock.advance(0.0)

    async def ask(self, client: ServedClient, stream: FakeStream, row: ResourceType, *names: str) -> None:
        client.receive(stream, DeltaRequest(type=row, subscribe=names), variant=Variant.DELTA)
        await self.settle()

    async def write(self, client: ServedClient, stream: FakeStream) -> Response:
        """Finish what the stream writes."""
        response = stream.writing
        assert response is not None
        stream.written.append(response)
        stream.writing = None
        client.written()
        await self.settle()
        return response

    async def acknowledge(self, client: ServedClient, stream: FakeStream, response: Response) -> None:
        client.receive(stream, DeltaRequest(type=response.type, nonce=response.nonce), variant=Variant.DELTA)
        await self.settle()


async def test_streams_of_one_node_over_one_connection_are_one_client() -> None:
    world = World(FakeFeed())
    first, _ = world.join()
    second, _ = world.join()
    elsewhere, _ = world.join(peer=OTHER_PEER)
    someone_else, _ = world.join("other")

    assert first is second
    assert len({id(each) for each in (first, elsewhere, someone_else)}) == len(world.clients) == 3
    assert [(seat.node.id, seat.peer) for seat in world.feed.seats] == [
        ("node", PEER),
        ("node", OTHER_PEER),
        ("other", PEER),
    ]


async def test_the_place_is_given_back_with_the_last_stream() -> None:
    world = World(FakeFeed())
    client, first = world.join()
    _, second = world.join()
    world.clients.leave(client, first)
    assert len(world.feed.seats) == 1
    world.clients.leave(client, second)

    assert not world.feed.seats
    assert len(world.clients) == 0


async def test_a_node_without_an_id_is_told_where_to_set_it() -> None:
    world = World(FakeFeed())
    with pytest.raises(RemoteProtocolError, match=r"node\.id is empty; set node\.id in the bootstrap") as told:
        world.join("")

    assert told.value.status == "INVALID_ARGUMENT"
    assert not world.feed.seats


async def test_who_is_refused_leaves_nothing_behind() -> None:
    world = World(FakeFeed())
    world.feed.refused["node"] = Refusal("PERMISSION_DENIED", "not you")
    with pytest.raises(Refusal, match="not you"):
        world.join()

    assert len(world.clients) == 0


async def test_one_response_is_written_at_a_time_and_the_next_is_the_newest() -> None:
    world = World(FakeFeed(resource("a", "1")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    for content in ("2", "3", "4"):
        world.feed.publish(resource("a", content))
        await world.settle()
    first = await world.write(client, stream)
    assert [each.body for each in first.resources] == [b"1"]
    # The first is written, the newest follows; nothing in between was kept.
    second = await world.write(client, stream)

    assert [each.body for each in second.resources] == [b"4"]
    assert stream.writing is None


async def test_what_else_there_is_to_say_follows_when_the_response_is_written() -> None:
    world = World(FakeFeed(resource("c"), resource("l", row=LISTENER)))
    client, stream = world.join()
    client.receive(stream, DeltaRequest(type=CLUSTER), variant=Variant.DELTA)
    await world.ask(client, stream, LISTENER)
    assert (await world.write(client, stream)).type is CLUSTER
    assert (await world.write(client, stream)).type is LISTENER
    assert stream.writing is None


async def test_a_stream_that_writes_does_not_hold_up_another_of_its_client() -> None:
    row = CLUSTER_LOAD_ASSIGNMENT
    world = World(FakeFeed(resource("a"), resource("a", row=row), resource("b", row=row)))
    client, clusters = world.join()
    _, endpoints = world.join()
    await world.ask(client, clusters, CLUSTER)
    await world.ask(client, endpoints, row, "a")

    assert clusters.writing is not None
    assert endpoints.writing is not None


async def test_a_slow_client_holds_up_nobody() -> None:
    world = World(FakeFeed(resource("a", "1")))
    slow, slow_stream = world.join("slow")
    quick, quick_stream = world.join("quick")
    await world.ask(slow, slow_stream, CLUSTER)
    await world.ask(quick, quick_stream, CLUSTER)
    await world.acknowledge(quick, quick_stream, await world.write(quick, quick_stream))
    world.feed.publish(resource("a", "2"))
    await world.settle()

    assert [each.body for each in (await world.write(quick, quick_stream)).resources] == [b"2"]
    assert slow_stream.written == []


async def test_many_streams_of_one_type_each_get_their_own() -> None:
    row = CLUSTER_LOAD_ASSIGNMENT
    world = World(FakeFeed(*(resource(str(number), row=row) for number in range(20))))
    streams = []
    for number in range(20):
        client, stream = world.join()
        await world.ask(client, stream, row, str(number))
        streams.append(stream)

    assert [[each.name for each in stream.writing.resources] for stream in streams if stream.writing] == [
        [str(number)] for number in range(20)
    ]


async def test_a_deadline_is_kept_although_nothing_comes_in() -> None:
    world = World(FakeFeed(resource("gone"), resource("stays")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    await world.acknowledge(client, stream, await world.write(client, stream))
    world.feed.publish(resource("stays"))
    await world.settle()
    assert stream.writing is None
    # Requests past route selection may still look the cluster up.
    await world.clock.advance(Policy().removal_grace - 0.1)
    assert stream.writing is None
    await world.clock.advance(0.1)
    response = await world.write(client, stream)

    assert getattr(response, "removed", ()) == ("gone",)


async def test_a_deadline_that_passes_while_all_write_is_kept_when_they_have_written() -> None:
    world = World(FakeFeed(resource("gone"), resource("stays")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    await world.acknowledge(client, stream, await world.write(client, stream))
    world.feed.publish(resource("stays", "2"))
    await world.clock.advance(2 * Policy().removal_grace)
    assert [each.body for each in (await world.write(client, stream)).resources] == [b"2"]
    response = await world.write(client, stream)

    assert getattr(response, "removed", ()) == ("gone",)


async def test_what_is_due_next_follows_without_an_answer_to_the_last() -> None:
    world = World(FakeFeed(resource("a"), resource("l", row=LISTENER)))
    client, stream = world.join()
    for row in (CLUSTER, LISTENER):
        client.receive(stream, DeltaRequest(type=row), variant=Variant.DELTA)
    await world.settle()
    assert (await world.write(client, stream)).type is CLUSTER

    assert (await world.write(client, stream)).type is LISTENER


async def test_what_waits_for_a_stream_that_writes_goes_when_that_stream_has_gone() -> None:
    world = World(FakeFeed(resource("a"), resource("l", row=LISTENER)))
    client, clusters = world.join()
    _, listeners = world.join()
    await world.ask(client, clusters, CLUSTER)
    world.feed.publish(resource("a", "2"), resource("l", row=LISTENER))
    await world.ask(client, listeners, LISTENER)
    assert listeners.writing is None
    world.clients.leave(client, clusters)
    await world.settle()

    assert listeners.writing is not None


async def test_what_streams_say_and_are_told_is_reported() -> None:
    world = World(FakeFeed(resource("a")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    await world.acknowledge(client, stream, await world.write(client, stream))
    seat = world.feed.seats[0]

    assert [type(event) for event in seat.events] == [Subscribed, Sent, Accepted]
    assert client.subscribes(CLUSTER, "a")
    assert not client.subscribes(CLUSTER_LOAD_ASSIGNMENT, "a")
    assert client.accepted(CLUSTER, "a") is not None


async def test_nothing_is_said_before_there_is_a_snapshot() -> None:
    feed = FakeFeed()
    feed.snapshot = None
    world = World(feed)
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    assert stream.writing is None
    feed.publish(resource("a"))
    await world.settle()

    assert stream.writing is not None


async def test_a_bug_ends_the_streams_of_its_client_and_no_other() -> None:
    world = World(FakeFeed(resource("a", "1")))
    broken, stream = world.join("broken")
    whole, other = world.join("whole")
    world.feed.seats[0].broken = True
    await world.ask(broken, stream, CLUSTER)
    await world.ask(whole, other, CLUSTER)

    assert stream.ended == ("INTERNAL", INTERNAL_WORDS)
    assert other.ended is None
    assert other.writing is not None


async def test_what_is_refused_after_the_client_was_seated_anew_is_proved_where_it_sits() -> None:
    world = World(FakeFeed(resource("a"), resource("b")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    response = await world.write(client, stream)
    world.feed.verdicts = Verdicts()
    refusal = DeltaRequest(type=CLUSTER, nonce=response.nonce, error="cluster 'a' is bad")
    client.receive(stream, refusal, variant=Variant.DELTA)
    assert [*world.feed.verdicts.of(CLUSTER)] == ["a"]


async def test_a_wake_after_the_end_does_nothing() -> None:
    world = World(FakeFeed(resource("a", "1")))
    client, stream = world.join()
    await world.ask(client, stream, CLUSTER)
    seat = world.feed.seats[0]
    seat.wake()
    world.clients.leave(client, stream)
    seat.wake()
    # A seat that was given back must not be asked.
    seat.broken = True
    with capture_logs() as logs:
        await world.settle()

    assert logs == []


async def test_first_answers_wait_for_their_turn_and_later_ones_do_not() -> None:
    world = World(FakeFeed(resource("a")), first_answers=1)
    joined = [world.join(node) for node in ("one", "two", "three")]
    for client, stream in joined:
        await world.ask(client, stream, CLUSTER)
    (first, one), (second, two), (third, three) = joined
    assert (one.busy, two.busy, three.busy) == (True, False, False)
    response = await world.write(first, one)
    assert (one.busy, two.busy, three.busy) == (False, True, False)
    await world.acknowledge(first, one, response)
    await world.ask(first, one, LISTENER)
    assert one.busy
    world.clients.leave(second, two)
    await world.settle()
    assert three.busy
    await world.write(third, three)


async def test_what_happens_on_one_connection_of_a_node_lets_another_go_on() -> None:
    """A route waits for its new cluster on the other connection, and the cluster that it left for the route."""
    uses_a, uses_b = ({CLUSTER.name: frozenset({name})} for name in "ab")
    world = World(FakeFeed(resource("a"), resource("r", "1", row=ROUTE_CONFIGURATION, references=uses_a)))
    clusters, first = world.join(stream=SeparateStream())
    routes, second = world.join(peer=OTHER_PEER, stream=SeparateStream())
    for client, stream, row, names in (
        (clusters, first, CLUSTER, ()),
        (routes, second, ROUTE_CONFIGURATION, ("r",)),
    ):
        await world.ask(client, stream, row, *names)
        await world.acknowledge(client, stream, await world.write(client, stream))
    world.feed.publish(resource("b"), resource("r", "2", row=ROUTE_CONFIGURATION, references=uses_b))
    await world.settle()
    assert second.writing is None
    told = await world.write(clusters, first)
    assert second.writing is None
    await world.acknowledge(clusters, first, told)
    told = await world.write(routes, second)
    await world.acknowledge(routes, second, told)
    assert first.writing is None
    await world.clock.advance(Policy().removal_grace)
    told = await world.write(clusters, first)
    assert isinstance(told, DeltaResponse)
    assert told.removed == ("a",)


SERVING = {CLUSTER.name: frozenset({"b"})}


async def clusters_and_another(world: World, row: ResourceType, *names: str) -> tuple[FakeStream, ServedClient]:
    """Have one connection ask for clusters, and another of the same node for each of these names on its own stream."""
    clusters, first = world.join(stream=SeparateStream())
    await world.ask(clusters, first, CLUSTER)
    await world.acknowledge(clusters, first, await world.write(clusters, first))
    others = [world.join(peer=OTHER_PEER, stream=SeparateStream()) for _ in names]
    for name, (other, stream) in zip(names, others, strict=True):
        await world.ask(other, stream, row, name)
        await world.acknowledge(other, stream, await world.write(other, stream))
    return first, others[0][0]


def removed(stream: FakeStream) -> tuple[str, ...]:
    assert isinstance(stream.writing, DeltaResponse)
    return stream.writing.removed


async def test_what_has_drained_on_one_connection_is_no_longer_kept_on_another() -> None:
    """Nothing but time tells the one with the clusters."""
    world = World(
        FakeFeed(resource("a"), resource("b"), resource("l", row=LISTENER, references=SERVING)),
        policy=Policy(removal_grace=0.0, drain_grace=10.0),
    )
    first, listeners = await clusters_and_another(world, LISTENER, "*")
    (second,) = (each for each in world.streams if each is not first)
    world.feed.publish(resource("a"), resource("l", "2", row=LISTENER))
    await world.settle()
    await world.acknowledge(listeners, second, await world.write(listeners, second))
    await world.clock.advance(9.0)
    assert first.writing is None, "its old connections may still use the cluster"
    await world.clock.advance(1.0)
    await world.settle()
    assert removed(first) == ("b",)


async def test_what_is_settled_without_a_word_on_one_connection_is_no_longer_kept_on_another() -> None:
    routes = resource("r", row=ROUTE_CONFIGURATION), resource("s", row=ROUTE_CONFIGURATION, references=SERVING)
    world = World(FakeFeed(resource("a"), resource("b"), *routes), policy=Policy(removal_grace=0.0, drain_grace=0.0))
    clusters, first = world.join(stream=SeparateStream())
    await world.ask(clusters, first, CLUSTER)
    await world.acknowledge(clusters, first, await world.write(clusters, first))
    other, second = world.join(peer=OTHER_PEER, stream=SeparateStream())
    for nonce in ("", "1"):
        asked = SotwRequest(type=ROUTE_CONFIGURATION, names=("r", "s"), nonce=nonce)
        other.receive(second, asked, variant=Variant.SOTW)
        await world.settle()
        if not nonce:
            assert (await world.write(other, second)).nonce == "1"
    world.feed.publish(resource("a"), routes[0])
    await world.settle()
    assert second.writing is None, "state of the world has no words for a route that is gone"
    assert removed(first) == ("b",)


async def test_a_stream_that_closes_on_one_connection_keeps_nothing_on_another() -> None:
    routes = resource("r", row=ROUTE_CONFIGURATION), resource("s", row=ROUTE_CONFIGURATION, references=SERVING)
    world = World(FakeFeed(resource("a"), resource("b"), *routes), policy=Policy(removal_grace=0.0, drain_grace=0.0))
    first, other = await clusters_and_another(world, ROUTE_CONFIGURATION, "r", "s")
    world.feed.publish(resource("a"), *routes)
    await world.settle()
    assert first.writing is None, "a route uses the cluster"
    world.clients.leave(other, world.streams[-1])
    await world.settle()
    assert removed(first) == ("b",)


@pytest.mark.parametrize("variant", Variant)
async def test_a_request_costs_what_it_changes_and_not_what_was_asked_for_before(
    monkeypatch: pytest.MonkeyPatch, variant: Variant
) -> None:
    """A gateway that adds one host after the other behaves, however many it has."""
    monkeypatch.setattr(conduct, "A_TOKEN_OF_NAMES", 1)
    monkeypatch.setattr(conduct, "BURST", 200)
    world = World(FakeFeed(resource("a")))
    client, stream = world.join()
    names = tuple(f"host-{number:02}" for number in range(60))

    def ask(*names: str, before: int) -> float:
        if variant is Variant.DELTA:
            return client.receive(
                stream, DeltaRequest(type=CLUSTER_LOAD_ASSIGNMENT, subscribe=names[before:]), variant=variant
            )
        return client.receive(stream, SotwRequest(type=CLUSTER_LOAD_ASSIGNMENT, names=names), variant=variant)

    assert not any(ask(*names[: number + 1], before=number) for number in range(60))
    assert ask(*names, *map(str, range(200)), before=60), "many at once cost much"
