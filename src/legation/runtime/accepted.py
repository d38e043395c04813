"""What each group of Envoys accepted last, by type: versions, and the names that each stands for.

It is kept so that a client of the state of the world that comes back after a restart, and tells only a version, can be
recognised: the names say what it may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection


class AcceptedVersions:
    """The last versions of each type that some Envoy of a group accepted."""

    def __init__(self, records: Mapping[str, Any] | None = None) -> None:
        """Begin with what a state folder remembers, or with nothing."""
        raise NotImplementedError

    def remember(self, group: str, collection: Collection) -> None:
        """Note that an Envoy of the group accepted exactly this collection. Cheap when it is known already."""
        raise NotImplementedError

    def names(self, group: str, row: ResourceType, version: str) -> frozenset[str] | None:
        """Return the names that this version stood for; None if nobody remembers it."""
        raise NotImplementedError

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call: records by name, None where one goes."""
        raise NotImplementedError
