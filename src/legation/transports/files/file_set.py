"""FileSet: all files that are to stand at one moment, and the resources in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legation.model.resource import Name
from legation.model.snapshot import Snapshot

_NOBODY: Mapping[Name, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file."""

    members: tuple[Name, ...] = ()
    """The resources in it, in their order; each is in the snapshot, and in no other file. None: it is no xDS file."""
    content: bytes | None = field(default=None, repr=False)
    """What its owner wrote, byte for byte, for exactly these members; None: it is rendered of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileSet:
    """All files at one moment. Compared by identity."""

    snapshot: Snapshot
    files: Mapping[str, PlannedFile]
    """By path below the folder, such as `cds.json`, `rds/edge.json`."""
    expected: frozenset[str] = frozenset()
    """Paths of files that their owners want there and that cannot be written yet: nobody could read them. If something
    stands there it stays."""
    lacking: Mapping[Name, frozenset[str]] = field(default_factory=lambda: _NOBODY)
    """Resources that name files of this folder which are not in the set, and the paths of those. Envoy refuses what
    names a file that does not exist, so it waits until it does."""
