"""What differs between two states: objects by their fields, resources by their versions, and for which Envoys.

Pure: it is given both as plain JSON, and refuses to know where they come from. Secrets are no more than marks in it;
one that is another is told by the version of what it is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from legation.cli.answers import Names, Record
from legation.model.objects import FieldPath

_OF_THE_SERVER = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of `metadata` that no owner writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field that is another; `ABSENT` where it is not there."""

    path: FieldPath
    old: Any
    new: Any


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that came, went or is another; never are both of its sides None."""

    old: Record | None
    new: Record | None

    @property
    def what(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"

    @property
    def record(self) -> Record:
        """What it is now, or what it was."""
        return self.new or self.old or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange(Change):
    """An object that came, went or is another."""

    fields: tuple[FieldChange, ...] = ()
    unseen: bool = False
    """Whether something in it is another that is not shown: a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange(Change):
    """A resource that came, went or is another."""

    envoys: tuple[str, ...] = ()
    """Node ids of those connected Envoys that would get the change."""

    @property
    def versions(self) -> tuple[str | None, str | None]:
        """The version before and the one after."""
        return (None if self.old is None else self.old["version"], None if self.new is None else self.new["version"])


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyChange:
    """An Envoy that would get something else."""

    node: str
    group: str
    changes: tuple[ResourceChange, ...] = field(default=(), repr=False)


# Objects


def object_changes(old: Iterable[Record], new: Iterable[Record]) -> list[ObjectChange]:
    """Return what differs between two sets of objects, by object."""
    before, after = _by_key(old), _by_key(new)
    found = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        fields = tuple(field_changes(_plain(one), _plain(other))) if one is not None and other is not None else ()
        if one is None or other is None or fields:
            found.append(ObjectChange(old=one, new=other, fields=fields))
    return found


def with_unseen(changes: Iterable[ObjectChange], others: Iterable[ObjectChange]) -> list[ObjectChange]:
    """Return the changes of objects, those among them of which something is not shown.

    Args:
        changes: What is seen.
        others: Objects of which a resource is another although nothing in it looks so; each once.
    """
    found = {_key(each.record): each for each in changes}
    for each in others:
        key = _key(each.record)
        found[key] = replace(found[key], unseen=True) if key in found else each
    return [found[key] for key in sorted(found)]


def _by_key(objects: Iterable[Record]) -> dict[tuple[str, ...], Record]:
    return {_key(each): each for each in objects}


def _key(record: Record) -> tuple[str, ...]:
    return (record["kind"], record["namespace"], record["name"], record["group"])


def _plain(record: Record) -> Any:
    """Return what the owner wrote, in the one form: without what the API server adds, and with its namespace."""
    body = {key: value for key, value in record["body"].items() if key != "status"}
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        own = {key: value for key, value in metadata.items() if key not in _OF_THE_SERVER and value not in ({}, None)}
        body["metadata"] = {**own, "namespace": record["namespace"]}
    return body


def field_changes(old: Any, new: Any, path: FieldPath = ()) -> Iterator[FieldChange]:
    """Yield what differs between two JSON values; items of lists that all have names belong together by these."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from field_changes(old.get(key, ABSENT), new.get(key, ABSENT), (*path, str(key)))
    elif isinstance(old, list) and isinstance(new, list):
        for number, one, other in _paired(old, new):
            yield from field_changes(one, other, (*path, number))
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield FieldChange(path=path, old=old, new=new)


def _paired(old: list[Any], new: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Yield the items of two lists that belong together: by their names, where all have one, else by their place."""
    before, after = _names(old), _names(new)
    if before is None or after is None:
        for number in range(max(len(old), len(new))):
            yield number, _at(old, number), _at(new, number)
        return
    for name, number in after.items():
        yield number, old[before[name]] if name in before else ABSENT, new[number]
    for name, number in before.items():
        if name not in after:
            yield number, old[number], ABSENT


def _names(items: list[Any]) -> dict[str, int] | None:
    found = {each["name"]: number for number, each in enumerate(items) if _has_name(each)}
    return found if len(found) == len(items) else None


def _has_name(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(item.get("name"), str)


def _at(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else ABSENT


# Resources


def item_changes(old: Iterable[Record], new: Iterable[Record]) -> list[ResourceChange]:
    """Return what differs between all resources of two sets of objects, whomever they are for."""
    before, after = _claims(old), _claims(new)
    found: list[ResourceChange] = []
    for key in sorted(before.keys() | after.keys()):
        found += _claimed(before.get(key, ()), after.get(key, ()))
    return found


def _claims(records: Iterable[Record]) -> dict[tuple[Any, ...], tuple[Record, ...]]:
    found: dict[tuple[Any, ...], tuple[Record, ...]] = {}
    for each in records:
        if not each["made_of"]:
            key = (each["type"], each["name"], each["namespace"], tuple(sorted(each["labels"].items())))
            found[key] = (*found.get(key, ()), each)
    return found


def _claimed(old: Iterable[Record], new: Iterable[Record]) -> Iterator[ResourceChange]:
    """Yield what differs between those that claim one name, which may be several."""
    kept = {each["version"] for each in old} & {each["version"] for each in new}
    gone = [each for each in old if each["version"] not in kept]
    come = [each for each in new if each["version"] not in kept]
    for number in range(max(len(gone), len(come))):
        yield ResourceChange(
            old=gone[number] if number < len(gone) else None, new=come[number] if number < len(come) else None
        )


def changes_for(old: Mapping[Names, Record], new: Mapping[Names, Record]) -> tuple[ResourceChange, ...]:
    """Return what differs between what an Envoy gets before and after; what the cluster makes is left out."""
    found = []
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if any(each is not None and each["made_of"] for each in (one, other)):
            continue
        if one is None or other is None or one["version"] != other["version"]:
            found.append(ResourceChange(old=one, new=other))
    return tuple(found)


def joined(items: Iterable[ResourceChange], envoys: Iterable[EnvoyChange]) -> list[ResourceChange]:
    """Return every change of a resource once, with the Envoys that would get it."""
    found: dict[tuple[Any, ...], ResourceChange] = {}
    concerned: dict[tuple[Any, ...], list[str]] = {}
    for each in envoys:
        for change in each.changes:
            key = _change_key(change)
            found.setdefault(key, change)
            concerned.setdefault(key, []).append(each.node)
    for change in items:
        # Labels tell whom it is for.
        found[_change_key(change)] = change
    return [replace(found[key], envoys=tuple(concerned.get(key, ()))) for key in sorted(found, key=str)]


def _change_key(change: ResourceChange) -> tuple[Any, ...]:
    record = change.record
    return (record["type"], record["name"], record["namespace"], *change.versions)
