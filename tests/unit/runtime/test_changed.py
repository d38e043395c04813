"""Of which objects something is another one."""

from __future__ import annotations

from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.runtime.changed import Moment, ProblemIndex
from legation.runtime.read import Reading
from tests.manifests import cluster

A, B, C = cluster("a"), cluster("b"), cluster("c")
WRONG = Problem(code="x", message="it is wrong", object=A.key)


def moment(*objects: object, problems: tuple[Problem, ...] = ()) -> Moment:
    found = {each.key: each for each in (A, B, C) if each in objects}
    return Moment(objects=found, problems=problems)


def test_what_came_and_what_went_differs() -> None:
    assert moment(A, B).differing(moment(B, C)) == {A.key, C.key}
    assert moment(A, B).differing(moment(A, B)) == set()


def test_an_equal_object_that_is_another_one_differs() -> None:
    again = cluster("a")
    assert Moment(objects={A.key: again}).differing(Moment(objects={A.key: A})) == {A.key}


def test_another_reading_differs() -> None:
    before = Moment(objects={A.key: A}, readings={A.key: Reading(manifest=A)})
    assert Moment(objects={A.key: A}, readings={A.key: Reading(manifest=A)}).differing(before) == {A.key}


def test_other_problems_differ_and_those_of_no_object_are_nobodys() -> None:
    general = Problem(code="y", message="all is wrong")
    assert moment(A, problems=(WRONG, general)).differing(moment(A)) == {A.key}
    assert moment(A).differing(moment(A, problems=(general,))) == set()


def test_the_problems_of_each_object() -> None:
    index = ProblemIndex()
    more = Problem(code="z", message="so is this", object=A.key)
    assert index.of(A.key, (WRONG, more)) == (WRONG, more)
    assert index.of(B.key, (WRONG, more)) == ()
    assert index.of(A.key, (more,)) == (more,)
    assert index.of(A.key, ()) == ()
    assert index.of(ObjectKey("", "Pod", "shop", "a"), (WRONG,)) == ()
