from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, is_same_json, read_path, show_path

NAMES = st.text(st.characters(codec="ascii", exclude_characters='"\\', categories=("L", "N", "P", "S")), min_size=1)


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


@pytest.mark.parametrize(
    ("shown", "path"),
    [
        ("", ()),
        ("spec.config", ("spec", "config")),
        ("spec.hosts[0].port", ("spec", "hosts", 0, "port")),
        ('metadata.labels["a.b/c"]', ("metadata", "labels", "a.b/c")),
        ("spec.config.connect-timeout", ("spec", "config", "connect-timeout")),
        ("a..[", ("a..[",)),
    ],
)
def test_a_path_is_read_as_it_is_shown(shown: str, path: FieldPath) -> None:
    assert read_path(shown) == path


@given(st.lists(st.one_of(NAMES, st.integers(0, 99)), max_size=5))
def test_every_path_comes_back(parts: list[str | int]) -> None:
    path = tuple(parts)
    assert read_path(show_path(path)) == path
