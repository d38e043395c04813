"""What is stored and not served yet: who asks what another object would do is told as if it were served."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

import pytest

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.model.stored import StoredObject
from legation.runtime.served import Served
from legation.runtime.upcoming import FOR
from legation.runtime.what_if import CLASHES
from tests.unit.runtime.test_what_if import CROSS, NEW, OLD, about, cluster, heard, listener, route


def at(version: int, manifest: ManifestObject) -> ManifestObject:
    """Return an object as it is stored by a change of that number."""
    metadata = {**manifest.metadata, "resourceVersion": str(version)}
    return replace(manifest, body={**manifest.body, "metadata": metadata})


def codes(problems: Iterable[Problem], among: Collection[str] = CLASHES) -> list[str]:
    return [each.code for each in problems if each.code in among]


class World:
    """What is served, and who stores something."""

    def __init__(self, *objects: ManifestObject) -> None:
        self.time = 1000.0
        self.served = Served(owner=lambda _: None, unix_time=lambda: self.time)
        self.served.update(heard(objects))

    @property
    def left(self) -> int:
        return len(self.served.upcoming)

    def asked(self, *manifests: ManifestObject, among: Collection[str] = CLASHES) -> list[str]:
        """Return the codes of what would be wrong, as far as they are among these."""
        return [each for it in self.served.what_if(soon=True).together(manifests) for each in codes(it, among)]

    def expect(self, *manifests: ManifestObject) -> None:
        """Ask about objects, and say that they are stored next."""
        assert self.asked(*manifests) == []
        self.served.upcoming.expect(manifests)

    def stored(self, *manifests: ManifestObject) -> None:
        self.expect(*manifests)
        self.served.upcoming.keep(manifests)

    def deleted(self, manifest: ManifestObject) -> None:
        self.served.upcoming.lose([StoredObject(key=manifest.key, body=manifest.body)])


def test_what_is_about_to_be_stored_has_its_address_already() -> None:
    world = World()
    world.expect(listener("front", created=OLD))
    told = world.served.what_if(soon=True).problems(listener("back", created=NEW))
    [(message, level)] = about(told, *CLASHES)
    assert level is Level.ERROR
    assert message.endswith('tcp 127.0.0.1:10000 of the Listener "front" of Listener shop/front, which came first')


def test_a_name_is_taken_as_well() -> None:
    world = World()
    world.expect(cluster("web", created=OLD))
    assert world.asked(cluster("web", of="other", created=NEW)) == ["duplicate-name"]


def test_who_only_asks_takes_nothing() -> None:
    world = World()
    assert world.asked(listener("front", created=OLD)) == []
    assert world.asked(listener("back", created=NEW)) == []


def test_what_is_referred_to_is_there_already() -> None:
    world = World()
    assert world.asked(route("all", "web"), among=CROSS) == ["dangling-reference"]
    world.expect(cluster("web"))
    assert world.asked(route("all", "web"), among=CROSS) == []


def test_what_will_be_another_counts_as_that() -> None:
    world = World(at(1, listener("front", port=1, created=OLD)))
    world.stored(at(2, listener("front", port=2, created=OLD)))
    assert world.asked(listener("back", port=1, created=NEW)) == []
    assert world.asked(listener("back", port=2, created=NEW)) == ["duplicate-address"]
    world.stored(listener("back", port=1, created=NEW))
    assert world.asked(listener("third", port=1, created="2026-08-01T00:00:00Z")) == ["duplicate-address"]


def test_who_goes_back_to_what_is_served_is_looked_at() -> None:
    world = World(at(1, listener("front", port=1, created=NEW)))
    world.stored(at(2, listener("front", port=2, created=NEW)))
    world.stored(at(3, listener("back", port=1, created=OLD)))
    assert world.asked(listener("front", port=1, created=NEW)) == ["duplicate-address"]


def test_what_is_deleted_has_nothing_any_more() -> None:
    first = at(1, listener("front", created=OLD))
    world = World(first)
    assert world.asked(listener("back", created=NEW)) == ["duplicate-address"]
    world.deleted(first)
    assert world.asked(listener("back", created=NEW)) == []


def test_when_it_is_served_it_is_not_remembered() -> None:
    first, world = at(1, cluster("web")), World()
    world.stored(first)
    world.served.update(heard([at(2, cluster("other"))]))
    assert world.left == 1
    world.served.update(heard([at(2, cluster("other")), first]))
    assert world.left == 0
    assert world.asked(cluster("web", of="third", created=NEW)) == ["duplicate-name"]


def test_what_is_served_when_it_is_found_to_be_stored_is_not_remembered() -> None:
    first, world = at(1, cluster("web")), World()
    world.expect(first)
    world.served.update(heard([first]))
    assert world.left == 1
    world.served.upcoming.keep([first])
    assert world.left == 0


def test_a_deletion_is_remembered_until_it_is_heard_of() -> None:
    first = at(1, cluster("web"))
    world = World(first)
    world.deleted(first)
    world.served.update(heard([first, at(2, cluster("other"))]))
    assert world.left == 1
    world.served.update(heard([at(2, cluster("other"))]))
    assert world.left == 0


def test_a_deletion_counts_of_what_was_not_served_as_it_was_then() -> None:
    first = at(1, listener("front", port=1))
    world = World(first)
    second = at(2, listener("front", port=2))
    world.stored(second)
    world.deleted(second)
    assert world.asked(listener("back", port=1, created=NEW)) == []
    world.served.update(heard([first, at(3, cluster("other"))]))
    assert world.left == 1


def test_what_comes_after_a_deletion_is_not_held_against_it() -> None:
    first = at(1, cluster("web", created=OLD))
    world = World(first)
    world.deleted(first)
    world.stored(at(3, cluster("web", created=OLD)))
    assert world.asked(cluster("web", of="other", created=NEW)) == ["duplicate-name"]


def test_what_is_not_stored_after_all_is_forgotten() -> None:
    world, one, other = World(), cluster("web"), cluster("web")
    world.expect(one)
    world.expect(other)
    world.served.upcoming.forget([one])
    assert world.left == 1
    world.served.upcoming.forget([other])
    assert world.left == 0
    assert world.asked(cluster("web", of="third", created=NEW)) == []


def test_what_is_the_same_to_others_as_what_is_served_is_not_remembered() -> None:
    """Most changes are of hosts, and there are very many."""
    world = World(at(1, cluster("web")))
    world.expect(at(2, cluster("web")))
    assert world.left == 0


def test_a_file_that_has_it_counts() -> None:
    world = World()
    world.stored(at(1, cluster("web")))
    world.served.update(heard([cluster("web")]))
    assert world.left == 0


@pytest.mark.parametrize("take", [World.expect, World.stored])
def test_what_is_never_served_is_given_up(take: Callable[[World, ManifestObject], None]) -> None:
    """Somebody else has deleted it meanwhile, or nobody knows whether it was stored."""
    world = World()
    take(world, at(1, cluster("web", created=OLD)))
    other = cluster("web", of="other", created=NEW)
    world.time += FOR - 1
    assert world.asked(other) == ["duplicate-name"]
    world.time += 1
    assert world.asked(other) == []


def test_who_asks_from_another_thread_is_told_of_what_is_served() -> None:
    world = World()
    world.expect(cluster("web", created=OLD))
    assert codes(world.served.what_if().problems(cluster("web", of="other", created=NEW))) == []


# In any order


class Storing:
    """Who stores and deletes objects one after the other, with or without a pause in which they come to be served."""

    def __init__(self, *, pauses: bool) -> None:
        self.world = World()
        self.pauses = pauses
        self.there: dict[ObjectKey, ManifestObject] = {}
        self.version = 0

    def put(self, manifest: ManifestObject) -> list[tuple[str, Level]]:
        """Store an object if nothing stands against it, and return what is wrong with it."""
        self.version += 1
        known = self.there.get(manifest.key)
        made = replace(at(self.version, manifest), created=known.created if known else f"{self.version:04}")
        problems = self.world.served.what_if(soon=True).problems(made)
        if not any(each.level is Level.ERROR for each in problems):
            self.world.served.upcoming.expect([made])
            self.there[made.key] = made
            self.world.served.upcoming.keep([made])
            self._pause()
        return sorted((each.code, each.level) for each in problems)

    def delete(self, key: ObjectKey) -> None:
        self.world.deleted(self.there.pop(key))
        self._pause()

    def _pause(self) -> None:
        if self.pauses:
            self.world.served.update(heard(self.there.values()))
            assert self.world.left == 0


def any_object(chance: random.Random) -> ManifestObject:
    name = chance.choice("abcd")
    match chance.randrange(3):
        case 0:
            return cluster(chance.choice("abcd"), of=name)
        case 1:
            return listener(chance.choice("abcd"), chance.choice("xy"), port=chance.choice((1, 2, 3)), of=name)
    return route(chance.choice("xy"), chance.choice("abcd"), of=name)


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_are_the_same_whether_it_is_served_already(seed: int) -> None:
    chance = random.Random(seed)
    at_once, slowly = Storing(pauses=False), Storing(pauses=True)
    for number in range(60):
        if slowly.there and chance.random() < 0.25:
            key = chance.choice(sorted(slowly.there))
            at_once.delete(key)
            slowly.delete(key)
        else:
            manifest = any_object(chance)
            assert at_once.put(manifest) == slowly.put(manifest)
        assert at_once.there.keys() == slowly.there.keys()
        if number % 20 == 19:
            at_once.world.served.update(heard(at_once.there.values()))
            assert at_once.world.left == 0
