"""What each group of Envoys accepted last, by type: versions, and the names that each stands for. Pure.

It is kept for the day when a client of the state of the world comes back after a restart and tells only a version: the
names say what it may hold. The state folder fills from the first run on; delivery does not ask it yet. Names change
seldom, so they are remembered once for all versions that stand for the same ones: to accept a version costs a line, not
a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.resource import content_version
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection

VERSIONS = 8
"""How many versions are remembered for a group and type: the slow Envoys of a group are some versions behind."""

RECORDS = 1000
"""How many groups, by type, are remembered: those of which an Envoy accepted something last."""

_ACCEPTED = "accepted "
_NAMES = "names "


class AcceptedVersions:
    """The last versions of each type that some Envoy of a group accepted."""

    def __init__(self, records: Mapping[str, Any] | None = None) -> None:
        """Begin with what a state folder remembers, or with nothing."""
        records = records or {}
        self._names: dict[str, frozenset[str]] = {
            name: frozenset(members) for name, members in records.items() if name.startswith(_NAMES)
        }
        self._versions: dict[str, dict[str, str]] = {
            name: {version: names for version, names in pairs if names in self._names}
            for name, pairs in records.items()
            if name.startswith(_ACCEPTED)
        }
        """Record of a group and type -> version -> record of its names; what was accepted last comes last in both."""
        self._changed: set[str] = set()
        self._saved_names = set(self._names)

    def remember(self, group: str, collection: Collection) -> bool:
        """Note that an Envoy of the group accepted the newest version of a type; return whether that is new.

        It asked for all of these names or for some of them. Cheap when the version was the last one already.
        """
        record = _record(group, collection.type)
        versions = self._versions[record] = self._versions.pop(record, {})
        version = collection.version
        if versions and next(reversed(versions)) == version:
            return False
        names = _NAMES + content_version("\0".join(collection.resources).encode())
        self._names.setdefault(names, frozenset(collection.resources))
        versions.pop(version, None)
        versions[version] = names
        if len(versions) > VERSIONS:
            del versions[next(iter(versions))]
        self._changed.add(record)
        if len(self._versions) > RECORDS:
            oldest = next(iter(self._versions))
            del self._versions[oldest]
            self._changed.add(oldest)
        return True

    def names(self, group: str, row: ResourceType, version: str) -> frozenset[str] | None:
        """Return the names that this version stood for; None if nobody remembers it."""
        names = self._versions.get(_record(group, row), {}).get(version)
        return None if names is None else self._names[names]

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call: records by name, None where one goes."""
        if not self._changed:
            return {}
        used = {names for versions in self._versions.values() for names in versions.values()}
        changes: dict[str, Any] = {names: sorted(self._names[names]) for names in used - self._saved_names}
        changes |= dict.fromkeys(self._saved_names - used)
        for record in self._changed:
            versions = self._versions.get(record)
            changes[record] = None if versions is None else list(versions.items())
        self._names = {names: self._names[names] for names in used}
        self._saved_names, self._changed = used, set()
        return changes


def _record(group: str, row: ResourceType) -> str:
    return f"{_ACCEPTED}{row.name} {group}"
