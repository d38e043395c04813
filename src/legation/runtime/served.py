"""What is served of what the sources say, and what is wrong with it: the pure parts, one after the other. No I/O.

Objects are read, what is good is settled, completed by what is made of Pods, widened where it is for every namespace
and amended by what objects say of the resources of others. All of it is assembled into snapshots, what does not fit
together is checked, and what is asked for by name is added. Each part runs only if what it reads has changed: a Pod
that comes moves clients, and an EndpointSlice that changes makes one assignment anew. An object on which this program
itself fails is broken like any other: it gets a problem, and its last good version stays.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, assert_never

from legation.model.cluster import Cluster
from legation.model.node import Node, Peer, Workload
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.runtime.account import Account
from legation.runtime.admission import Rules
from legation.runtime.admitting import Admitting
from legation.runtime.amending import Amending, Revised
from legation.runtime.assemble import Assembly
from legation.runtime.blaming import Blaming
from legation.runtime.by_name import ByName
from legation.runtime.changed import Moment, ProblemIndex
from legation.runtime.check import check
from legation.runtime.deliveries import Known
from legation.runtime.expiry import Outlook, outlook
from legation.runtime.groups import EXPECTED, AnyGroup, Departed, Expected, Group
from legation.runtime.intake import Heard
from legation.runtime.item import Item
from legation.runtime.judged import Judged
from legation.runtime.last_good import LastGood, Readings, Settled
from legation.runtime.places import Places
from legation.runtime.prepared import Prepared
from legation.runtime.read import read_safely
from legation.runtime.rechecking import Rechecking
from legation.runtime.selecting import Completed, Ready, Selecting
from legation.runtime.trail import Trail
from legation.runtime.unheard import Unheard
from legation.runtime.upcoming import Upcoming
from legation.runtime.what_if import WhatIf
from legation.runtime.widening import Widening
from legation.sources.base import Source
from legation.transports.base import Refusal


class Served:
    """The newest state of everything.

    It changes by what the sources say (`update`), by time (`look_again`) and by what Envoys ask for (`want`, `prune`);
    `remember` and `forget_before` are about what was served before the program began.
    """

    def __init__(
        self,
        *,
        owner: Callable[[ObjectKey], Source | None],
        rules: Rules | None = None,
        unix_time: Callable[[], float] = time.time,
        judged: Judged | None = None,
    ) -> None:
        """Begin before anything was heard.

        Args:
            owner: Says from which source an object comes: it knows the place of every field.
            rules: Who gets what, and what is refused.
            unix_time: Tells the time that certificates are valid at.
            judged: What a judge says of each object, if one is asked.
        """
        self._judged = judged
        self._rules = rules or Rules()
        self.admitting = Admitting(self._rules)
        """Who may be whom now."""
        self._read = partial(read_safely, unknown_fields=self._rules.unknown_fields)
        self._prepared = Prepared(self._read)
        self._last_good = LastGood(read=self._prepared.read, judged=judged)
        self._selecting = Selecting(any_label=self._rules.any_label)
        self._widening = Widening(self._rules.any_label)
        self._amending = Amending(unknown_fields=self._rules.unknown_fields)
        self._places = Places(owner)
        self._unix_time = unix_time
        self._outlook = Outlook()
        self._dated: tuple[Item, ...] = ()
        """What the outlook is about."""
        self._rechecking = Rechecking()
        self._by_name = ByName(now=unix_time, across=self._rules.across_namespaces)
        self._heard: Heard | None = None
        self._taken: Heard | None = None
        """What was heard when all was last taken."""
        self._moved = False
        """Whether clients may belong elsewhere, and nobody was told so yet."""
        self._other_verdicts = False
        self._cluster: Cluster | None = None
        self._object_problems: tuple[Problem, ...] = ()
        self._told = Moment()
        """What there was when somebody asked what had changed."""
        self._settled = Settled(readings={})
        self._completed = Completed(readings={})
        self._widened: Readings = {}
        self._revised = Revised()
        self._unheard = Unheard(absent=self._by_name.absent)
        self._assembly = Assembly()
        self._before: Assembly | None = None
        """What was served before the program began; made when somebody asks for it."""
        self._index = ProblemIndex()
        self._blaming = Blaming(referrers=self._by_name.referrers_of, place=self._places.of, known=self._rechecking)
        self.upcoming = Upcoming(now=unix_time)
        """What is stored, or about to be, and not served yet."""
        self.begun = False
        """Whether anything was heard, and judged: before that nobody gets anything, lest it be half of all there is."""

    def remember(self, records: Mapping[str, Any]) -> None:
        """Take what a state folder remembers, before anything was heard."""
        self._last_good = LastGood(records, read=self._prepared.read, judged=self._judged)

    def update(self, heard: Heard) -> bool:
        """Take what the sources say now, when every one of them has loaded.

        Returns:
            Whether clients may belong to other groups than before.
        """
        # If anything fails here, all of it is taken the next time, whatever that is about.
        before, self._taken = self._taken, None
        self._blaming.forget()
        self._heard, self._cluster = heard, heard.cluster
        self._moved |= self.admitting.look(heard.cluster) or before is None
        self._by_name.look(heard.cluster)
        if before is None or self._other_verdicts or not heard.same_objects(before):
            self._moved |= self._take_objects(heard)
        else:
            self._moved |= self._take_settled(self._settled, heard)
            if (before.cluster is None) is not (heard.cluster is None):
                self._object_problems = self._check(heard)
        self._taken, self._other_verdicts = heard, False
        self.upcoming.settle(self._settled.readings)
        if not self.begun and not self._last_good.awaits_first:
            self.begun = self.admitting.begun = self._moved = True
        moved, self._moved = self._moved, False
        return moved

    def reconsider(self) -> None:
        """Have all objects taken with the next update, whether they are others or not: there are other verdicts."""
        self._other_verdicts = True

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that is wrong with the objects, each with the place of its field."""
        return (*self._object_problems, *self._by_name.problems)

    @property
    def next_look(self) -> float | None:
        """The Unix time at which `look_again` may find something else although nothing changed."""
        moments = (self._by_name.next_look, self._outlook.again_at)
        return min((each for each in moments if each is not None), default=None)

    def look_again(self) -> bool:
        """Look at what changes by time alone: certificates. Returns whether anything is served differently."""
        due = self._outlook.again_at
        if due is not None and due <= self._unix_time() and self._taken is not None:
            self._object_problems = self._check(self._taken)
        return self._by_name.look(self._cluster)

    def want(self, group: AnyGroup, row: ResourceType, names: Collection[str]) -> bool:
        """Take what clients of a group ask for by name. Returns whether somebody may get something else for it."""
        if not isinstance(group, Group):
            return False
        of_objects = self._assembly.snapshot_for(group.workload)
        return self._by_name.want(group.workload.namespace, row, names, snapshot=of_objects)

    def hear(self, account: Account, every: Collection[Account]) -> bool:
        """Take what became of things at one of all clients. Returns whether an update may serve something else."""
        return self._unheard.hear(account, every, self._widened)

    def prune(self, asked_for: Callable[[str, ResourceType, str], bool]) -> None:
        """Forget what nobody asks for by name any more; see `ByName.prune`."""
        self._by_name.prune(asked_for)

    def take_changes(self) -> Mapping[str, Any]:
        """Return what a state folder has to save since the last call."""
        return self._last_good.take_changes()

    def group_of(self, peer: Peer, node: Node) -> AnyGroup:
        """Return the group of a client that comes.

        Raises:
            Refusal: This peer may not be this node.
        """
        return self._group(self.admitting.workload_of(peer, node))

    def _group(self, workload: Workload | None) -> AnyGroup:
        if workload is None:
            return EXPECTED
        return Group(self._assembly.group_of(workload), self._assembly.told_apart(workload))

    def regroup(self, peer: Peer, node: Node, group: AnyGroup, snapshot: Snapshot | None) -> AnyGroup:
        """Return the group of a client that sat in a group and got that: it is never refused for what changed since."""
        if isinstance(group, Expected):
            # Nobody has let it in yet. Who may not be here is turned away where it waits.
            try:
                return self.group_of(peer, node)
            except Refusal:
                return EXPECTED
        if self.admitting.is_still(peer, node):
            return self._group(self.admitting.workload_again(peer, node))
        if isinstance(group, Group) and snapshot is not None:
            return Departed(group.name, snapshot)
        return group if isinstance(group, Departed) else EXPECTED

    def returns(self, group: AnyGroup) -> bool:
        """Say whether who leaves may come back to a group."""
        return isinstance(group, Group)

    def snapshot_of(self, group: AnyGroup) -> Snapshot | None:
        """Return what a group gets; None before anything was heard."""
        match group:
            case Expected():
                return None
            case Departed():
                return group.snapshot
            case Group(workload=workload):
                if not self.begun:
                    return None
                return self._by_name.complete(self._assembly.snapshot_for(workload), workload.namespace)
            case _:
                assert_never(group)

    def recall(self, group: AnyGroup, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version of a group stood for, if it is what the group got last before the program began."""
        if not isinstance(group, Group):
            return None
        if self._before is None:
            widening = Widening(self._rules.any_label)
            recalled = widening.widen(self._last_good.recalled, self._settled, self._cluster)
            amending = Amending(unknown_fields=self._rules.unknown_fields)
            self._before = Assembly(amending.amend(recalled, unheard=self._unheard.among(recalled)).made)
        collection = self._before.snapshot_for(group.workload)[row]
        return collection if collection.version == version else None

    def forget_before(self) -> None:
        """Forget what was served before the program began: who was there then has come back, or is served anew."""
        self._last_good.recalled = {}
        self._before = None

    def take_changed(self) -> set[ObjectKey]:
        """Return the objects of which something is another one than when this was last asked; O(all objects)."""
        before, self._told = (
            self._told,
            Moment(
                objects=self._heard.objects if self._heard is not None else {},
                readings=self._completed.readings,
                problems=self.problems,
            ),
        )
        return self._told.differing(before)

    def keys(self) -> Collection[ObjectKey]:
        """Return all objects that the sources have, as far as that was heard."""
        return self._heard.objects.keys() if self._heard is not None else ()

    def known(self, key: ObjectKey) -> Known | None:
        """Return what is known of an object; None: it does not exist."""
        newest = self._heard.objects.get(key) if self._heard is not None else None
        if newest is None:
            return None
        reading = self._completed.readings.get(key)
        return Known(
            newest=newest,
            served=reading.manifest if reading is not None else None,
            names=tuple(self.names_of([key])),
        )

    def problems_of(self, key: ObjectKey) -> tuple[Problem, ...]:
        """Return what is wrong with one object."""
        return self._index.of(key, self.problems)

    def what_if(self, *, soon: bool = False) -> WhatIf:
        """Return what is served now, for questions about objects that nobody stored yet; `soon`: keep what is read."""
        return WhatIf(
            read=self._prepared.prepare if soon else self._read,
            forget=self._prepared.forget,
            assembly=self._assembly if self.begun else None,
            readings=self._settled.readings,
            ready=None if self._heard is None else _ready(self._heard),
            elsewhere=self._by_name.answers,
            any_label=self._rules.any_label,
            now=self._unix_time(),
            said=self.problems_of,
            upcoming=self.upcoming if soon else Upcoming(),
        )

    def trail(self) -> Trail:
        """Return what is served now, for questions about where it comes from; O(1)."""
        assembly, by_name = self._assembly, self._by_name

        def snapshot(workload: Workload) -> Snapshot | None:
            return by_name.complete(assembly.snapshot_for(workload), workload.namespace) if self.begun else None

        return Trail(
            objects={} if self._heard is None else self._heard.objects,
            settled=self._settled.readings,
            completed=self._completed.readings,
            made=assembly.made,
            met=self._revised.met,
            workloads=self.admitting.workloads,
            namespaces=self.admitting.namespaces,
            cluster=self._cluster,
            place=self._places.of,
            snapshot=snapshot,
            group_of=assembly.group_of,
            made_by_name=by_name.made,
            target=by_name.target,
            pods=self._selecting.pods_of,
        )

    def names_of(self, keys: Collection[ObjectKey]) -> set[Name]:
        """Return the resources that these objects make now, and those of others that they speak of or spoke of."""
        readings = (self._completed.readings.get(key) for key in keys)
        made = {(item.resource.type, item.resource.name) for each in readings if each for item in each.items}
        return made.union(*(self._amending.names_of(key) for key in keys))

    def blame(self, problem: Problem, named: Name, *, mentioned: Name | None = None) -> Problem:
        """Return the problem of a resource with all that is known of where it comes from; see `Blaming.blame`."""
        readings, met = self._completed.readings, self._revised.met
        return self._blaming.blame(problem, named, readings=readings, met=met, mentioned=mentioned)

    def objects(self) -> Mapping[str, int]:
        """Return how many objects are served, by kind."""
        return Counter(key.kind for key in self._completed.readings)

    def resources(self) -> Mapping[ResourceType, int]:
        """Return how many resources are served, by type."""
        return Counter(item.resource.type for item in self._completed.items)

    def _take_objects(self, heard: Heard) -> bool:
        """Take other objects than before. Returns whether clients may belong to other groups."""
        settled = self._last_good.settle(heard.objects, broken=heard.broken)
        found = self.admitting
        before = (found.workloads, found.namespaces)
        moved = self._take_settled(settled, heard)
        found.workloads, found.namespaces = settled.workloads, settled.namespaces
        return moved or before != (found.workloads, found.namespaces)

    def _take_settled(self, settled: Settled, heard: Heard) -> bool:
        """Take other good objects or other Pods than before. Returns whether clients may belong to other groups."""
        completed = self._selecting.complete(settled.readings, _ready(heard))
        widened = self._widening.widen(completed.readings, settled, heard.cluster)
        # The same objects make the same, unless they are completed or widened otherwise, or others of them are heard.
        same = settled is self._settled and completed is self._completed and widened is self._widened
        if not self._unheard.look(widened) and same:
            return False
        revised = self._amending.amend(widened, unheard=self._unheard.now)
        assembly = Assembly(revised.made, incomplete=settled.incomplete, previous=self._assembly)
        before = self._assembly.labels
        self._settled, self._completed, self._widened = settled, completed, widened
        self._revised, self._assembly = revised, assembly
        self._by_name.refer(assembly)
        self._object_problems = self._check(heard)
        return before != assembly.labels

    def _look_out(self) -> None:
        """Tell which certificates cannot be used, if other ones are there or it is time."""
        now, due, dated = self._unix_time(), self._outlook.again_at, self._assembly.dated
        if dated is not self._dated or (due is not None and due <= now):
            self._outlook, self._dated = outlook(dated, now=now), dated

    def _check(self, heard: Heard) -> tuple[Problem, ...]:
        found = check(self._assembly, elsewhere=self._by_name.answers, known=self._rechecking)
        self._look_out()
        of_objects = (
            *self._settled.problems,
            *self._completed.problems,
            *self._revised.problems,
            *found,
            *self._outlook.problems,
        )
        return (*heard.problems, *self._places.locate(of_objects, heard.objects))


def _ready(heard: Heard) -> Ready | None:
    return None if heard.cluster is None else heard.cluster.ready
