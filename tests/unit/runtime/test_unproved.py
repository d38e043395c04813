"""What some Envoy refused and none ever accepted: it swings with nobody who comes and goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from legation.model.node import Scope
from legation.model.objects import ObjectKey
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.runtime.account import Account
from legation.runtime.item import Item
from legation.runtime.unproved import Unproved
from tests.fakes import FakeClient
from tests.manifests import manifest
from tests.small_world import cluster
from tests.unit.runtime.test_feedback import World as Hubs

GUEST = ObjectKey("legation.dev", "Upstream", "default", "v2")
OTHER = ObjectKey("legation.dev", "Upstream", "other", "v2")


def guest(version: int = 1, *, origin: ObjectKey = GUEST) -> Resource:
    return replace(cluster("v2", version), origin=origin)


class World(Hubs):
    """What is unproved is followed as what clients say changes, as the engine has it."""

    def __init__(self) -> None:
        super().__init__()
        self.unproved = Unproved()
        self.changes: list[frozenset[ObjectKey]] = []
        self.feedback.watchers[self._hear] = None

    def _hear(self, account: Account, *, afresh: bool) -> None:
        del afresh
        changed = self.unproved.hear(account, self.feedback.accounts.keys())
        if changed:
            self.changes.append(changed)

    def make(self, *resources: Resource) -> None:
        made = manifest("Upstream", "v2")
        items = [Item(resource=each, scope=Scope(namespace="default"), manifest=made) for each in resources]
        self.unproved.follow(lambda key: [each for each in items if each.resource.origin == key])
        self.publish(*resources)

    def refuses(self, client: FakeClient) -> None:
        client.refuse(client.is_sent(CLUSTER), "no")

    def has(self) -> bool:
        return list(self.unproved.of(GUEST)) == [(CLUSTER, "v2")]


@pytest.fixture
def world() -> World:
    return World()


def test_what_one_refuses_and_none_accepted_is_unproved_until_one_accepts_it(world: World) -> None:
    world.make(guest())
    one, two = world.client("one"), world.client("two")
    sent = two.is_sent(CLUSTER)
    world.refuses(one)
    assert world.has()
    two.accept(sent)
    assert not world.has()
    assert world.changes == [{GUEST}, {GUEST}]


def test_nothing_changes_when_those_who_refuse_it_come_and_go(world: World) -> None:
    world.make(guest())
    one = world.client("one")
    world.refuses(one)
    one.seat.leave()
    assert world.has()
    for name in ("one", "two"):
        world.refuses(world.client(name))
    world.make(guest())
    assert world.has()
    assert world.changes == [{GUEST}]


def test_another_version_is_tried_anew(world: World) -> None:
    world.make(guest())
    one = world.client("one")
    world.refuses(one)
    world.make(guest(2))
    assert not world.has()
    world.refuses(one)
    assert world.has()
    world.make()
    assert not world.has()


def test_of_what_was_accepted_once_no_later_version_is_unproved(world: World) -> None:
    world.make(guest())
    one, two = world.client("one"), world.client("two")
    one.take(CLUSTER)
    two.take(CLUSTER)
    world.make(guest(2))
    world.refuses(one)
    assert not world.has()
    two.seat.leave()
    one.seat.leave()
    world.refuses(world.client("three"))
    assert not world.has()
    # It begins anew when the object does.
    world.make()
    world.make(guest(2))
    world.refuses(world.client("four"))
    assert world.has()


def test_what_another_object_of_that_name_makes_proves_nothing(world: World) -> None:
    world.make(guest(origin=OTHER))
    one = world.client("one")
    one.take(CLUSTER)
    world.make(guest(2))
    world.refuses(world.client("two"))
    # The first has something of that name, so nothing waits there; it is to get this one.
    assert not world.has()


def test_where_nobody_can_say_who_is_to_blame_nothing_is_unproved(world: World) -> None:
    world.make(guest(), cluster("v1"))
    world.refuses(world.client("one"))
    assert not world.has()
