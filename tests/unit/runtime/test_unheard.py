"""Whose notes are left out, and why: what Envoys refuse of an object, and what it needs and is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from legation.model.problems import Level
from legation.model.resource import Name, Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.runtime.item import Item
from legation.runtime.last_good import Readings
from legation.runtime.read import Reading, read
from legation.runtime.unheard import Unheard
from legation.translate.by_name import Fault
from tests.manifests import cluster
from tests.unit.runtime.test_feedback import World as Hubs
from tests.unit.translate.upstreams import upstream

ECHO = (CLUSTER_LOAD_ASSIGNMENT, "default/echo:http")


class World:
    """Objects, and whether there is what they name."""

    def __init__(self) -> None:
        self.there = True
        self.asked: list[Name] = []
        self.unheard = Unheard(absent=self._absent)
        self.readings: Readings = {}

    def _absent(self, _item: Item, name: Name) -> Fault | None:
        self.asked.append(name)
        return None if self.there else Fault(code="no-service", message="there is none", mend="make one")

    def look(self, *readings: Reading) -> bool:
        self.readings = {each.manifest.key: each for each in readings}
        return self.unheard.look(self.readings)


@pytest.fixture
def world() -> World:
    return World()


def guest(**spec: Any) -> Reading:
    service = {"name": "echo", "port": "http"}
    return read(upstream(**{"weight": 1, "routes": [{"name": "r"}], "service": service, **spec}))


def test_who_names_what_is_not_there_is_left_out_as_long_as_it_is_not(world: World) -> None:
    one = guest()
    assert not world.look(one)
    world.there = False
    assert world.look(one)
    assert not world.look(one)
    (problem,) = world.unheard.now.values()
    assert (problem.code, problem.level, problem.object) == ("not-heard", Level.WARNING, one.manifest.key)
    assert problem.path == ("spec", "service")
    assert (problem.message, problem.mend) == (
        "what it says of the resources of others is left out: there is none",
        "make one",
    )
    world.there = True
    assert world.look(one)
    assert not world.unheard.now


def test_nothing_is_asked_of_objects_without_notes(world: World) -> None:
    world.there = False
    assert not world.look(read(cluster("v1")), guest(weight=0))
    assert not world.asked


def refused_by(hubs: Hubs, world: World, *resources: Resource) -> bool:
    """Have a client refuse the last of these, and say whether something else may be left out for it."""
    hubs.publish(*resources)
    client = hubs.client("edge")
    sent = client.is_sent(CLUSTER)
    client.refuse(sent, "no", [replace(resources[-1])])
    (account,) = hubs.feedback.accounts
    return world.unheard.hear(account, [account], world.readings)


@pytest.mark.parametrize("weight", [1, 0])
def test_who_makes_what_is_refused_is_left_out_if_it_has_notes(world: World, weight: int) -> None:
    one = guest(weight=weight)
    world.look(one)
    assert refused_by(Hubs(), world, *(each.resource for each in one.items)) == bool(weight)
    assert world.look(one) == bool(weight)
    if weight:
        (problem,) = world.unheard.now.values()
        assert problem.message.endswith('an Envoy refuses its Cluster "v2", and none has accepted any version of it')
        # Others that are looked at meanwhile change nothing of what is known.
        assert world.unheard.among({one.manifest.key: one}) == world.unheard.now
        assert world.look(guest(cluster={"connect_timeout": "1s"}))
        assert not world.unheard.now
