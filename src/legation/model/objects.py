"""Manifest objects as their owners wrote them, before anybody knows what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

FieldPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands inside an object: keys of maps and indexes of lists, outermost first."""

LARGE = 1 << 16
"""Bytes of JSON from which on a walk over it takes so long that others should have a turn: some ten milliseconds."""
_A_VALUE = 20
"""Bytes that a value stands for, with all that is around it."""
_PART = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)')
"""An index, a name in quotes, or a plain one."""


def show_path(path: FieldPath) -> str:
    """Return the path as a person writes it: `spec.config.virtual_hosts[0].name`.

    Keys that are not plain words are quoted: `metadata.labels["a.b/c"]`.
    """
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part.replace("_", "a").replace("-", "a").isalnum():
            shown += f".{part}" if shown else part
        else:
            shown += f'["{part}"]'
    return shown


def read_path(shown: str) -> FieldPath:
    """Return the path that `show_path` shows so; what is no path is a name as a whole."""
    parts: list[str | int] = []
    at = 0
    while at < len(shown):
        found = _PART.match(shown, at)
        if found is None:
            return (shown,)
        index, quoted, name = found.groups()
        parts.append(int(index) if index is not None else quoted if quoted is not None else name)
        at = found.end()
    return tuple(parts)


def is_same_json(one: object, other: object) -> bool:
    """Say whether two JSON values are the same: 1 is not true, and 1.0 is not 1, which `==` does not tell apart."""
    return one == other and repr(one) == repr(other)


def size_of(json: object) -> int:
    """Return about how many bytes plain JSON has as text; of what is large only that it is."""
    size, left = 0, [json]
    while left and size < LARGE:
        value = left.pop()
        size += _A_VALUE
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
    return size


class ObjectKey(NamedTuple):
    """The identity of an object, as Kubernetes has it; the API version is no part of it.

    A tuple, for its hash is taken thousands of times at every change.
    """

    group: str
    """The API group, empty for the core group."""
    kind: str
    namespace: str
    """Never empty: an object without a namespace is in `default`."""
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file. Lines and columns count from 1; 0 is "the whole file"."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManifestObject:
    """One object of a source.

    Objects are compared by identity: a source hands out the same Python object for as long as what it read stays the
    same, and a new one when it changed. That is how "nothing changed" stays an `is` test through the whole house.
    """

    key: ObjectKey
    api_version: str
    """As written: `bootes.io/v1`, `v1`."""
    body: Mapping[str, Any] = field(repr=False)
    """The whole manifest as plain JSON values. Never changed by anyone."""
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)
    created: str = ""
    """`metadata.creationTimestamp` as written (RFC 3339, UTC), or empty."""
    place: Place | None = None
    """Where the object begins, for a source of files."""

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the object says of itself below `metadata`; empty where that is no map."""
        found = self.body.get("metadata")
        return found if isinstance(found, Mapping) else {}

    @property
    def is_being_deleted(self) -> bool:
        """Whether it is there for its finalizers alone."""
        return bool(self.metadata.get("deletionTimestamp"))

    @property
    def seniority(self) -> tuple[str, str, int, ObjectKey]:
        """The sort key by which the first of two claimants of one resource name is found.

        The earliest creationTimestamp comes first; objects without one come after those, by path and line.
        """
        place = self.place or Place("")
        return (self.created or "~", place.file, place.line, self.key)
