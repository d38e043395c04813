"""What differs between two states."""

from __future__ import annotations

from typing import Any

import pytest

from legation.cli.differences import (
    ABSENT,
    EnvoyChange,
    changes_for,
    field_changes,
    item_changes,
    joined,
    object_changes,
)
from legation.model.objects import show_path


def fields(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    return [(show_path(each.path), each.old, each.new) for each in field_changes(old, new)]


def test_fields_that_differ_are_told_by_their_paths() -> None:
    assert fields({"a": {"b": 1, "c": 2}, "d": [1, 2]}, {"a": {"b": 3, "e": 4}, "d": [1]}) == [
        ("a.b", 1, 3),
        ("a.c", 2, ABSENT),
        ("a.e", ABSENT, 4),
        ("d[1]", 2, ABSENT),
    ]
    assert fields({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []


@pytest.mark.parametrize(("old", "new"), [(1, True), (0, False), ("1", 1), ({}, []), (None, {})])
def test_values_of_another_kind_are_others(old: Any, new: Any) -> None:
    assert fields({"a": old}, {"a": new}) == [("a", old, new)]


def test_items_that_have_names_belong_together_by_these() -> None:
    old = [{"name": "blue", "weight": 1}, {"name": "green", "weight": 2}]
    new = [{"name": "new", "weight": 5}, {"name": "green", "weight": 3}, {"name": "blue", "weight": 1}]
    assert fields(old, new) == [("[0]", ABSENT, new[0]), ("[1].weight", 2, 3)]
    assert fields(old, [old[1]]) == [("[0]", old[0], ABSENT)]


def thing(name: str, **spec: Any) -> dict[str, Any]:
    body = {"metadata": {"name": name}, "spec": spec}
    return {"kind": "Cluster", "group": "bootes.io", "namespace": "shop", "name": name, "object": name, "body": body}


def test_objects_that_came_went_or_are_others() -> None:
    found = object_changes([thing("a", x=1), thing("b", x=1), thing("c")], [thing("b", x=2), thing("c"), thing("d")])
    assert [(each.record["name"], each.what) for each in found] == [("a", "removed"), ("b", "changed"), ("d", "added")]


def test_what_an_api_server_writes_is_no_difference() -> None:
    served = thing("a", x=1)
    served["body"]["metadata"] |= {"uid": "1", "resourceVersion": "7", "namespace": "shop", "generation": 3}
    served["body"]["status"] = {"conditions": []}
    assert object_changes([served], [thing("a", x=1)]) == []


def resource(name: str, version: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "Cluster",
        "name": name,
        "version": version,
        "namespace": "shop",
        "labels": {},
        "object": f"Cluster shop/{name}",
        "made_of": [],
        **more,
    }


def test_resources_differ_by_their_versions() -> None:
    found = item_changes([resource("a", "1"), resource("b", "1")], [resource("a", "2"), resource("c", "1")])
    assert [(each.record["name"], each.what, each.versions) for each in found] == [
        ("a", "changed", ("1", "2")),
        ("b", "removed", ("1", None)),
        ("c", "added", (None, "1")),
    ]


def test_a_resource_that_another_object_holds_now_is_the_same() -> None:
    assert item_changes([resource("a", "1")], [resource("a", "1", object="Cluster shop/other")]) == []


def test_what_is_for_others_is_another_resource() -> None:
    found = item_changes([resource("a", "1")], [resource("a", "1", labels={"app": "edge"})])
    assert [each.what for each in found] == ["removed", "added"]


def test_what_the_cluster_makes_is_not_compared() -> None:
    assert item_changes([resource("a", "1", made_of=["Service shop/a"])], []) == []
    assert changes_for({("Cluster", "a"): resource("a", "1", made_of=["Service shop/a"])}, {}) == ()


def test_each_change_is_told_once_with_the_envoys_that_would_get_it() -> None:
    changed = changes_for({("Cluster", "a"): resource("a", "1")}, {("Cluster", "a"): resource("a", "2")})
    items = item_changes([resource("a", "1"), resource("b", "1")], [resource("a", "2")])
    envoys = [EnvoyChange(node=each, group="shop", changes=changed) for each in ("one", "two")]
    found = joined(items, envoys)
    assert [(each.record["name"], each.envoys) for each in found] == [("a", ("one", "two")), ("b", ())]
