"""What is served of each object: its newest version, or the last good one while the newest is broken. Pure.

Three rules. Nothing of a broken version is used; the last good version of that object goes on. So it does while a judge
is asked about the newest version, and if that is refused. An object that vanished from a file of which a part cannot be
used is not gone. Of what was broken from the start and of which nobody knows a good version, it is said which types it
could have held: an Envoy that was configured before may hold such resources, and must not be told to remove them.
What goes from one object to another that waits for a verdict is the matter of `leaving`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from legation.model.node import Workload
from legation.model.objects import ManifestObject, ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.runtime.assemble import COMPLETE, Incomplete
from legation.runtime.judged import Hearing, Judged
from legation.runtime.leaving import Leaving
from legation.runtime.object_records import ObjectRecords
from legation.runtime.read import Reading, read

Read: TypeAlias = Callable[[ManifestObject, Reading | None], Reading]
Readings: TypeAlias = Mapping[ObjectKey, Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is served at one moment, and why it is not more."""

    readings: Readings = field(repr=False)
    """The good reading of each object that has one; a broken object's is an earlier one."""
    problems: tuple[Problem, ...] = ()
    """Those of the newest version of each object, of what is kept, and of what has no good version."""
    incomplete: Incomplete = COMPLETE
    namespaces: frozenset[str] = frozenset()
    """Every namespace that an object is in, however broken it is."""

    @property
    def workloads(self) -> Mapping[str, Workload]:
        """Every node id that an object describes."""
        return {node: load for reading in self.readings.values() for node, load in reading.workloads.items()}


class LastGood:
    """The last good version of each object.

    Example:
        records, problems = folder.load()
        last_good = LastGood(records)
        settled = last_good.settle(objects, broken=broken_files)
        folder.save(last_good.take_changes())  # in a thread: it waits for the disk
    """

    def __init__(
        self, records: Mapping[str, Any] | None = None, *, read: Read = read, judged: Judged | None = None
    ) -> None:
        """Begin with what a state folder remembers, or with nothing.

        Args:
            records: What is remembered.
            read: Reads one version of an object.
            judged: What a judge says of what is not broken, if one is asked.
        """
        self._read = read
        self._judged = judged
        self._records = ObjectRecords(records or {})
        self._newest: dict[ObjectKey, Reading] = {}
        """The newest version seen of each object that is there or kept."""
        self._good: dict[ObjectKey, Reading] = {}
        """What is served."""
        self._leaving = Leaving()
        self._kept: frozenset[ObjectKey] = frozenset()
        """Objects that are missing and yet not gone."""
        self._unknown: frozenset[ObjectKey] = frozenset()
        """Objects that were broken from the start and never seen good."""
        self._unknown_files: frozenset[str] = frozenset()
        """Files of which a part could not be read from the start."""
        self._begun = False
        self.recalled: Readings = {}
        """What was served before the program began, as far as it is remembered: known when settled once."""

    def settle(self, objects: Mapping[ObjectKey, ManifestObject], *, broken: frozenset[str] = frozenset()) -> Settled:
        """Take the newest state of all sources together, and return what is served now.

        Call it when every source has loaded, never before: an object that is missing here is gone, unless it was last
        seen in a broken file. Only objects that are not the same Python object as before are read.

        Args:
            objects: Everything that the sources can read.
            broken: Files (as in `Place.file`) of which a part could not be read.
        """
        if not self._begun:
            self._recall()
        known = self._newest
        newest = {
            key: previous
            if (previous := known.get(key)) is not None and previous.manifest is manifest
            else self._read(manifest, previous)
            for key, manifest in objects.items()
        }
        good = {key: each for key, reading in newest.items() if (each := self._serve(key, reading)) is not None}
        lost = {key: newest[key] for key in newest.keys() - good.keys() if newest[key].may_hold}
        # A version that waits for a verdict, or has one, is understood: it is none that hides another object.
        kept = self._keep(newest, {key: reading for key, reading in lost.items() if reading.broken}, broken)
        good |= {key: self._good[key] for key in kept}
        self._note_unknown(newest, lost, broken)
        self._leaving.follow(before=self._good, good=good, newest=newest)
        self._newest, self._good, self._begun = newest | kept, good, True
        if self._judged is not None:
            self._judged.keep(newest.keys())
        files = _files(newest.values())
        self._records.note(good.values(), whole=files - broken - _files(lost.values()), present=files | broken)
        self._records.note_left(self._leaving.left)
        return Settled(
            readings=MappingProxyType(self._leaving.served(good)),
            problems=(
                *self._records.problems,
                *(problem for reading in newest.values() for problem in reading.problems),
                *(self._judged.problems() if self._judged is not None else ()),
                *_kept_problems(kept.values()),
                *self._leaving.problems(newest, waits=self._is_waiting),
                *self._unknown_problems(),
            ),
            incomplete=self._incomplete(),
            namespaces=frozenset(key.namespace for key in self._newest),
        )

    @property
    def awaits_first(self) -> bool:
        """Whether the first verdicts are not all there, and nothing was served before the program began, either."""
        return self._judged is not None and self._judged.awaits_first and not self.recalled

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call: records by name, None where one goes."""
        return self._records.take_changes()

    def _recall(self) -> None:
        """Read what is remembered from before the start as if it had been seen then."""
        for manifest in self._records.manifests:
            reading = self._read(manifest, None)
            self._newest[manifest.key] = reading
            if reading.broken:  # it was good for an earlier version of this program
                self._unknown |= {manifest.key}
            else:
                self._good[manifest.key] = reading
        self._leaving.recall((self._read(each.manifest, None), each.heirs) for each in self._records.left)
        self.recalled = MappingProxyType(self._leaving.served(self._good))

    def _serve(self, key: ObjectKey, reading: Reading) -> Reading | None:
        if self._judged is None:
            return self._good.get(key) if reading.broken else reading
        if reading.broken:
            self._judged.forget(key)
            return self._good.get(key)
        return reading if self._judged.hearing(reading) is Hearing.PASSES else self._good.get(key)

    def _is_waiting(self, key: ObjectKey) -> bool:
        return self._judged is not None and self._judged.is_waiting(key)

    def _keep(self, newest: Readings, lost: Readings, broken: frozenset[str]) -> dict[ObjectKey, Reading]:
        """Return the objects that are missing and yet not gone, as they were last seen (those seen good).

        One vanishes with its file's readability, or together with the appearance of an object there that nobody
        understands: that may be the same one under a misspelt kind or name. It stays while that reason does.
        """
        appeared = broken | _files(reading for key, reading in lost.items() if key not in self._newest)
        still = broken | _files(lost.values())
        kept = {
            key: reading
            for key, reading in self._newest.items()
            if key not in newest and key in self._good and _file(reading) in (still if key in self._kept else appeared)
        }
        self._kept = frozenset(kept)
        return kept

    def _note_unknown(self, newest: Readings, lost: Readings, broken: frozenset[str]) -> None:
        """Follow of which objects and files an Envoy may hold something that nobody here knows.

        What turns up broken later than at the start was never served, unless it was part of such a file.
        """
        at_start = frozenset() if self._begun else (broken | _files(lost.values()) | {""}) - self._records.whole
        suspect = self._unknown_files | at_start
        hidden = {_file(self._newest[key]) for key in self._unknown - newest.keys()}
        self._unknown = frozenset(
            key
            for key, reading in lost.items()
            if key in self._unknown or (key not in self._newest and _file(reading) in suspect)
        )
        self._unknown_files = broken & (suspect | hidden)

    def _incomplete(self) -> Incomplete:
        namespaces: dict[str, frozenset[ResourceType]] = {}
        for key in self._unknown:
            held = self._newest[key].may_hold
            namespaces[key.namespace] = namespaces.get(key.namespace, frozenset()) | held
        everywhere = frozenset(RESOURCE_TYPES) if self._unknown_files else frozenset()
        return Incomplete(everywhere=everywhere, namespaces=MappingProxyType(namespaces))

    def _unknown_problems(self) -> Iterator[Problem]:
        for key in sorted(self._unknown):
            if self._is_waiting(key):
                continue
            reading = self._newest[key]
            every = len(reading.may_hold) == len(RESOURCE_TYPES)
            types = "all that" if every else f"every {' and '.join(sorted(row.name for row in reading.may_hold))} that"
            yield Problem(
                code="no-good-version",
                level=Level.WARNING,
                object=key,
                place=reading.manifest.place,
                message="no good version of it is known: until it is mended, an Envoy of namespace "
                f"{key.namespace} that reconnects keeps {types} it has",
            )
        for file in sorted(self._unknown_files):
            yield Problem(
                code="no-good-version",
                level=Level.WARNING,
                place=Place(file),
                message="nobody knows all that this file held: until it is mended, an Envoy that reconnects keeps "
                "all that it has",
            )


def _kept_problems(kept: Iterable[Reading]) -> Iterator[Problem]:
    for file, count in sorted(Counter(map(_file, kept)).items()):
        objects = "an object that was" if count == 1 else f"{count} objects that were"
        stay = "stays" if count == 1 else "stay"
        yield Problem(
            code="kept",
            level=Level.WARNING,
            place=Place(file),
            message=f"{objects} in this file before {stay} as last seen, because a part of it cannot be used",
            mend="mend the file; what is not in it then is gone",
        )


def _files(readings: Iterable[Reading]) -> frozenset[str]:
    return frozenset(filter(None, map(_file, readings)))


def _file(reading: Reading) -> str:
    place = reading.manifest.place
    return place.file if place is not None else ""
