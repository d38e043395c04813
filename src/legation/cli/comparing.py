"""Two states put side by side: asked for, and what differs between them, with the content of resources that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from legation.cli.answers import Answers, Live, Version
from legation.cli.differences import (
    EnvoyChange,
    ObjectChange,
    ResourceChange,
    changes_for,
    item_changes,
    joined,
    object_changes,
    with_unseen,
)

if TYPE_CHECKING:
    from legation.cli.offline import Offline


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All that differs."""

    objects: list[ObjectChange]
    resources: list[ResourceChange]
    envoys: list[EnvoyChange]
    """Those that would get something else."""
    connected: int
    """How many Envoys there are."""
    left_out: int
    """Resources that are made of Services, Secrets and Pods, and were not compared."""
    old_content: Mapping[Version, Any] = field(repr=False)
    new_content: Mapping[Version, Any] = field(repr=False)

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.objects or self.resources)

    def content(self, change: ResourceChange) -> tuple[Any, Any]:
        """Return the content of a resource before and after; None where it was not, or will not be, there."""
        return _content(change.old, self.old_content), _content(change.new, self.new_content)


def compare(old: Answers, new: Offline) -> Comparison:
    """Return what differs.

    Args:
        old: What runs; or what is read, then no Envoy is asked about.
        new: What would be.
    """
    before, after = old.resources(), new.resources()
    connected, envoys, left_out = _of_envoys(old, new) if isinstance(old, Live) else (0, [], 0)
    resources = joined(item_changes(before, after), envoys)
    old_content = old.contents({(each.old["type"], each.old["name"]) for each in resources if each.old})
    new_content = new.contents({(each.new["type"], each.new["name"]) for each in resources if each.new})
    old_objects, new_objects = old.objects(), new.objects()
    alike = {
        each.new["object"]
        for each in resources
        if each.old and each.new and _content(each.old, old_content) == _content(each.new, new_content)
    }
    there = {each["object"]: each for each in old_objects}
    unseen = (
        ObjectChange(old=there[each["object"]], new=each, unseen=True)
        for each in new_objects
        if each["object"] in alike and each["object"] in there
    )
    return Comparison(
        objects=with_unseen(object_changes(old_objects, new_objects), unseen),
        resources=resources,
        envoys=envoys,
        connected=connected,
        left_out=left_out + sum(bool(each["made_of"]) for each in (*before, *after)),
        old_content=old_content,
        new_content=new_content,
    )


def _content(record: Any, contents: Mapping[Version, Any]) -> Any:
    return None if record is None else contents.get((record["type"], record["name"], record["version"]))


def _of_envoys(old: Live, new: Offline) -> tuple[int, list[EnvoyChange], int]:
    """Return how many Envoys are connected, what would change for whom, and how much of theirs is not compared."""
    found: list[EnvoyChange] = []
    known: dict[tuple[Any, ...], tuple[ResourceChange, ...]] = {}
    left_out = 0
    envoys = old.envoys()
    for each in envoys:
        workload = new.workload(each["node"], namespace=each["namespace"], labels=each["labels"])
        if workload is None:
            continue
        # Who is in one group before and after gets the same before and after.
        key = (each["namespace"], each["group"], workload.namespace, new.told_apart(workload))
        if key not in known:
            before = old.versions_for(each)
            left_out += sum(bool(resource["made_of"]) and not resource["object"] for resource in before.values())
            known[key] = changes_for(before, new.versions_for(workload))
        if known[key]:
            found.append(EnvoyChange(node=each["node"], group=each["group"], changes=known[key]))
    return len(envoys), found, left_out
