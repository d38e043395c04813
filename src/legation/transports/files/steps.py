"""FileSteps: what is written and removed next, so that files come to stand there in the order of delivery.

It does no I/O and knows no clock. The rules are those by which gRPC clients are told (`protocol.Sequence`): all who
read the files are one client, and time stands in place of its answers. A file of which some resources may not go yet,
or that holds what left and is still in use, is rendered for the time being; in the end exactly the newest files stand
there.

While a step is on its way to the disk, time stands still for the rules: what was not written has not been read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from legation.model.resource import Name, Resource
from legation.model.snapshot import Snapshot
from legation.protocol.holding import same
from legation.transports.files.debts import Debts
from legation.transports.files.early import Early, to_move_again
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.readers import Readers, policy
from legation.transports.files.staging import Files, Staging, without
from legation.transports.files.standing import (
    File,
    Render,
    alike,
    as_asked,
    as_held,
    between,
    either,
    finished,
    goals,
    homes,
    in_order,
    name_of,
)
from legation.transports.files.unplanned import Unplanned

_A_TRIFLE = 1e-6
"""Seconds. Moments are added and subtracted: what is asked at a deadline must not be too early by a rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be written and removed next."""

    puts: Mapping[str, bytes] = field(repr=False)
    """Content by path, in the order in which the files have to come to stand there; `Anew` even if it stands there."""
    removes: tuple[str, ...] = ()
    """Paths, gone after that."""


class FileSteps:
    """The newest FileSet, what stands there, and what comes next."""

    def __init__(
        self,
        *,
        settle: float,
        drain_grace: float,
        render: Render,
        keep_removed: bool = False,
    ) -> None:
        """Begin with an empty folder. Onto one everything goes in one step: nobody can have read anything there.

        Args:
            settle: Seconds after which everybody has read what was written: it stands in place of an ACK.
            drain_grace: How long a replaced or removed Listener counts as using its routes, in seconds.
            render: Returns the content of a file of that path with these resources.
            keep_removed: A file that is not in the newest FileSet any more stays there.
        """
        self._settle = settle
        self._policy = policy(settle=settle, drain_grace=drain_grace)
        self._render = render
        self._keep_removed = keep_removed
        self._held: FileSet | None = None
        self._newest: FileSet | None = None
        self._target: FileSet | None = None
        """The newest that was looked at."""
        self._wanted_at_last = Snapshot.of()
        """All that is to stand there in the end, and what may be used besides."""
        self._possible = Snapshot.of()
        """The same, less what names files that do not exist."""
        self._homes: dict[Name, str] = {}
        """In which file of the target each resource stands."""
        self._places: dict[Name, str] = {}
        """The same, and for what is in none of them any more and is held, in which it stood last."""
        self._readers = Readers(self._policy, settle=settle)
        self._staging = Staging(patience=self._policy.warming_timeout)
        self._debts = Debts(drain_grace=drain_grace)
        self._unplanned = Unplanned()
        self._early = Early(settle=settle)
        self._standing: dict[str, File] = {}
        self._untouched = True
        """Nothing stands there, and nothing was written."""
        self._step: Step | None = None
        """What is being written."""
        self._again: set[str] = set()
        """What of it is moved whatever stands there, and of those before that failed."""
        self._coming: dict[str, File] = {}
        """What stands there when it is."""
        self._moment = 0.0
        """The time for the rules."""
        self._seen = 0.0
        """What the caller's clock showed then."""
        self._stopped = True
        """Time stands still: nothing was asked yet, or a step was offered and is not written."""
        self._not_before = -math.inf
        """Until then all that stood there at the start may have been written a moment ago, and not been read."""

    # What is told from outside

    def begin(self, held: FileSet, *, ours: frozenset[str] | None = None) -> None:
        """Take what stands there already, before the first `retarget`.

        Args:
            held: Every file has its content, byte for byte; the snapshot has the resources that were read back from
                them, with their references also to what they take from files.
            ours: The files that are removed if they are not among the newest; None: all. The others are somebody
                else's: what is in them stays in use, and nothing becomes of them until a newest file has that path.
        """
        if held.files:
            self._held, self._untouched = held, False
            strange = held.files.keys() - (held.files.keys() if ours is None else ours)
            self._unplanned.begin({path: goals(held.files[path], held.snapshot) for path in strange}, held.snapshot)

    def retarget(self, file_set: FileSet, now: float) -> None:
        """Take the newest files."""
        del now
        self._newest = file_set

    def next(self, now: float) -> Step | None:
        """Return what is to be done next; None if there is nothing now. Then `written` or `failed` is called."""
        if self._step is not None or self._newest is None:
            return self._step
        goal = self._moment + (0.0 if self._stopped else now - self._seen)
        self._seen = now
        while True:
            due = self._due()
            # Who asks late is told the same as who asks in time: what was not written meanwhile has not been read.
            self._moment = goal if due is None or due <= self._moment else min(due, goal)
            puts, removes = self._look(self._newest)
            self._stopped = bool(puts or removes)
            if self._stopped:
                self._step, self._coming = Step(puts=in_order(puts, self._again), removes=removes), puts
                return self._step
            self._readers.written(self._moment)
            if self._moment >= goal:
                return None

    def written(self, now: float) -> None:
        """Note that the step is done."""
        step, self._step = self._step, None
        if step is None:
            return
        self._seen, self._stopped = now, False
        self._untouched = False
        self._again.clear()
        self._early.written(self._coming, self._wanted_at_last, self._moment)
        self._standing |= self._coming
        for path in step.removes:
            del self._standing[path]
        self._readers.written(self._moment)

    def failed(self) -> None:
        """Note that the step is not done, or not all of it; it is offered again, with what is newer."""
        step, self._step = self._step, None
        if step is None:
            return
        for path, file in self._coming.items():
            self._standing[path] = either(self._standing.get(path), file)
        for path in step.removes:
            self._standing[path] = replace(self._standing[path], certain=False)

    def deadline(self) -> float | None:
        """Return the moment at which `next` may return something although nothing came; None: never.

        None also after a failure: when it is tried again is for the caller to say.
        """
        due = None if self._stopped else self._due()
        return None if due is None else self._seen + (due - self._moment) + _A_TRIFLE

    @property
    def complete(self) -> bool:
        """Whether every file has all that it is to have; what is kept for a while may stand there besides."""
        target = self._target
        return (
            target is not None and target is self._newest and all(self._has_all(path, target) for path in target.files)
        )

    @property
    def settled(self) -> bool:
        """Whether exactly the newest files stand there, and what those need for good, and everybody has read them."""
        target = self._target
        return (
            target is not None
            and self.complete
            and self._step is None
            and self._readers.up_to_date
            and (self._is_exact(target) or self._due() is None)
        )

    # What follows from it

    def _is_exact(self, target: FileSet) -> bool:
        """Say whether nothing stands there but the newest files, and in them nothing but what is theirs."""
        return (self._keep_removed or not any(self._unwanted(target))) and all(
            stands is None or len(stands.members) == len(goals(file, self._possible))
            for path, file in target.files.items()
            for stands in (self._standing.get(path),)
        )

    def _unwanted(self, target: FileSet) -> Iterator[str]:
        """Yield the files that stand there and are to go."""
        for path in self._standing:
            if path not in target.files and path not in target.expected and not self._unplanned.is_strange(path):
                yield path

    def _due(self) -> float | None:
        """Return the moment for the rules from which on there may be something to do."""
        if self._target is None:
            return None
        if self._moment < self._not_before:
            return self._not_before
        parts = (self._readers, self._staging, self._debts, self._early)
        return min((moment for each in parts if (moment := each.deadline()) is not None), default=None)

    def _look(self, newest: FileSet) -> tuple[dict[str, File], tuple[str, ...]]:
        """Return the files that are to become others at this moment, and those that are to go."""
        moment = self._moment
        self._readers.read(moment)
        self._early.read(moment)
        if newest is not self._target:
            self._take(newest, moment)
        if moment < self._not_before:
            return {}, ()
        self._debts.settle(self._readers, moment)
        self._tell(newest, moment)
        return self._changes(newest)

    def _take(self, newest: FileSet, moment: float) -> None:
        """Look at the newest files for the first time."""
        self._target, self._homes = newest, homes(newest.files)
        if self._untouched:
            self._readers = Readers(self._policy, settle=self._settle)
            self._readers.have(without(newest.snapshot, self._withheld(newest), self._readers), moment)
        elif self._held is not None:
            self._standing, snapshot = as_held(self._held, newest, self._render)
            self._places = homes(self._held.files)
            self._held = None
            self._readers.have(snapshot, moment)
            self._not_before = moment + self._settle
        held = {name: path for name, path in self._places.items() if self._readers.held(name) is not None}
        self._places = held | as_asked(newest, self._standing) | self._homes
        withheld = self._withheld(newest)
        possible = without(newest.snapshot, withheld, self._readers)
        self._wanted_at_last = self._unplanned.take(newest, possible, self._readers)
        self._possible = without(self._wanted_at_last, withheld, self._readers)
        self._early.take(newest, self._standing, self._readers, moment)
        leaving = [path for path in self._standing if not self._unplanned.is_strange(path) and self._loses(path)]
        # What is used besides the newest files keeps by its name what it needs in others, but for what moved away.
        unneeding = {
            path: self._wanted_at_last if self._has_its_own(path) else self._unplanned.unneeding for path in leaving
        }
        self._debts.note(unneeding, self._readers, moment)

    def _loses(self, path: str) -> bool:
        """Say whether a file is to go, or something that is to stand elsewhere."""
        planned = self._planned(path)
        return planned is None or any(
            self._homes.get(name_of(each), path) != path for each in self._standing[path].members
        )

    def _has_its_own(self, path: str) -> bool:
        """Say whether a file has resources, and none that is planned for another."""
        members = self._standing[path].members
        return bool(members) and all(self._homes.get(name_of(each), path) == path for each in members)

    def _tell(self, newest: FileSet, moment: float) -> None:
        """Tell the readers all that they may be told now."""
        said = True
        while said:
            files = Files(holds=self._homes.__contains__, early=self._early, withheld=self._withheld(newest))
            staged = self._staging.stage(self._wanted_at_last, self._readers, files=files, now=moment)
            self._possible = staged.possible
            moved = staged.target is not self._readers.target
            if moved:
                self._readers.retarget(staged.target)
            said = self._readers.say(moment) or moved
            if staged.waiting and not said and self._readers.deadline() is None and self._readers.up_to_date:
                self._staging.give_up(staged.waiting)
                said = True

    def _withheld(self, newest: FileSet) -> frozenset[Name]:
        """Return what names a file that does not exist and that nobody makes."""
        return frozenset(name for name, paths in newest.lacking.items() if not all(map(self._stays, paths)))

    def _stays(self, path: str) -> bool:
        """Say whether a file stands there and stays although it is not planned."""
        if path not in self._standing:
            return False
        return self._keep_removed or self._unplanned.is_strange(path) or any(self._left(path, ()))

    def _changes(self, target: FileSet) -> tuple[dict[str, File], tuple[str, ...]]:
        old = [] if self._keep_removed else [*self._unwanted(target)]
        gone = [path for path in old if self._may_go(path)]
        puts: dict[str, File] = {}
        for path in (*target.files, *(path for path in old if path not in gone)):
            wanted, stands = self._wanted(path), self._standing.get(path)
            if wanted is None:
                continue
            if stands is not None and stands.is_written(wanted):
                self._standing[path] = wanted
            else:
                puts[path] = replace(wanted, certain=True)
        self._again = {*self._again, *to_move_again(puts, self._standing, target, self._homes)}.difference(gone)
        for path in self._again:
            if (stands := self._standing.get(path)) is not None and stands.certain:
                puts.setdefault(path, stands)
        return puts, tuple(sorted(gone))

    def _planned(self, path: str) -> PlannedFile | None:
        return None if self._target is None else self._target.files.get(path)

    def _wanted(self, path: str) -> File | None:
        """Return a file as it is to be now; None: it may not come yet, or nothing has to stay in it."""
        target = self._target
        planned, stands = self._planned(path), self._standing.get(path)
        if target is None or planned is None:
            return between(path, (), list(self._left(path, ())), stands, self._render)
        members = goals(planned, target.snapshot)
        held = [each for name in planned.members if (each := self._readers.held(name)) is not None]
        left = list(self._left(path, planned.members))
        if not (held or left) and (stands is None or stands.content is None) and self._waits_whole(planned):
            # Envoy does not start without a file that its bootstrap names, though all in it waits.
            return File(content=self._render(path, ()), rendered=True)
        if not left and alike(held, members):
            return finished(path, planned, members, stands, self._render)
        return between(path, held, left, stands, self._render)

    def _waits_whole(self, planned: PlannedFile) -> bool:
        """Say whether all that is planned for a file waits for others that nobody makes, and it may be empty."""
        return not goals(planned, self._possible) and any(row.full_state for row, _ in planned.members)

    def _left(self, path: str, members: tuple[Name, ...]) -> Iterator[Resource]:
        """Yield what stands in a file, is not planned for it and has to stay."""
        stands, planned = self._standing.get(path), frozenset(members)
        for each in stands.members if stands is not None else ():
            name = name_of(each)
            if name in planned or self._unplanned.is_abandoned(name):
                continue
            if (held := self._readers.held(name)) is not None:
                moved = self._places.get(name, path) != path
                if not moved or path in self._debts:
                    yield held

    def _may_go(self, path: str) -> bool:
        """Say whether a file may be removed that stands there and is not planned."""
        return path not in self._debts and not any(self._left(path, ()))

    def _has_all(self, path: str, target: FileSet) -> bool:
        stands, planned = self._standing.get(path), target.files[path]
        members = goals(planned, self._possible)
        if stands is None:
            return bool(planned.members and not members)
        if not stands.certain:
            return False
        if len(stands.members) == len(members) and alike(members, goals(planned, target.snapshot)):
            return alike(stands.members, members) and planned.content in {None, stands.content}
        there = {name_of(each): each for each in stands.members}
        return all(same(there.get(name_of(each)), each) for each in members)


def last_step(file_set: FileSet, *, render: Render) -> Step:
    """Return all files at once, in the order in which they have to come to stand there: for who runs once."""
    files: dict[str, File] = {}
    for path, planned in file_set.files.items():
        members = goals(planned, file_set.snapshot)
        if planned.content is None:
            members = tuple(each for each in members if name_of(each) not in file_set.lacking)
        files[path] = finished(path, planned, members, None, render)
    return Step(puts=in_order(files))
