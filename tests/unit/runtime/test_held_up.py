"""What waits at Envoys for something that they refuse, and what is told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.model.objects import ObjectKey
from legation.model.problems import Level
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.runtime.held_up import held_up
from tests.fakes import FakeClient
from tests.small_world import cluster, resource
from tests.unit.runtime.test_feedback import World

OWNER = ObjectKey("bootes.io", "Route", "default", "shop")
GUEST = ObjectKey("legation.dev", "Upstream", "default", "v2")
NAMED = (ROUTE_CONFIGURATION, "shop", OWNER)


def routes(version: int, *clusters: str) -> Resource:
    return replace(resource(ROUTE_CONFIGURATION, "shop", version, ((CLUSTER, clusters),)), origin=OWNER)


def guest(version: int = 1) -> Resource:
    return replace(cluster("v2", version), origin=GUEST)


@pytest.fixture
def world() -> World:
    return World()


def has_first(world: World, name: str) -> FakeClient:
    """Return a client that has accepted routes without the guest."""
    client = FakeClient(world.hub, name)
    client.subscribe(CLUSTER)
    client.subscribe(ROUTE_CONFIGURATION)
    world.publish(cluster("v1"), routes(1, "v1"))
    client.take(CLUSTER)
    client.take(ROUTE_CONFIGURATION)
    return client


def test_the_owner_is_told_at_how_many_envoys_a_resource_waits_for_what_they_refuse(world: World) -> None:
    one, two, three = (has_first(world, each) for each in ("one", "two", "three"))
    world.publish(cluster("v1"), guest(), routes(2, "v1", "v2"))
    assert not held_up(world.feedback.accounts)
    one.refuse(one.is_sent(CLUSTER), "no")
    three.take(CLUSTER)
    told = held_up(world.feedback.accounts)[NAMED].problem
    assert (told.code, told.level, told.object) == ("held-up", Level.WARNING, OWNER)
    assert told.message == (
        'RouteConfiguration "shop" waits at 1 Envoy for Cluster "v2" of Upstream default/v2, which it refuses'
    )
    assert told.mend == "what was accepted before goes on there; mend or delete Upstream default/v2"
    two.refuse(two.is_sent(CLUSTER), "no")
    told = held_up(world.feedback.accounts)[NAMED].problem
    assert told.message == (
        'RouteConfiguration "shop" waits at 2 Envoys for Cluster "v2" of Upstream default/v2, which they refuse'
    )


def test_nothing_is_told_when_the_resource_waits_no_more(world: World) -> None:
    client = has_first(world, "edge")
    world.publish(cluster("v1"), guest(), routes(2, "v1", "v2"))
    client.refuse(client.is_sent(CLUSTER), "no")
    assert held_up(world.feedback.accounts)
    world.publish(cluster("v1"), guest(), routes(3, "v1"))
    assert not held_up(world.feedback.accounts)
    world.publish(cluster("v1"), guest(2), routes(2, "v1", "v2"))
    assert not held_up(world.feedback.accounts)


def test_who_goes_on_with_an_older_version_of_what_it_refuses_waits_for_nothing(world: World) -> None:
    client = has_first(world, "edge")
    world.publish(cluster("v1"), guest(), routes(1, "v1"))
    client.take(CLUSTER)
    world.publish(cluster("v1"), guest(2), routes(2, "v1", "v2"))
    client.refuse(client.is_sent(CLUSTER), "no")
    assert not held_up(world.feedback.accounts)


def test_who_has_nothing_yet_gets_what_there_is_and_waits_for_nothing(world: World) -> None:
    client = FakeClient(world.hub, "edge")
    client.subscribe(CLUSTER)
    client.subscribe(ROUTE_CONFIGURATION)
    world.publish(guest(), routes(1, "v2"))
    client.refuse(client.is_sent(CLUSTER), "no")
    assert not held_up(world.feedback.accounts)


def test_where_nobody_can_say_which_of_several_is_refused_that_is_said(world: World) -> None:
    client = has_first(world, "edge")
    world.publish(cluster("v1"), guest(), cluster("v3"), routes(2, "v1", "v2"))
    client.refuse(client.is_sent(CLUSTER), "no")
    told = held_up(world.feedback.accounts)[NAMED].problem
    assert told.message.endswith("Upstream default/v2, which it refuses, alone or together with others")
