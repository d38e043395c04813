"""What is served of what the sources say, and what is wrong with it: the pure parts, one after the other. No I/O.

Objects are read, what is good is settled, settled resources are assembled into snapshots, and what does not fit
together is checked. An object on which this program itself fails is broken like any other: it gets a problem, and its
last good version stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from legation.model.node import Node, Peer, Workload
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.runtime.account import Name
from legation.runtime.admission import admit
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.intake import Heard
from legation.runtime.last_good import LastGood, Settled
from legation.runtime.problem_log import log_fault
from legation.runtime.read import Reading, read
from legation.sources.base import Source

_Located: TypeAlias = Mapping[tuple[Problem, ManifestObject, Place | None], Problem]
"""A problem, its object and where that begins now -> the problem with its own place."""


@dataclass(frozen=True, slots=True)
class Group:
    """The workloads that selectors do not tell apart."""

    name: str = field(compare=False)
    """For people: what is written in a label can make two groups look alike."""
    workload: Workload
    """What they have in common."""

    def __str__(self) -> str:
        return self.name


class Served:
    """The newest state of everything. It changes by `update` alone."""

    def __init__(
        self, records: Mapping[str, Any] | None = None, *, owner: Callable[[ObjectKey], Source | None]
    ) -> None:
        """Begin before anything was heard.

        Args:
            records: What a state folder remembers.
            owner: Says from which source an object comes: it knows the place of every field.
        """
        self._last_good = LastGood(records, read=_read)
        self._owner = owner
        self._settled = Settled(readings={})
        self._assembly = Assembly()
        self._before: Assembly | None = None
        """What was served before the program began; made when somebody asks for it."""
        self._workloads: Mapping[str, Workload] = {}
        self._namespaces: frozenset[str] = frozenset()
        self._located: dict[tuple[Problem, ManifestObject, Place | None], Problem] = {}
        self.problems: tuple[Problem, ...] = ()
        """All that is wrong with the objects, each with the place of its field."""
        self.begun = False
        """Whether anything was heard: before that nobody gets anything."""

    def update(self, heard: Heard) -> bool:
        """Take what the sources say now, when every one of them has loaded.

        Returns:
            Whether clients may belong to other groups than before.
        """
        settled = self._last_good.settle(heard.objects, broken=heard.broken)
        assembly = Assembly(settled.items, incomplete=settled.incomplete, previous=self._assembly)
        problems = (*heard.problems, *self._locate((*settled.problems, *check(assembly)), heard))
        before = (self.begun, self._assembly.labels, self._workloads, self._namespaces)
        self._settled, self._assembly, self.problems, self.begun = settled, assembly, problems, True
        self._workloads, self._namespaces = settled.workloads, settled.namespaces
        return before != (True, assembly.labels, self._workloads, self._namespaces)

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call."""
        return self._last_good.take_changes()

    def group_of(self, peer: Peer, node: Node) -> Group:
        """Return the group of a client.

        Raises:
            Refusal: This peer may not be this node.
        """
        workload = admit(peer, node, workloads=self._workloads, namespaces=self._namespaces)
        return Group(self._assembly.group_of(workload), self._assembly.told_apart(workload))

    def snapshot_of(self, group: Group) -> Snapshot | None:
        """Return what a group gets; None before anything was heard."""
        return self._assembly.snapshot_for(group.workload) if self.begun else None

    def recall(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version of a group stood for, if it is what the group got last before the program began."""
        if self._before is None:
            self._before = Assembly(self._last_good.recalled)
        collection = self._before.snapshot_for(group.workload)[row]
        return collection if collection.version == version else None

    def forget_before(self) -> None:
        """Forget what was served before the program began: who was there then has come back, or is served anew."""
        self._last_good.recalled = ()
        self._before = None

    def names_of(self, keys: Collection[ObjectKey]) -> set[Name]:
        """Return the resources that these objects make now."""
        readings = (self._settled.readings.get(key) for key in keys)
        return {(item.resource.type, item.resource.name) for each in readings if each for item in each.items}

    def place_of(self, row: ResourceType, name: str, origin: ObjectKey) -> Place | None:
        """Return where in its object a resource stands."""
        reading = self._settled.readings.get(origin)
        if reading is None:
            return None
        paths = (item.path for item in reading.items if (item.resource.type, item.resource.name) == (row, name))
        return self._place(reading.manifest, next(paths, ()))

    def objects(self) -> Mapping[str, int]:
        """Return how many objects are served, by kind."""
        return Counter(key.kind for key in self._settled.readings)

    def resources(self) -> Mapping[ResourceType, int]:
        """Return how many resources are served, by type."""
        return Counter(item.resource.type for item in self._settled.items)

    def _locate(self, problems: Iterable[Problem], heard: Heard) -> tuple[Problem, ...]:
        """Give each problem the place of its field, which is looked for once for as long as its object stays there."""
        before, self._located = self._located, {}
        return tuple(self._located_one(problem, heard, before) for problem in problems)

    def _located_one(self, problem: Problem, heard: Heard, before: _Located) -> Problem:
        manifest = heard.objects.get(problem.object) if problem.object else None
        if manifest is None or manifest.place is None or manifest.place is not problem.place:
            return problem
        key = (problem, manifest, self._place(manifest, ()))
        located = before.get(key)
        if located is None:
            located = replace(problem, place=self._place(manifest, problem.path))
        self._located[key] = located
        return located

    def _place(self, manifest: ManifestObject, path: FieldPath) -> Place | None:
        owner = self._owner(manifest.key)
        return owner.locate(manifest.place, path) if owner else manifest.place


def _read(manifest: ManifestObject, previous: Reading | None) -> Reading:
    try:
        return read(manifest, previous)
    except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
        log_fault(error, manifest=manifest.key)
    return Reading(
        manifest=manifest,
        problems=(
            Problem(
                code="internal-error",
                object=manifest.key,
                place=manifest.place,
                message="legation itself fails on this object; its log tells where",
                mend="report it; until then another way to write the object may help",
            ),
        ),
        broken=True,
        may_hold=frozenset(RESOURCE_TYPES),
    )
