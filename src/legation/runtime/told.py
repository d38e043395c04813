"""What versions stood for that clients were told: who comes back in state of the world tells nothing else. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection

Group = TypeVar("Group", bound=Hashable)

MOST_VERSIONS = 32
"""How many versions are remembered for a group and type: the slow Envoys of a group are some behind."""

MOST_MEMBERS = 200_000
"""How many resources all that is remembered may hold in sum, each counted in each version: some 20 MB."""


class Told(Generic[Group]):
    """The last versions of each type that were told to each group. It keeps them alive, in bounds."""

    def __init__(self) -> None:
        self._versions: dict[tuple[Group, ResourceType], dict[str, Collection]] = {}
        """What was told last comes last in both."""
        self._members = 0

    def keep(self, group: Group, collection: Collection) -> None:
        """Remember a collection; O(1) when it is remembered already."""
        key = (group, collection.type)
        versions = self._versions[key] = self._versions.pop(key, {})
        known = versions.pop(collection.version, None)
        if known is None:
            # One of its own, that nothing else hangs on: transports keep the bytes of those that are served.
            known = Collection(
                type=collection.type,
                resources=collection.resources,
                digest=collection.digest,
                version=collection.version,
            )
            self._members += _weight(known)
        versions[collection.version] = known
        if len(versions) > MOST_VERSIONS:
            self._drop_oldest(key)
        while self._members > MOST_MEMBERS and len(self._versions) + len(versions) > 2:
            self._drop_oldest(next(iter(self._versions)))

    def find(self, group: Group, row: ResourceType, version: str) -> Collection | None:
        """Return what a version stood for; None if nobody remembers it."""
        return self._versions.get((group, row), {}).get(version)

    def _drop_oldest(self, key: tuple[Group, ResourceType]) -> None:
        versions = self._versions[key]
        self._members -= _weight(versions.pop(next(iter(versions))))
        if not versions:
            del self._versions[key]


def _weight(collection: Collection) -> int:
    return 1 + len(collection)
