"""Values put into a JSON value: what is on the way is copied, all else is shared."""

from __future__ import annotations

from typing import Any

from legation.texts.edits import Edit, apply, put


def test_any_value_can_be_put_somewhere() -> None:
    value: dict[str, Any] = {"a": [{"b": 1}, {"c": 2}], "d": {}}
    found = put(value, [(("a", 0), {"x": {"y": 1}}), (("d", "e"), [])])
    assert found == {"a": [{"x": {"y": 1}}, {"c": 2}], "d": {"e": []}}
    assert value == {"a": [{"b": 1}, {"c": 2}], "d": {}}
    assert found["a"][1] is value["a"][1]


def test_an_edit_puts_a_number_there() -> None:
    assert apply({"a": {"b": 1}, "c": []}, [Edit(path=("a", "b"), value=2)]) == {"a": {"b": 2}, "c": []}
