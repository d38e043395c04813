"""FileSet: all files that are to stand at one moment, and the resources in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legation.model.resource import Name
from legation.model.snapshot import Snapshot


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
