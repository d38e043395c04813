"""What several replicas say of who has a resource, added up: each knows its own Envoys alone. Pure.

Every replica serves the same objects, so records of the same resource in the same version are one; where a replica is a
moment behind, what it says of an earlier version stands beside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from legation.model.trail import SHOWN_ENVOYS

Record = Mapping[str, Any]


def joined_resources(own: Iterable[Record], others: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the records of resources, those of one resource added up."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in (*own, *others):
        key = _resource_key(each)
        before = found.get(key)
        found[key] = {**each} if before is None else {**before, "envoys": _sum(before["envoys"], each["envoys"])}
    return list(found.values())


def joined_objects(own: Sequence[Record], others: Iterable[Record]) -> list[dict[str, Any]]:
    """Return the records of objects, each with what is made of it; what only others know of is left out."""
    more: dict[tuple[Any, ...], list[Record]] = {}
    for each in others:
        more.setdefault(_object_key(each), []).extend(each["blamed"])
    return [{**each, "blamed": joined_resources(each["blamed"], more.get(_object_key(each), ()))} for each in own]


def _resource_key(record: Record) -> tuple[Any, ...]:
    labels = tuple(sorted(record["labels"].items()))
    return (record["type"], record["name"], record["version"], record["object"], record["namespace"], labels)


def _object_key(record: Record) -> tuple[Any, ...]:
    return (record["group"], record["kind"], record["namespace"], record["name"])


def _sum(one: Record, other: Record) -> dict[str, Any]:
    versions: Counter[str] = Counter(one["versions"])
    versions.update(other["versions"])
    refusals = sorted((*one["refusals"], *other["refusals"]), key=lambda each: str(each["node"]))
    return {
        **{name: one[name] + other[name] for name in ("concerned", "accepted", "refused")},
        "versions": dict(versions.most_common()),
        "refusals": refusals[:SHOWN_ENVOYS],
        "behind": sorted((*one["behind"], *other["behind"]))[:SHOWN_ENVOYS],
    }
