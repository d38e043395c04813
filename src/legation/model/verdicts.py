"""Verdicts: what clients of one group refused for sure, so that the others are offered it last and alone (rule 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot

MOST_VERDICTS = 64
"""So many resources of a type are remembered: those that were refused last."""

_NONE: Mapping[str, str] = MappingProxyType({})


class Verdicts:
    """The versions that some client refused, by name. Envoys of other versions may take them: each is asked itself."""

    __slots__ = ("_refused", "_snapshot")

    def __init__(self) -> None:
        self._refused: dict[ResourceType, dict[str, str]] = {}
        self._snapshot: Snapshot | None = None
        """What the group gets; None while nobody has said."""

    def prove(self, refused: Iterable[Resource]) -> None:
        """Take what a client refused, by name or alone; not what the group does not get any more in that version."""
        for resource in refused:
            self._note(resource.type, resource.name, resource.version)

    def learn(self, others: Verdicts) -> None:
        """Take what clients refused that were in another group until now, as far as this one gets it."""
        for row, names in others._refused.items():
            for name, version in names.items():
                self._note(row, name, version)

    def _note(self, row: ResourceType, name: str, version: str) -> None:
        if not self._gets(row, name, version):
            return
        names = self._refused.setdefault(row, {})
        names.pop(name, None)
        names[name] = version
        if len(names) > MOST_VERDICTS:
            del names[next(iter(names))]

    def _gets(self, row: ResourceType, name: str, version: str) -> bool:
        if self._snapshot is None:
            return True
        now = self._snapshot.get(row, name)
        return now is not None and now.version == version

    def of(self, row: ResourceType) -> Mapping[str, str]:
        """Return the refused versions of a type, by name."""
        return self._refused.get(row, _NONE) if self._refused else _NONE

    def follow(self, snapshot: Snapshot) -> None:
        """Take what the group gets now, and forget what it does not get any more in that version."""
        self._snapshot = snapshot
        for row, names in tuple(self._refused.items()):
            kept = {name: version for name, version in names.items() if self._gets(row, name, version)}
            if kept:
                self._refused[row] = kept
            else:
                del self._refused[row]
