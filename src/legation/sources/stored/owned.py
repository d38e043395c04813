"""Fields that somebody owns, and what becomes of an object when somebody applies some: server-side apply's rules. Pure.

Maps are owned name by name, and each name with all that is above it; lists and single values as a whole. That is what
the API server does with what no schema tells more of.

The one invariant: whoever owns a field owns every map around it, so what nobody owns has nothing below that anybody
owns.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ ; sigs.k8s.io/structured-merge-diff
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from legation.model.objects import FieldPath, is_same_json
from legation.model.stored import Fields

NOTHING: Fields = {}


class Taken(NamedTuple):
    """A field that is set to something else than what one of its owners wants."""

    manager: str
    path: FieldPath


@dataclass(slots=True)
class Merge:
    """One object, and what is applied to it, put together."""

    taken: list[Taken] = field(default_factory=list)
    """The fields that others own and have another value now."""

    def merged(
        self,
        live: Mapping[str, Any],
        given: Mapping[str, Any],
        others: Sequence[tuple[str, Fields]],
        path: FieldPath = (),
    ) -> Mapping[str, Any]:
        """Return what is there with what is given put into it; the very same mapping if that changes nothing.

        Args:
            live: What is there.
            given: What is applied.
            others: What everybody else owns of it.
            path: Where it stands.
        """
        changed: dict[str, Any] | None = None
        for name, value in given.items():
            if name not in live:
                new = value
            else:
                old = live[name]
                if isinstance(old, dict) and isinstance(value, dict):
                    below = [(manager, fields[name]) for manager, fields in others if name in fields]
                    new = self.merged(old, value, below, (*path, name))
                elif old is value or is_same_json(old, value):
                    continue
                else:
                    self.taken += (Taken(manager, (*path, name)) for manager, fields in others if name in fields)
                    new = value
                if new is old:
                    continue
            if changed is None:
                changed = dict(live)
            changed[name] = new
        return live if changed is None else changed


def fields_of(value: Mapping[str, Any]) -> Fields:
    """Return all fields of a map."""
    return {name: fields_of(each) if isinstance(each, dict) else NOTHING for name, each in value.items()}


def without_given_up(
    value: Mapping[str, Any], before: Fields, now: Fields, others: Sequence[Fields]
) -> Mapping[str, Any]:
    """Return a map without the fields that somebody owned, does not want any more and nobody else owns.

    Args:
        value: The map; returned as it is if there are none.
        before: What that somebody owned.
        now: What it owns from now on.
        others: What others own.
    """
    changed: dict[str, Any] | None = None
    for name, below in before.items():
        if name not in value:
            continue
        owning = [fields[name] for fields in others if name in fields]
        if name in now or owning:
            old = value[name]
            new = without_given_up(old, below, now.get(name, NOTHING), owning) if isinstance(old, dict) else old
            if new is old:
                continue
            changed = dict(value) if changed is None else changed
            changed[name] = new
        else:
            changed = dict(value) if changed is None else changed
            del changed[name]
    return value if changed is None else changed


def without(fields: Fields, path: FieldPath) -> Fields:
    """Return fields without one of them and all below it."""
    name, rest = str(path[0]), path[1:]
    if name not in fields:
        return fields
    if not rest:
        return {each: below for each, below in fields.items() if each != name}
    return {**fields, name: without(fields[name], rest)}


def paths_of(fields: Fields, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield the path of every field that has nothing below it."""
    for name, below in fields.items():
        if below:
            yield from paths_of(below, (*path, name))
        else:
            yield (*path, name)
