from __future__ import annotations

import pytest

from legation.model.objects import ManifestObject, ObjectKey, is_same_json


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"a": 1.0}, False),
        ({"a": ""}, {"a": None}, False),
    ],
)
def test_json_values_are_the_same_when_their_types_are_too(one: object, other: object, *, same: bool) -> None:
    assert is_same_json(one, other) is same


def saying(**body: object) -> ManifestObject:
    return ManifestObject(key=ObjectKey("", "Pod", "default", "p"), api_version="v1", body=body)


def test_what_an_object_says_of_itself() -> None:
    assert saying(metadata={"name": "p"}).metadata == {"name": "p"}
    for odd in (saying(), saying(metadata=None), saying(metadata=["p"])):
        assert odd.metadata == {}


def test_an_object_is_being_deleted_from_some_moment_on() -> None:
    assert saying(metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}).is_being_deleted
    assert not saying(metadata={"deletionTimestamp": None}).is_being_deleted
    assert not saying().is_being_deleted
