"""Unplanned: what no file of the newest set has, and Envoy may go on using: it goes on needing what it names.

- What is named by what is newest.
- What stands in files of somebody else, who may have had Envoy read them.
- What was the only resource in a file that is gone. Envoy looks at moves alone, so it keeps that until nothing names
  it any more. Where resources of the set named it, the rules of delivery see to that. Where none ever did, a listener
  of the bootstrap may, and nobody here hears of its end: it counts as used until there is another one of its name.

A program that comes back knows of no file that was removed before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.model.resource import EVERY, Name, Resource
from legation.model.resource_types import BY_NAME, REFERRERS, RESOURCE_TYPES
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.file_set import FileSet
from legation.transports.files.links import referring
from legation.transports.files.readers import Readers

_ALONE = tuple(row for row in RESOURCE_TYPES if row.refers and not row.full_state)
"""The types that come one to a file, and name others."""


class Unplanned:
    """What is used besides the newest files."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._strange: dict[str, tuple[Resource, ...]] = {}
        """What stands in files of somebody else."""
        self._abandoned: dict[Name, Resource] = {}
        """What Envoy may have of files that are gone."""
        self._named: set[Name] = set()
        """What was named by something in the files once: with the last of that Envoy lets it go."""
        self.unneeding = Snapshot.of()
        """What needs no file that is gone: the newest content, and what was read of files that are gone."""

    def begin(self, strange: Mapping[str, tuple[Resource, ...]], held: Snapshot) -> None:
        """Take the files of somebody else, and all that stands there."""
        self._strange = dict(strange)
        self._named.update(_named(held))

    def take(self, newest: FileSet, possible: Snapshot, readers: Readers) -> Snapshot:
        """Take the newest files.

        Args:
            newest: All that is to stand.
            possible: What of it can stand, or does so in the version that is held.
            readers: Who has it.

        Returns:
            All that is to stand, and all that may be used besides.
        """
        self._strange = {path: members for path, members in self._strange.items() if path not in newest.files}
        snapshot = newest.snapshot
        self._named.update(_named(snapshot))
        for held in (each for row in _ALONE for each in readers.all_of(row)):
            name = (held.type, held.name)
            if snapshot.get(*name) is None and name not in self._named and name not in self._abandoned:
                anyone = _any_of(held, readers)
                if any(anyone.references.values()):
                    self._abandoned[name] = anyone
        self._abandoned = {name: each for name, each in self._abandoned.items() if snapshot.get(*name) is None}
        self._named = {name for name in self._named if snapshot.get(*name) or readers.held(name)}
        self.unneeding = _joined(snapshot, self._abandoned)
        return self._with(snapshot, possible, readers)

    def is_strange(self, path: str) -> bool:
        """Say whether a file is somebody else's."""
        return path in self._strange

    def is_abandoned(self, name: Name) -> bool:
        """Say whether a resource has no file any more, and may be used."""
        return name in self._abandoned

    def _with(self, snapshot: Snapshot, possible: Snapshot, readers: Readers) -> Snapshot:
        found = {(each.type, each.name): each for members in self._strange.values() for each in members}
        found |= self._abandoned
        others = {name: each for name, each in found.items() if snapshot.get(*name) is None}
        rest = {
            (row, held.name): held
            for row in RESOURCE_TYPES
            for held in readers.all_of(row)
            if snapshot.get(row, held.name) is None and (row, held.name) not in others
        }
        # As the rules of delivery keep it: what is named by anything that stays.
        more = {**others, **{name: each for name, each in rest.items() if _is_named(name, possible)}}
        while more:
            others |= more
            users = more.values()
            more = {
                name: each
                for name, each in rest.items()
                if name not in others and any(user.mentions(*name) for user in users)
            }
        return _joined(snapshot, others)


def _joined(snapshot: Snapshot, others: Mapping[Name, Resource]) -> Snapshot:
    if not others:
        return snapshot
    rows = {row for row, _ in others}
    return Snapshot.of(
        [
            collect(row, [*snapshot[row], *(each for each in others.values() if each.type is row)])
            if row in rows
            else snapshot[row]
            for row in RESOURCE_TYPES
        ],
        incomplete=snapshot.incomplete,
    )


def _any_of(held: Resource, readers: Readers) -> Resource:
    """Return a resource that names all that any version of it names that somebody may have."""
    versions = (each for name, each in readers.may_have() if name == (held.type, held.name))
    return referring(
        held, [(BY_NAME[row], name) for each in versions for row, names in each.references.items() for name in names]
    )


def _is_named(name: Name, snapshot: Snapshot) -> bool:
    row, own = name
    above = (snapshot[other] for other in REFERRERS[row])
    return any(names.referrers(row, own) or names.referrers(row, EVERY) for names in above)


def _named(snapshot: Snapshot) -> Iterator[Name]:
    """Yield what comes alone in a file and is named there by something else."""
    for row in _ALONE:
        for each in snapshot[row]:
            if _is_named((row, each.name), snapshot):
                yield row, each.name
