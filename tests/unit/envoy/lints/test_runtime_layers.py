from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, told


@pytest.mark.parametrize(
    ("layer", "places"),
    [
        ({"a": 1, "b": "x", "c": True, "d": {"e": {"numerator": 5}}, "f": {}}, []),
        ({"a": [1], "b": {"c": None}}, ["layer.a", "layer.b.c"]),
    ],
)
def test_runtime(layer: dict[str, Any], places: list[str]) -> None:
    found = told({"@type": f"{TYPE}envoy.service.runtime.v3.Runtime", "name": "x", "layer": layer})

    assert sorted(found) == [f"error bad-value {place}" for place in places]
