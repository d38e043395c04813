from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

from legation.api.management import structs
from legation.management.v1 import management_pb2 as pb
from legation.sources.stored.given import DEEPEST

_SCALARS = st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53) | st.floats(-1e6, 1e6)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _JSON, max_size=4))
def test_what_is_put_in_comes_out(json: dict[str, Any]) -> None:
    struct = Struct()
    structs.fill(struct, json)
    assert structs.to_json(Struct.FromString(struct.SerializeToString())) == json


def test_whole_numbers_are_whole() -> None:
    struct = Struct()
    struct.update({"port": 80, "share": 0.5})
    found = structs.to_json(struct)
    assert (repr(found["port"]), found["share"]) == ("80", 0.5)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        pytest.param(10**400, str(10**400), id="a number of 401 digits"),
        pytest.param(1 << 100_000, hex(1 << 100_000), id="one that is not written in decimals any more"),
        pytest.param(-(10**400), str(-(10**400)), id="a negative one"),
        pytest.param("a\ud800b", "a?b", id="half a character"),
    ],
)
def test_what_a_struct_cannot_hold_is_told_as_text(value: Any, told: str) -> None:
    """It may be stored already, and nobody could see it, nor what stands beside it."""
    struct = Struct()
    structs.fill(struct, {"a": value, "b": [value]})
    assert dict(struct.items()) == {"a": told, "b": [told]}


def test_empty_maps_and_lists_stay() -> None:
    struct = Struct()
    structs.fill(struct, {"a": {}, "b": [], "c": [[], {}]})
    assert structs.to_json(struct) == {"a": {}, "b": [], "c": [[], {}]}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param(Value(), "without any content", id="nothing"),
        pytest.param(Value(number_value=float("nan")), "no such number", id="no number"),
        pytest.param(Value(number_value=2.0**60), "as `text`", id="too large"),
    ],
)
def test_what_json_cannot_say_is_refused_where_it_stands(value: Value, says: str) -> None:
    struct = Struct()
    struct.fields["spec"].struct_value.fields["list"].list_value.values.append(value)
    with pytest.raises(structs.Unsayable, match=says) as caught:
        structs.to_json(struct)
    assert caught.value.path == ("spec", "list", 0)


@pytest.mark.parametrize("wrap", [lambda it: {"a": it}, lambda it: [it]], ids=["maps", "lists"])
def test_what_is_too_deep_is_told_as_text(wrap: Callable[[Any], Any]) -> None:
    """Whoever reads a message stops at a hundred messages inside each other, and the manifest is not the first."""
    deep: Any = 1
    for _ in range(80):
        deep = wrap(deep)
    event = pb.WatchEvent()
    structs.fill(event.object.stored.manifest, {"deep": deep, "flat": 1})
    found = structs.to_json(pb.WatchEvent.FromString(event.SerializeToString()).object.stored.manifest)
    assert found["flat"] == 1
    at = found["deep"]
    while not isinstance(at, str):
        [at] = at.values() if isinstance(at, dict) else at
    assert json.loads(at)


def test_what_may_be_stored_is_told_as_it_is() -> None:
    deep: Any = 1
    for _ in range(DEEPEST):
        deep = {"a": deep}
    struct = Struct()
    structs.fill(struct, {"a": deep})
    assert structs.to_json(struct) == {"a": deep}
