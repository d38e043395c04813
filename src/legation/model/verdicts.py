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

    __slots__ = ("_refused",)

    def __init__(self) -> None:
        self._refused: dict[ResourceType, dict[str, str]] = {}

    def prove(self, refused: Iterable[Resource]) -> None:
        """Take what a client refused, by name or alone."""
        for resource in refused:
            names = self._refused.setdefault(resource.type, {})
            names.pop(resource.name, None)
            names[resource.name] = resource.version
            if len(names) > MOST_VERDICTS:
                del names[next(iter(names))]

    def of(self, row: ResourceType) -> Mapping[str, str]:
        """Return the refused versions of a type, by name."""
        return self._refused.get(row, _NONE) if self._refused else _NONE

    def forget_changed(self, snapshot: Snapshot) -> None:
        """Forget what the group does not get any more in that version."""
        for row, names in tuple(self._refused.items()):
            kept = {
                name: version
                for name, version in names.items()
                if (now := snapshot.get(row, name)) is not None and now.version == version
            }
            if kept:
                self._refused[row] = kept
            else:
                del self._refused[row]
