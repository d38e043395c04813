"""How many Envoys have what each object makes: counted anew, a little later, for the objects that something concerns.

An object is touched when what it makes changed, or when a client was sent it, answered, asked for it or left. Counting
is O(the clients of the groups that get it), so it is done for the touched alone, some milliseconds at a time, and once
for all that happens in a moment. Where only those who watch want to know it is done while somebody watches. Fulfils
`legation.status.base.Objects`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import nsmallest

from legation.clock import Clock
from legation.model.delivery import SHOWN_WAITING, Deliveries, Delivery, ObjectState, Refusal, first_refusals
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.model.resource import Name, Resource
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.account import Account, Standing
from legation.runtime.counted import Counted

MOMENT = 0.2
"""Seconds in which what happens is counted once."""
AT_A_TIME = 0.005
"""Seconds of counting without a turn for others."""
_REST = 3.0
"""So many times as long as it has counted it then leaves the processor to others: Envoys do not wait for counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The clients that get the same."""

    snapshot: Snapshot
    accounts: tuple[Account, ...]
    _others: dict[frozenset[ResourceType], tuple[Account, ...]] = field(default_factory=dict)

    def others(self, rows: frozenset[ResourceType]) -> tuple[Account, ...]:
        """Return those that do not have all of these types as they are now; of the rest that need not be asked."""
        found = self._others.get(rows)
        if found is None:
            wanted = [self.snapshot[row] for row in rows]
            found = tuple(each for each in self.accounts if not all(map(each.has_all, wanted)))
            self._others[rows] = found
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one object."""

    newest: ManifestObject
    served: ManifestObject | None
    """The version that is served; None while none is good."""
    names: tuple[Name, ...]
    """What it makes."""


class DeliveryCounts:
    """The counts of one replica."""

    def __init__(
        self,
        *,
        clock: Clock,
        epoch: str,
        known: Callable[[ObjectKey], Known | None],
        problems: Callable[[ObjectKey], tuple[Problem, ...]],
        crowds: Callable[[], Iterable[Crowd]],
        every: Callable[[], Iterable[ObjectKey]] | None = None,
    ) -> None:
        """Begin without objects.

        Args:
            clock: What moments are measured by.
            epoch: Names this run of the program.
            known: Returns what is known of an object; None: it does not exist.
            problems: Returns what is wrong with an object.
            crowds: Returns who is connected now.
            every: Returns all objects that there are, where it is counted only while somebody watches; None: it always
                is.
        """
        self._clock = clock
        self._known = known
        self._problems = problems
        self._crowds = crowds
        self._every = every
        self.epoch = epoch
        """Names this run of the program."""
        self._counted = Counted(epoch)
        self._leaving: set[ObjectKey] = set()
        self._touched: dict[ObjectKey, None] = {}
        self._woken = asyncio.Event()
        self._watchers: dict[Callable[[], None], None] = {}
        self._begun = self._ended = 0
        """How many times it has begun to count what was touched, and has ended that."""
        self._round_over = asyncio.Event()

    # What happens

    @property
    def is_wanted(self) -> bool:
        """Whether anybody wants to know."""
        return self._every is None or bool(self._watchers)

    def touch(self, keys: Iterable[ObjectKey]) -> None:
        """Have these objects counted anew."""
        if not self.is_wanted:
            return
        self._touched.update(dict.fromkeys(keys))
        if self._touched:
            self._woken.set()

    def touch_resources(self, resources: Iterable[Resource]) -> None:
        """Have the objects counted anew that these resources came from."""
        self.touch(each.origin for each in resources if each.origin is not None)

    def touch_difference(self, before: Snapshot | None, after: Snapshot | None) -> None:
        """Have the objects counted anew of which something differs between what clients got and what they get."""
        if not self.is_wanted:
            return
        if before is None or after is None:
            self.touch_all(before)
            self.touch_all(after)
            return
        for row in RESOURCE_TYPES:
            if before[row] is not after[row]:
                difference = after[row].since(before[row])
                self.touch_resources(difference.changed.values())
                self.touch_resources(
                    before[row].resources[name]
                    for name in (*difference.removed, *difference.changed)
                    if name in before[row].resources
                )

    def touch_all(self, snapshot: Snapshot | None) -> None:
        """Have the objects counted anew that anything in the snapshot came from."""
        for collection in snapshot.collections.values() if snapshot is not None else ():
            self.touch_resources(collection)

    async def run(self) -> None:
        """Count until cancelled."""
        while True:
            await self._woken.wait()
            await self._clock.sleep_until(self._clock.now() + MOMENT)
            self._woken.clear()
            touched, self._touched = self._touched, {}
            self._begun += 1
            await self._count_all(touched)
            self._ended = self._begun
            self._round_over.set()
            self._round_over = asyncio.Event()

    async def _count_all(self, keys: Iterable[ObjectKey]) -> None:
        before = self._counted.number
        began, crowds = self._clock.now(), tuple(self._crowds())
        for key in keys:
            self._count(key, crowds)
            if (took := self._clock.now() - began) > AT_A_TIME:
                await self._clock.sleep_until(self._clock.now() + _REST * took)
                began, crowds = self._clock.now(), tuple(self._crowds())
        if self._counted.number != before:
            for wake in tuple(self._watchers):
                wake()

    def _count(self, key: ObjectKey, crowds: Iterable[Crowd]) -> None:
        known = self._known(key)
        self._leaving.discard(key)
        if known is None:
            self._counted.drop(key)
        else:
            if known.newest.is_being_deleted:
                self._leaving.add(key)
            served = None if known.served is None else _generation(known.served)
            self._counted.put(key, (served, _delivery(key, frozenset(known.names), crowds)))

    # What others ask

    def deliveries(self, *, epoch: str = "", since: int = 0) -> Deliveries:
        """Return the counts of the objects that were counted anew since; see `legation.status.base.Objects`."""
        return self._counted.news(epoch=epoch, since=since)

    def state(self, key: ObjectKey) -> ObjectState | None:
        """Return all that is known of an object; see `legation.status.base.Objects`."""
        known = self._known(key)
        if known is None:
            return None
        uid, finalizers = (known.newest.metadata.get(name) for name in ("uid", "finalizers"))
        return ObjectState(
            key=key,
            uid=uid if isinstance(uid, str) else "",
            generation=_generation(known.newest),
            served=None if known.served is None else _generation(known.served),
            problems=self._problems(key),
            deleting=known.newest.is_being_deleted,
            withdrawn=known.served is not None and known.served.is_being_deleted,
            finalizers=tuple(finalizers) if isinstance(finalizers, list) else (),
        )

    def is_leaving(self, key: ObjectKey) -> bool:
        """Say whether an object is being deleted; see `legation.status.base.Objects`."""
        return key in self._leaving

    async def caught_up(self) -> None:
        """Return when all is counted that was touched before now."""
        wanted = self._begun + bool(self._touched)
        while self._ended < wanted:
            await self._round_over.wait()

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have it called after objects were counted anew; see `legation.status.base.Objects`."""
        slept = not self.is_wanted
        self._watchers[wake] = None
        if slept and self._every is not None:
            self.touch((*self._every(), *self._counted.keys()))
        return lambda: self._watchers.pop(wake, None)


def _generation(manifest: ManifestObject) -> int:
    generation = manifest.metadata.get("generation")
    return generation if isinstance(generation, int) else 0


def _delivery(key: ObjectKey, names: frozenset[Name], crowds: Iterable[Crowd]) -> Delivery:
    matching = accepted = 0
    refusing: list[tuple[Account, frozenset[Name]]] = []
    waiting: list[str] = []
    for crowd in crowds:
        # Another object may have the name there.
        own = frozenset(
            (row, name) for row, name in names if (it := crowd.snapshot.get(row, name)) is not None and it.origin == key
        )
        if not own:
            continue
        others = crowd.others(frozenset(row for row, _ in own))
        # Most have everything, at most times.
        whole = len(crowd.accounts) - len(others)
        matching, accepted = matching + whole, accepted + whole
        for account in others:
            standings = {account.standing(row, name) for row, name in own} - {Standing.UNCONCERNED}
            matching += bool(standings)
            accepted += standings == {Standing.ACCEPTED}
            if Standing.REFUSED in standings:
                refusing.append((account, own))
            elif Standing.WAITING in standings:
                waiting.append(account.node.id)
    return Delivery(
        matching=matching,
        accepted=accepted,
        refused=len(refusing),
        refusals=first_refusals(each for account, own in refusing for each in _refusals(account, own)),
        waiting=tuple(nsmallest(SHOWN_WAITING, waiting)),
    )


def _refusals(account: Account, names: frozenset[Name]) -> Iterator[Refusal]:
    for each in account.refused():
        if (each.type, each.name) in names:
            yield Refusal(node=account.node.id, resource=f'{each.type.name} "{each.name}"', words=each.words)
