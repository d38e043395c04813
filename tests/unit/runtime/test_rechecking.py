"""What is found out again at a check, and what is not."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

from legation.envoy import whereabouts as looking
from legation.model.objects import ManifestObject
from legation.runtime import dangling
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.read import read
from legation.runtime.rechecking import Rechecking
from tests.unit.runtime.by_name_world import cluster, eds

if TYPE_CHECKING:
    import pytest


class Thing:
    """Something that is checked."""


def ask(known: Rechecking, key: Thing, found: list[str]) -> str:
    def find() -> str:
        found.append("asked")
        return f"answer {len(found)}"

    return known.once(key, find)


def test_what_the_last_check_found_out_is_not_found_out_again() -> None:
    known, thing, found = Rechecking(), Thing(), list[str]()
    for _ in range(3):
        known.turn()
        assert [ask(known, thing, found) for _ in range(2)] == ["answer 1", "answer 1"]


def test_what_one_check_did_not_ask_for_is_forgotten() -> None:
    known, thing, found = Rechecking(), Thing(), list[str]()
    assert ask(known, thing, found) == "answer 1"
    known.turn()
    known.turn()
    assert ask(known, thing, found) == "answer 2"


def test_nothing_is_kept_alive_that_is_gone() -> None:
    known, thing = Rechecking(), Thing()
    ask(known, thing, [])
    gone = weakref.ref(thing)
    del thing
    known.turn()
    known.turn()
    gc.collect()
    assert gone() is None


def test_an_answer_that_is_nothing_is_one() -> None:
    known, calls = Rechecking(), list[str]()
    for _ in range(2):
        known.turn()
        assert known.once("it", lambda: calls.append("asked")) is None
    assert calls == ["asked"]


def test_where_a_name_stands_is_looked_for_once_while_its_resource_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def noted(*arguments: object) -> looking.Whereabouts:
        looked.append(str(arguments[0]))
        return looking.Whereabouts(path=("here",))

    monkeypatch.setattr(dangling, "whereabouts", noted)
    known = Rechecking()
    objects: list[ManifestObject] = [eds(name="one"), eds(name="two")]
    made = {each.key: read(each).items for each in objects}
    assembly = Assembly(made)
    first = check(assembly, known=known)
    assert len(first) == len(looked) == 2

    other = cluster("three", {})
    assembly = Assembly({**made, other.key: read(other).items}, previous=assembly)
    assert check(assembly, known=known) == first
    assert len(looked) == 2

    anew = eds(name="two", service_name="shop/other:http")
    assembly = Assembly({**made, anew.key: read(anew).items}, previous=assembly)
    assert check(assembly, known=known) != first
    assert len(looked) == 3
