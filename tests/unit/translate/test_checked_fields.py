from __future__ import annotations

from typing import Any

import pytest

from legation.model.problems import Level
from legation.translate.checked_fields import Fields, Told
from tests.manifests import manifest


def fields(**value: Any) -> Fields:
    return Fields(value, told=Told(manifest(), code="bad"), path=("spec",))


def told(of: Fields) -> list[tuple[str, tuple[str | int, ...], str, str]]:
    return [(each.code, each.path, each.message, each.mend) for each in of.told.problems]


def test_values_as_they_are() -> None:
    of = fields(text="a", number=5, labels={"app": "x"}, empty="", choice="two", below={"x": 1}, many=[{"x": 2}])
    assert (of.text("text"), of.text("empty", maybe_empty=True), of.one_of("choice", "one", "two")) == ("a", "", "two")
    assert (of.whole("number"), of.whole_or("number", 7), of.maybe_whole("number")) == (5, 5, 5)
    assert of.labels("labels") == frozenset({("app", "x")})
    below = of.below("below")
    assert below is not None
    assert (below.path, below.whole("x")) == (("spec", "below"), 1)
    assert [(each.path, each.whole("x")) for each in of.each("many", what="one")] == [(("spec", "many", 0), 2)]
    assert not of.told.problems


@pytest.mark.parametrize("value", [{}, {"a": None}])
def test_what_need_not_be_there(value: dict[str, Any]) -> None:
    of = fields(**value)
    assert not of.has("a")
    assert (of.whole_or("a", 7), of.maybe_whole("a")) == (7, None)
    assert not list(of.each("a", what="one"))
    assert not of.told.problems


@pytest.mark.parametrize("value", [{}, {"a": None}])
def test_what_has_to_be_there(value: dict[str, Any]) -> None:
    of = fields(**value)
    assert (of.text("a"), of.one_of("a", "x", "y"), of.whole("a"), of.below("a")) == ("", "x", 0, None)
    assert told(of) == [
        ("bad", ("spec",), "there is no a", ""),
        ("bad", ("spec",), "there is no a", "write x or y"),
        ("bad", ("spec",), "there is no a", "write a whole number from 1 to 2147483647"),
        ("bad", ("spec",), "there is no a", ""),
    ]
    assert of.told.refused


@pytest.mark.parametrize(
    ("value", "message", "mend"),
    [
        (0, "a must be a whole number from 1 to 9", ""),
        (10, "a must be a whole number from 1 to 9", ""),
        ("5", "a must be a whole number, this is text", "leave the quotes out"),
        ("five", "a must be a whole number, this is text", ""),
        (True, "a must be a whole number, this is true or false", ""),
        (5.0, "a must be a whole number, this is a number with a fraction", ""),
        ([5], "a must be a whole number, this is a list", ""),
    ],
)
def test_what_is_no_such_number(value: Any, message: str, mend: str) -> None:
    of = fields(a=value)
    assert of.maybe_whole("a", least=1, most=9) is None
    assert told(of) == [("bad", ("spec", "a"), message, mend)]


@pytest.mark.parametrize(
    ("value", "message", "mend"),
    [
        ("", "a is empty", ""),
        (5, "a must be text, this is a number", "put it in quotes"),
        (True, "a must be text, this is true or false", "put it in quotes"),
        (["x"], "a must be text, this is a list", ""),
    ],
)
def test_what_is_no_text(value: Any, message: str, mend: str) -> None:
    of = fields(a=value)
    assert not of.text("a")
    assert told(of) == [("bad", ("spec", "a"), message, mend)]


@pytest.mark.parametrize("value", ["z", 5, True, ["x"], {}])
def test_what_is_none_of_these(value: Any) -> None:
    of = fields(a=value)
    assert of.one_of("a", "x", "y") == "x"
    assert told(of) == [("bad", ("spec", "a"), "a is none of x, y", "write x or y")]


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ({}, ("spec", "a"), "a has no labels"),
        (["x"], ("spec", "a"), "labels must be a map, this is a list"),
        ({"app": 1}, ("spec", "a", "app"), "the value of a label must be text, this is a number"),
        (None, ("spec",), "there is no a"),
    ],
)
def test_what_is_no_selector(value: Any, path: tuple[str, ...], message: str) -> None:
    of = fields(a=value)
    assert not of.labels("a")
    assert [each[:3] for each in told(of)] == [("invalid-selector", path, message)]


def test_maps_and_lists_of_another_shape() -> None:
    of = fields(a=5, many={"x": 1}, some=[{}, "x", None])
    assert of.below("a") is None
    assert not list(of.each("many", what="a thing"))
    assert [each.path for each in of.each("some", what="a thing")] == [("spec", "some", 0)]
    assert [each[1:3] for each in told(of)] == [
        (("spec", "a"), "a must be a map, this is a number"),
        (("spec", "many"), "many must be a list, this is a map"),
        (("spec", "some", 1), "a thing must be a map, this is text"),
        (("spec", "some", 2), "a thing must be a map, this is null"),
    ]


def test_fields_that_nobody_knows() -> None:
    of = fields(port=1, Prot=2, more=3)
    of.know("port")
    assert [(each.path, each.level) for each in of.told.problems] == [
        (("spec", "Prot"), Level.ERROR),
        (("spec", "more"), Level.WARNING),
    ]


def test_a_warning_refuses_nothing() -> None:
    of = fields(more=3)
    of.know("port")
    assert of.told.problems
    assert not of.told.refused


def test_what_is_told_below_is_told_above() -> None:
    of = fields(a={"b": {}})
    a = of.below("a")
    b = a and a.below("b")
    assert b is not None
    b.tell("it is wrong", "c", 0, mend="mend it", code="worse")
    assert told(of) == [("worse", ("spec", "a", "b", "c", 0), "it is wrong", "mend it")]
