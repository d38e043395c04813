"""Where the fields of objects stand, which the source is asked once."""

from __future__ import annotations

from dataclasses import replace

from legation.model.objects import ManifestObject, Place
from legation.model.problems import Problem
from legation.runtime.places import Places
from tests.fakes import FakeSource
from tests.manifests import cluster

WEB = cluster("web", line=3)
PATH = ("spec", "config")


def wrong(manifest: ManifestObject) -> Problem:
    return Problem(code="x", message="it is wrong", object=manifest.key, place=manifest.place, path=PATH)


class World:
    """One source, which has the objects `web`."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.places = Places(lambda key: self.source if key == WEB.key else None)

    def locate(self, problem: Problem, *objects: ManifestObject) -> Problem:
        (found,) = self.places.locate((problem,), {each.key: each for each in objects})
        return found


def test_a_problem_gets_the_place_of_its_field() -> None:
    assert World().locate(wrong(WEB), WEB).place == Place("a.yaml", 13, 1)


def test_the_source_is_asked_once_while_the_object_stays_there() -> None:
    world = World()
    first = world.locate(wrong(WEB), WEB)
    asked = world.source.located.count((WEB.place, PATH))
    assert world.locate(wrong(WEB), WEB) is first
    assert world.source.located.count((WEB.place, PATH)) == asked == 1
    moved = replace(WEB, place=Place("a.yaml", 5, 1))
    assert world.locate(wrong(moved), moved).place == Place("a.yaml", 15, 1)


def test_a_problem_of_no_object_that_is_there_stays_as_it_is() -> None:
    world = World()
    for problem in (wrong(WEB), Problem(code="y", message="all is wrong")):
        assert world.locate(problem) is problem


def test_what_tells_its_own_place_keeps_it() -> None:
    told = replace(wrong(WEB), place=Place("a.yaml", 99, 1))
    assert World().locate(told, WEB) is told


def test_an_object_of_no_source_stands_where_it_begins() -> None:
    other = cluster("other")
    assert World().places.of(other, PATH) == other.place
    assert World().places.of(WEB, PATH) == Place("a.yaml", 13, 1)
