"""Polls as streams: what a version says, how long a poll is held, and when a client is gone."""

from __future__ import annotations

import asyncio

import pytest

from legation.errors import RemoteProtocolError
from legation.model.events import Accepted, Refused
from legation.model.node import Peer
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from legation.transports.base import Refusal
from legation.transports.rest_stream import UNSAID
from tests.unit.transports.loopback import resource
from tests.unit.transports.rest_world import IDLE, held, rest_world

WEB = resource("web")
NEWER = resource("web", "2")


async def test_the_version_of_a_response_in_the_next_poll_is_its_ack() -> None:
    """And there is nothing new then."""
    with rest_world(WEB) as world:
        first = await world.news()
        assert held(first) == ["web"]
        assert await world.ask(version=first.version) is None
        accepted = [each for each in world.feed.seats[0].events if isinstance(each, Accepted)]
        assert [each.version for each in accepted] == [first.version]
        world.feed.publish(NEWER)
        assert (await world.news(version=first.version)).version != first.version


async def test_error_detail_is_a_nack_and_the_same_is_not_said_again() -> None:
    """Also where the client says the nonce and the version that it refuses."""
    with rest_world(WEB) as world:
        first = await world.news()
        await world.ask(version=first.version)
        world.feed.publish(NEWER)
        second = await world.news(version=first.version)
        assert await world.ask(version=first.version, error="Cluster web is bad") is None
        refused = [each for each in world.feed.seats[0].events if isinstance(each, Refused)]
        assert [(each.version, each.message) for each in refused] == [(second.version, "Cluster web is bad")]
        assert await world.ask(version=first.version, error="Cluster web is bad") is None
        world.feed.publish(resource("web", "3"))
        third = await world.news(version=first.version, nonce=second.nonce)
        assert [each.body for each in third.resources] == [b"3"]


async def test_what_is_not_taken_is_said_once_more_and_then_refused() -> None:
    """Envoy's own client does not say that it refuses; one that lost a response says the same."""
    with rest_world(WEB) as world:
        first = await world.news()
        await world.ask(version=first.version)
        world.feed.publish(NEWER)
        second = await world.news(version=first.version)
        again = await world.news(version=first.version)
        assert again == second
        assert await world.ask(version=first.version) is None
        refused = [each for each in world.feed.seats[0].events if isinstance(each, Refused)]
        assert [(each.version, each.message) for each in refused] == [(second.version, UNSAID)]
        world.feed.publish(resource("web", "3"))
        third = await world.news(version=first.version)
        assert await world.ask(version=third.version) is None


async def test_a_response_that_was_lost_is_accepted_the_second_time() -> None:
    """The doubt is over then: the next loss is met with patience again."""
    with rest_world(WEB) as world:
        version = ""
        for content in ("2", "3"):
            world.feed.publish(resource("web", content))
            lost = await world.news(version=version)
            assert (await world.news(version=version)).version == lost.version
            version = lost.version
            assert await world.ask(version=version) is None
        assert not [each for each in world.feed.seats[0].events if isinstance(each, Refused)]


async def test_a_version_that_was_never_said_here_begins_a_stream_anew() -> None:
    """The client stays the same one."""
    with rest_world(WEB) as world:
        first = await world.news()
        assert held(await world.news(version="of another server")) == ["web"]
        assert len(world.feed.seats) == 1
        assert await world.ask(version=first.version) is None
        # It started anew.
        assert held(await world.news()) == ["web"]
        assert not world.feed.left


async def test_types_and_names_are_streams_of_one_client() -> None:
    """So what a route needs goes before the route, whoever polls first."""
    routes = resource("shop", row=ROUTE_CONFIGURATION, references={"Cluster": frozenset({"web"})})
    hosts = resource("web", row=CLUSTER_LOAD_ASSIGNMENT)
    with rest_world() as world:
        empty = await world.news()
        assert await world.ask(version=empty.version) is None
        assert await world.ask("shop", row=ROUTE_CONFIGURATION) is None
        world.feed.publish(WEB, routes, hosts)
        assert await world.ask("shop", row=ROUTE_CONFIGURATION) is None
        clusters = await world.news(version=empty.version)
        assert held(clusters) == ["web"]
        await world.ask(version=clusters.version)
        assert held(await world.news("web", row=CLUSTER_LOAD_ASSIGNMENT)) == ["web"]
        await world.clock.advance(1.0)
        assert held(await world.news("shop", row=ROUTE_CONFIGURATION)) == ["shop"]
        assert len(world.feed.seats) == 1
        assert sorted(world.polls.labels()) == [
            ("Cluster", "rest"),
            ("ClusterLoadAssignment", "rest"),
            ("RouteConfiguration", "rest"),
        ]


async def test_a_poll_is_held_until_there_is_news() -> None:
    """As long as its client waits."""
    with rest_world(WEB) as world:
        first = await world.news()
        poll = world.poll(version=first.version, patience=10.0)
        await world.clock.advance(9.0)
        assert not poll.task.done()
        world.feed.publish(NEWER)
        assert await poll.result() is not None


async def test_a_poll_that_is_held_in_vain_is_told_that_nothing_is_new() -> None:
    """At the end of the client's patience."""
    with rest_world(WEB) as world:
        first = await world.news()
        poll = world.poll(version=first.version, patience=10.0)
        await world.clock.advance(9.9)
        assert not poll.task.done()
        await world.clock.advance(0.2)
        assert await poll.result() is None


async def test_before_the_sources_are_synced_nothing_is_said() -> None:
    """A poll is held, and a client without patience is told that nothing is new; it has everything afterwards."""
    with rest_world() as world:
        world.feed.snapshot = None
        assert await world.ask() is None
        poll = world.poll(patience=10.0)
        await asyncio.sleep(0)
        world.feed.publish(WEB)
        first = await poll.result()
        assert first is not None
        assert held(first) == ["web"]


async def test_what_a_client_that_hung_up_did_not_hear_is_said_to_the_next_poll() -> None:
    """Nothing is written to nobody."""
    with rest_world(WEB) as world:
        first = await world.news()
        poll = world.poll(version=first.version, patience=10.0)
        await asyncio.sleep(0)
        await poll.hang_up()
        world.feed.publish(NEWER)
        second = await world.news(version=first.version)
        assert await world.ask(version=second.version) is None


async def test_two_envoys_of_one_name_on_one_host_get_the_same() -> None:
    """Nobody can tell them apart."""
    with rest_world(WEB) as world:
        first = await world.news()
        assert (await world.news()).version == first.version
        assert await world.ask(version=first.version) is None
        assert await world.ask(version=first.version) is None
        polls = [world.poll(version=first.version, patience=10.0) for _ in range(2)]
        await asyncio.sleep(0)
        world.feed.publish(NEWER)
        one, other = [await poll.result() for poll in polls]
        assert one == other is not None


async def test_nodes_and_hosts_are_clients_of_their_own() -> None:
    """An id that is used twice, on two hosts, is two clients."""
    with rest_world(WEB) as world:
        await world.ask()
        await world.ask(node="other")
        await world.ask(peer=Peer(address="ipv4:10.0.0.2", transport="rest"))
        assert world.polls.clients == 3


async def test_who_does_not_poll_any_more_is_forgotten() -> None:
    """Stream by stream, and the client with the last."""
    with rest_world(WEB) as world:
        first = await world.news()
        assert await world.ask("web", row=CLUSTER_LOAD_ASSIGNMENT) is None
        await world.clock.advance(IDLE - 1)
        await world.ask(version=first.version)
        await world.clock.advance(2)
        assert list(world.polls.labels()) == [("Cluster", "rest")]
        assert not world.feed.left
        await world.clock.advance(IDLE)
        assert list(world.polls.labels()) == []
        assert world.polls.clients == 0
        assert len(world.feed.left) == 1


async def test_a_held_poll_keeps_its_client() -> None:
    """However long it is held."""
    with rest_world(WEB) as world:
        first = await world.news()
        poll = world.poll(version=first.version, patience=10 * IDLE)
        await world.clock.advance(5 * IDLE)
        assert world.polls.clients == 1
        world.feed.publish(NEWER)
        assert await poll.result() is not None


async def test_at_the_end_every_held_poll_is_answered() -> None:
    """And every place in the feed is given back."""
    with rest_world(WEB) as world:
        first = await world.news()
        polls = [world.poll(version=first.version, patience=1000.0), world.poll(node="b", version="?", patience=9.0)]
        await asyncio.sleep(0)
        world.polls.close()
        assert await polls[0].result() is None
        await polls[1].result()
        assert not world.feed.seats


async def test_who_is_not_admitted_hears_why() -> None:
    """And leaves nothing behind."""
    with rest_world(WEB) as world:
        world.feed.refused["edge"] = Refusal("PERMISSION_DENIED", "no")
        with pytest.raises(Refusal, match="no"):
            await world.ask()
        assert world.polls.clients == 0
        assert list(world.polls.labels()) == []


async def test_a_client_that_is_dismissed_hears_why_at_every_poll_that_is_held() -> None:
    """And comes again as a new one."""
    with rest_world() as world:
        world.feed.snapshot = None
        polls = [world.poll(row=row, patience=10.0) for row in (CLUSTER, LISTENER)]
        await world.clock.advance(0)
        (seat,) = world.feed.seats
        seat.client.dismiss("NOT_FOUND", "no Pod")
        for poll in polls:
            with pytest.raises(RemoteProtocolError, match="no Pod") as told:
                await poll.result()
            assert told.value.status == "NOT_FOUND"
        await world.clock.advance(0)
        assert world.feed.left == [seat]
        assert await world.ask() is None
        assert len(world.feed.seats) == 1


async def test_a_bug_ends_the_streams_of_its_client_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """The next poll finds everything new."""
    with rest_world(WEB) as world:
        await world.ask(node="other")
        first = await world.news()
        world.feed.seats[1].broken = True
        with pytest.raises(RemoteProtocolError, match="internal error"):
            await world.ask(version=first.version)
        await asyncio.sleep(0)
        assert world.polls.clients == 1
        assert held(await world.news()) == ["web"]
    assert "client failed" in capsys.readouterr().out


async def test_only_clusters_are_told_to_who_asks_for_clusters() -> None:
    """The path says the type."""
    with rest_world(WEB, resource("front", row=ROUTE_CONFIGURATION)) as world:
        assert {each.type for each in (await world.news()).resources} == {CLUSTER}


@pytest.mark.parametrize("crowd", [2, 20])
async def test_nobody_waits_for_the_poll_of_another(crowd: int) -> None:
    """Each comes in its own time, and that of a resource that the client does not need any more never comes."""
    names = [f"web-{number:02}" for number in range(crowd)]
    row = CLUSTER_LOAD_ASSIGNMENT
    with rest_world(*(resource(name, row=row) for name in names)) as world:
        versions = {name: (await world.news(name, row=row)).version for name in names}
        for name in names:
            await world.ask(name, row=row, version=versions[name])
        world.feed.publish(
            *(resource(name, "2", row=row) for name in names), resource("front", row=ROUTE_CONFIGURATION)
        )
        assert held(await world.news("front", row=ROUTE_CONFIGURATION)) == ["front"]
        for name in reversed(names):
            assert held(await world.news(name, row=row, version=versions[name])) == [name]


class Bug(Exception):
    """None that anybody expects."""


@pytest.mark.parametrize("version", ["", "another"], ids=["first", "anew"])
async def test_a_poll_that_fails_leaves_no_stream_behind(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Nor the one that it was to replace."""

    def fail(_: object) -> None:
        raise Bug

    with rest_world(WEB) as world:
        row = CLUSTER_LOAD_ASSIGNMENT
        await world.ask()
        if version:
            await world.ask("web", row=row)
        monkeypatch.setattr(world.feed.seats[0], "report", fail)
        for _ in range(2):
            with pytest.raises(Bug):
                await world.ask("web", row=row, version=version)
        assert list(world.polls.labels()) == [("Cluster", "rest")]
        monkeypatch.undo()
        for _ in range(3):
            await world.clock.advance(IDLE)
        assert world.polls.clients == 0
        assert not world.feed.seats
