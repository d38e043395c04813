"""What somebody hands in to be stored."""

from __future__ import annotations

import math
from collections import OrderedDict
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from legation.errors import InvalidObjects, ObjectFault
from legation.model.objects import ObjectKey
from legation.sources.stored.given import Given, read_all
from tests.unit.sources.stored.stored_things import thing


def faults(*bodies: Any) -> list[tuple[int, str]]:
    with pytest.raises(InvalidObjects) as caught:
        read_all(bodies)
    for each in caught.value.faults:
        assert each.message
        assert not each.message.endswith(".")
    return [(each.index, each.path) for each in caught.value.faults]


def one(body: Any) -> Given:
    (given,) = read_all([body])
    return given


def test_an_object_is_read_without_what_only_the_store_sets() -> None:
    given = one(
        {
            "apiVersion": "bootes.io/v1",
            "kind": "Cluster",
            "metadata": {
                "name": "a",
                "uid": "u",
                "resourceVersion": "7",
                "generation": 3,
                "creationTimestamp": "2020-01-01T00:00:00Z",
                "labels": {"team": "edge"},
            },
            "spec": {"config": {"name": "a", "hosts": [1, {"x": 2}]}},
            "status": {"phase": "ready"},
        }
    )
    assert given.key == ObjectKey("bootes.io", "Cluster", "default", "a")
    assert given.content == {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": {"name": "a", "namespace": "default", "labels": {"team": "edge"}},
        "spec": {"config": {"name": "a", "hosts": [1, {"x": 2}]}},
    }
    assert given.fields == {"metadata": {"labels": {"team": {}}}, "spec": {"config": {"name": {}, "hosts": {}}}}
    assert (given.uid, given.resource_version) == ("u", "7")


def test_what_is_given_is_copied_into_plain_json() -> None:
    class Word(StrEnum):
        A = "a"

    class Number(IntEnum):
        ONE = 1

    inner = {"list": [1, (2, 3)]}
    given = one(thing("a", MappingProxyType(OrderedDict(inner=inner, word=Word.A, number=Number.ONE, half=0.5))))
    inner["list"].append(4)
    spec = given.content["spec"]
    assert spec == {"inner": {"list": [1, [2, 3]]}, "word": "a", "number": 1, "half": 0.5}
    assert [type(each) for each in (spec, spec["word"], spec["number"])] == [dict, str, int]


def test_all_that_is_wrong_with_all_objects_is_said_at_once() -> None:
    assert faults(
        [],
        {"kind": "Thing"},
        thing("fine"),
        thing("Not Fine", labels={"a": "b c"}),
        {"apiVersion": "v1", "kind": "Thing", "metadata": {}},
    ) == [
        (0, ""),
        (1, ""),
        (3, "metadata.name"),
        (3, "metadata.labels.a"),
        (4, "metadata"),
    ]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, b"bytes", {1, 2}, object(), "half \ud800", 1 << 64, -(1 << 63) - 1, 10**400]
)
def test_what_json_cannot_say_is_refused_with_its_place(value: object) -> None:
    assert faults(thing("a", {"list": [1, {"x": value}]})) == [(0, "spec.list[1].x")]


def test_whole_numbers_of_64_bits_are_fine_and_larger_ones_are_refused_wherever_they_stand() -> None:
    """One in a field that nobody reads would end every list that has it."""
    numbers = [(1 << 64) - 1, -(1 << 63), True]
    assert one(thing("a", numbers)).content["spec"] == numbers
    assert faults(thing("a", generation=1 << 64)) == [(0, "metadata.generation")]
    assert faults({**thing("a"), "top": 10**400}) == [(0, "top")]


def test_fields_that_metadata_does_not_have_are_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidObjects, match=r'metadata.lables: .*did you mean "labels"\?'):
        one(thing("a", lables={"a": "b"}))
    assert faults(thing("a", x=1)) == [(0, "metadata.x")]
    many = thing("a")
    many["metadata"] |= {f"x{number}": 1 for number in range(10_000)}
    assert len(faults(many)) == 20
    one(thing("a", ownerReferences=[], generateName="a-", selfLink="/"))


def test_names_of_fields_are_text() -> None:
    assert faults(thing("a", {"x": {1: 2}})) == [(0, "spec.x")]
    assert faults(thing("a", {"x": {"\ud800": 2}})) == [(0, "spec.x")]


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert faults(thing("a", deep)) == [(0, "")]


def test_two_of_one_key_are_refused() -> None:
    with pytest.raises(InvalidObjects) as caught:
        read_all([thing("a"), thing("b"), thing("a", namespace="other"), thing("a")])
    (fault,) = caught.value.faults
    assert fault == ObjectFault(
        index=3,
        path="",
        message="Thing default/a is given twice, first as object 0",
        mend="leave one of them out",
    )


def test_what_the_store_does_not_do_is_refused() -> None:
    assert faults(thing("a", finalizers=["x"])) == [(0, "metadata.finalizers")]
    assert faults(thing("a", managedFields=[{}])) == [(0, "metadata.managedFields")]
    assert faults(thing("a", resourceVersion=7)) == [(0, "metadata.resourceVersion")]
    one(thing("a", finalizers=[], managedFields=None))


def test_no_message_holds_a_value() -> None:
    with pytest.raises(InvalidObjects) as caught:
        read_all([thing("a", {"x": b"hush"}), thing("b", labels={"x": "hush hush"}), thing("c", annotations={"x": 5})])
    assert "hush" not in str(caught.value)
