"""What is kept of an object of the API."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from legation.crossover.objects import CONFIG_MAP, Kept, reader, traffic_split
from legation.model.api_kinds import ApiKind

SPLIT = traffic_split("v1alpha2")


def kept(kind: ApiKind, **value: Any) -> Kept:
    """Return what is kept of an object."""
    metadata = {"namespace": "shop", "name": "a", **value.pop("metadata", {})}
    return reader(kind)(msgspec.Raw(json.dumps({"metadata": metadata, **value}).encode()))


def test_what_the_api_server_writes_makes_no_difference() -> None:
    one = kept(CONFIG_MAP, data={"a": "b"}, metadata={"resourceVersion": "1", "managedFields": [{"manager": "x"}]})
    assert one == kept(CONFIG_MAP, data={"a": "b"}, metadata={"resourceVersion": "2", "annotations": {"n": "o"}})
    assert kept(SPLIT, spec={"a": 1}, status={"s": 1}) == kept(SPLIT, spec={"a": 1})


def test_what_its_owner_writes_does() -> None:
    assert kept(CONFIG_MAP, data={"a": "b"}) != kept(CONFIG_MAP, data={"a": "c"})
    assert kept(SPLIT, spec={"a": 1}) != kept(SPLIT, spec={"a": True})


def test_an_object_says_what_it_is() -> None:
    found = kept(SPLIT, spec={"a": 1}).manifest
    assert str(found.key) == "TrafficSplit shop/a"
    assert found.api_version == "split.smi-spec.io/v1alpha2"


@pytest.mark.parametrize("value", [{"data": {"a": 1}}, {"data": ["a"]}])
def test_a_config_map_that_is_none_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        kept(CONFIG_MAP, **value)


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    with pytest.raises(msgspec.ValidationError, match="levels deep"):
        kept(SPLIT, spec=deep)
