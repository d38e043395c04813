"""What is told of resources that Envoys refuse."""

from __future__ import annotations

from legation.model.events import WhyParked
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.proxy_status import RefusedResource
from legation.model.resource_types import CLUSTER
from legation.runtime.refused import at_its_field, named_problem, unnamed_problem, with_others
from tests.manifests import cluster

KEY = ObjectKey("bootes.io", "Cluster", "shop", "web")
PROBLEM = Problem(
    code="refused", message='Cluster "web" is refused by 1 of 1 Envoys: malformed: no.address', object=KEY
)


def refused(
    words: str, name: str = "web", origin: ObjectKey | None = KEY, *, parked: WhyParked | None = None
) -> RefusedResource:
    return RefusedResource(type=CLUSTER, name=name, version="1", words=words, origin=origin, parked=parked)


def split(name: str) -> ObjectKey:
    return ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", name)


def test_words_that_all_say_are_told_once() -> None:
    problem = named_problem([refused("no"), refused("no")], told=3)
    assert problem.message == 'Cluster "web" is refused by 2 of 3 Envoys: no'
    assert problem.object == KEY


def test_of_different_words_it_is_told_how_many_envoys_say_them_the_most_first() -> None:
    many = [refused(words) for words in ("b", "a", "a", "c", "d", "e")]
    problem = named_problem(many, told=6)
    assert problem.message.endswith("by 6 of 6 Envoys: a (2); b (1); c (1); and 2 more reasons")


def test_programs_that_alone_refuse_are_told() -> None:
    problem = named_problem([refused("no")], told=2, agents={"envoy 1.30.1"})
    assert "by 1 of 2 Envoys (all of envoy 1.30.1): no" in problem.message


def test_suspects_of_several_objects_are_told_with_these() -> None:
    other = KEY._replace(name="other")
    some = [refused("no", "b", other, parked=WhyParked.UNTOLD), refused("no", "a", parked=WhyParked.UNTOLD)]
    problem = unnamed_problem(some)
    assert problem.object is None
    assert problem.mend == "look at a (Cluster shop/web), b (Cluster shop/other)"


def test_the_field_that_the_words_quote_is_told() -> None:
    manifest = cluster("web", config={"name": "web", "hosts": [{"address": "no.address"}]})
    found = at_its_field(PROBLEM, manifest=manifest, path=("spec", "config"), name="web")
    assert found.path == ("spec", "config", "hosts", 0, "address")


def test_a_resource_that_stands_nowhere_in_its_object_keeps_its_place() -> None:
    found = at_its_field(PROBLEM, manifest=cluster("web"), path=("spec", "listeners", 3), name="web")
    assert found.path == ("spec", "listeners", 3)


def test_who_else_says_something_of_it_is_told() -> None:
    found = with_others(PROBLEM, amended_by=[split("b"), split("a")])
    assert found.mend == "TrafficSplit shop/a, TrafficSplit shop/b say something of it, too"
    many = with_others(PROBLEM, named_by=[split(f"s{number}") for number in range(7)])
    assert many.mend.endswith("TrafficSplit shop/s4, and 2 more name it")
    assert with_others(PROBLEM, named_by=[split("a")]).mend == "TrafficSplit shop/a names it"
    assert with_others(PROBLEM) == PROBLEM
