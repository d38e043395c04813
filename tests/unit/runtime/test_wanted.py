"""What Envoys ask for, and when it is forgotten."""

from __future__ import annotations

import pytest

from legation.model.resource import Name
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, ResourceType
from legation.runtime import wanted as module
from legation.runtime.wanted import Wanted, Wish
from legation.translate.by_name import Target


class World:
    """Names of Services, and who asks for which now."""

    def __init__(self) -> None:
        self.wanted = Wanted()
        self.asked: set[tuple[str, str]] = set()

    def ask(self, namespace: str, name: str, *, bare: bool = True) -> None:
        self.asked.add((namespace, name))
        self.wanted.add(namespace, eds(name), Wish(target=target(name), bare=bare))

    def is_asked_for(self, namespace: str, row: ResourceType, name: str) -> bool:
        assert row is CLUSTER_LOAD_ASSIGNMENT
        return (namespace, name) in self.asked

    def prune(self) -> bool:
        return self.wanted.prune(self.is_asked_for)


def eds(name: str) -> Name:
    return CLUSTER_LOAD_ASSIGNMENT, name


def target(name: str) -> Target:
    return Target(kind="Service", namespace="shop", name=name, rest="http")


@pytest.fixture
def world() -> World:
    return World()


def test_each_namespace_has_its_own(world: World) -> None:
    world.ask("shop", "a")
    world.ask("bank", "b", bare=False)
    assert world.wanted.of("shop") == {eds("a"): Wish(target=target("a"), bare=True)}
    assert world.wanted.of("bank")[eds("b")].bare is False
    assert world.wanted.of("nowhere") == {}
    assert [*world.wanted] == [("shop", eds("a")), ("bank", eds("b"))]
    assert world.wanted.targets() == {eds("a"): target("a"), eds("b"): target("b")}


def test_what_is_asked_for_is_never_forgotten(world: World) -> None:
    world.wanted._prune_at = 0
    world.ask("shop", "a")
    assert not world.prune()
    assert [*world.wanted] == [("shop", eds("a"))]


def test_what_nobody_asks_for_stays_while_it_is_little(world: World) -> None:
    """To find out costs a look at every Envoy for each name."""
    world.ask("shop", "a")
    world.asked.clear()
    assert not world.prune()
    assert [*world.wanted] == [("shop", eds("a"))]


def test_what_objects_referred_to_until_lately_is_forgotten_if_nobody_asks_for_it(world: World) -> None:
    world.ask("shop", "a")
    world.ask("shop", "b")
    a, b, c = (("shop", eds(name)) for name in "abc")
    world.wanted.refer((), {a, b, c})
    assert not world.wanted.may_be_over(a)
    world.wanted.refer({a, b, c}, ())
    assert [world.wanted.may_be_over(each) for each in (a, b, c)] == [True, True, False]
    world.asked.remove(("shop", "a"))
    assert world.prune()
    assert [*world.wanted] == [b]
    assert not world.wanted.may_be_over(a)
    world.wanted.refer((), {b})
    assert not world.wanted.may_be_over(b)


def test_when_it_is_much_all_of_it_is_looked_at(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    world.wanted._prune_at = 3
    for name in "abc":
        world.ask("shop", name)
    world.asked = {("shop", "b")}
    assert world.prune()
    assert [*world.wanted] == [("shop", eds("b"))]
    world.asked.clear()
    assert not world.prune()


def test_a_namespace_may_ask_for_so_much_that_no_object_refers_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    for name in ("a", "b", "c"):
        world.ask("shop", name)
    world.ask("shop", "referred", bare=False)
    world.ask("bank", "a")
    assert [*world.wanted] == [("shop", eds("a")), ("shop", eds("b")), ("shop", eds("referred")), ("bank", eds("a"))]
    assert [*world.wanted.full] == ["shop"]
    world.asked.remove(("shop", "a"))
    assert world.prune()
    assert [*world.wanted.full] == []
    world.ask("shop", "c")
    assert ("shop", eds("c")) in [*world.wanted]
