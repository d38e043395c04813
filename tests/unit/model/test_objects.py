from __future__ import annotations

import pytest

from legation.model.objects import is_same_json


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
