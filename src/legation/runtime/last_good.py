"""What is served of each object: its newest version, or the last good one while the newest is broken. Pure.

Three rules. Nothing of a broken version is used; the last good version of that object goes on. An object that vanished
from a file of which a part cannot be read is not gone. Of what was broken from the start and of which nobody knows a
good version, it is said which types it could have held: of these, no Envoy may be told to remove anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from legation.model.node import Workload
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.runtime.assemble import COMPLETE, Incomplete, Item
from legation.runtime.read import Reading, read

Read: TypeAlias = Callable[[ManifestObject, Reading | None], Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is served at one moment, and why it is not more."""

    readings: Mapping[ObjectKey, Reading] = field(repr=False)
    """The good reading of each object that has one; a broken object's is an earlier one."""
    problems: tuple[Problem, ...] = ()
    """Those of the newest version of each object, and of those that have no good one."""
    incomplete: Incomplete = COMPLETE

    @property
    def items(self) -> tuple[Item, ...]:
        """All that is served."""
        return tuple(item for reading in self.readings.values() for item in reading.items)

    @property
    def workloads(self) -> Mapping[str, Workload]:
        """Every node id that an object describes."""
        return {node: load for reading in self.readings.values() for node, load in reading.workloads.items()}

    @property
    def namespaces(self) -> frozenset[str]:
        """Every namespace that an object is in."""
        return frozenset(key.namespace for key in self.readings)


class LastGood:
    """The last good version of each object.

    Example:
        records, problems = folder.load()
        last_good = LastGood(records)
        settled = last_good.settle(objects, broken=broken_files)
        folder.save(last_good.take_changes())  # in a thread: it waits for the disk
    """

    def __init__(self, records: Mapping[str, Any] | None = None, *, read: Read = read) -> None:
        """Begin with what a state folder remembers, or with nothing."""
        raise NotImplementedError

    def settle(self, objects: Mapping[ObjectKey, ManifestObject], *, broken: frozenset[str] = frozenset()) -> Settled:
        """Take the newest state of all sources together, and return what is served now.

        Call it when every source has loaded, never before: an object that is missing here is gone, unless it was last
        seen in a broken file. Only objects that are not the same Python object as before are read.

        Args:
            objects: Everything that the sources can read.
            broken: Files (as in `Place.file`) of which a part could not be read.
        """
        raise NotImplementedError

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call: records by name, None where one goes."""
        raise NotImplementedError
