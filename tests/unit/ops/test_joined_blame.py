"""What several replicas say of who has a resource, added up."""

from __future__ import annotations

from typing import Any

from legation.model.trail import SHOWN_ENVOYS
from legation.ops.joined_blame import joined_objects, joined_resources


def record(version: str = "1", *nodes: str, refused: int = 0) -> dict[str, Any]:
    return {
        "type": "Cluster",
        "name": "web",
        "version": version,
        "object": "Cluster shop/web",
        "namespace": "shop",
        "labels": {},
        "envoys": {
            "concerned": len(nodes),
            "accepted": 0,
            "refused": refused,
            "versions": {version: len(nodes)},
            "refusals": [{"node": each} for each in nodes[:refused]],
            "behind": list(nodes),
        },
    }


def test_the_same_resource_is_one_record_with_the_envoys_of_all() -> None:
    (found,) = joined_resources([record("1", "b", refused=1)], [record("1", "c", "a", refused=1)])
    assert found["envoys"] == {
        "concerned": 3,
        "accepted": 0,
        "refused": 2,
        "versions": {"1": 3},
        "refusals": [{"node": "b"}, {"node": "c"}],
        "behind": ["a", "b", "c"],
    }


def test_another_version_stands_beside() -> None:
    found = joined_resources([record("1", "a")], [record("2", "b"), record("1", "c")])
    assert [(each["version"], each["envoys"]["concerned"]) for each in found] == [("1", 2), ("2", 1)]


def test_no_more_are_named_than_one_replica_names() -> None:
    nodes = [f"n{number}" for number in range(SHOWN_ENVOYS)]
    (found,) = joined_resources(
        [record("1", *nodes, refused=SHOWN_ENVOYS)], [record("1", *nodes, refused=SHOWN_ENVOYS)]
    )
    assert (len(found["envoys"]["refusals"]), len(found["envoys"]["behind"])) == (SHOWN_ENVOYS, SHOWN_ENVOYS)


def test_objects_are_joined_by_what_is_made_of_them() -> None:
    key = {"group": "bootes.io", "kind": "Cluster", "namespace": "shop", "name": "web"}
    own, other = {**key, "blamed": [record("1", "a")]}, {**key, "blamed": [record("1", "b")]}
    (found,) = joined_objects([own], [other, {**other, "name": "another"}])
    (blamed,) = found["blamed"]
    assert blamed["envoys"]["concerned"] == 2
