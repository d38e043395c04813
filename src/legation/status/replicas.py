"""Replicas: the other ones. Who they are is watched all the time; what their Envoys have is asked while we write.

A replica that has not answered for `PATIENCE` seconds is left out: its numbers are dropped, and it counts as one that
did not answer. So does a new one that never answered, but not before that time: nothing flickers because one begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from legation.clock import Clock
from legation.kube.client import Client
from legation.kube.endpoint_slices import SERVICE_NAME, SLICES, OwnedSlice, read_slice
from legation.kube.outages import Outages
from legation.kube.reflector import Reflector
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.replicas import ReplicaCount, ReplicaPage, ReplicaPages, ReplicaRecords
from legation.status.replica import Replica, Secured, Silence
from legation.status.slices import ReplicaPod, others
from legation.status.totals import Totals

Answer = TypeVar("Answer")

PATIENCE = 5.0
"""Seconds without an answer after which a replica counts as silent."""
PERIOD = 1.0
"""Seconds between two questions."""


@dataclass(slots=True)
class _Standing:
    """How far we are with one of them."""

    serves: bool
    since: float
    """When it last answered, or was first seen."""
    answered: bool = False
    itself: bool = False
    """Whether it turned out to be this very program."""


class Replicas:
    """The other replicas."""

    def __init__(
        self,
        client: Client,
        *,
        service: str,
        namespace: str,
        port: int,
        own_address: str,
        own_epoch: str,
        totals: Totals,
        clock: Clock,
        chance: Callable[[], float],
        changed: Callable[[Iterable[ObjectKey] | None], None],
        secured: Secured | None = None,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            service: The headless Service of all replicas.
            namespace: Where it is.
            port: Where each replica answers.
            own_address: An address of this Pod.
            own_epoch: Names this run of the program, as its own deliveries do: it may meet itself.
            totals: Where their counts go.
            clock: What moments are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            changed: Is told of which objects the counts changed; None: of all, for `counted` did.
            secured: What they show each other; None: nothing is encrypted between them.
        """
        self._reflector: Reflector[OwnedSlice] = Reflector(
            client,
            SLICES,
            decode=read_slice,
            changed=self._slices_changed,
            clock=clock,
            chance=chance,
            namespace=namespace,
            label_selector=f"{SERVICE_NAME}={service}",
        )
        self._outages = Outages((self._reflector,))
        self._secured = secured
        self._port, self._own_address, self._own_epoch = port, own_address, own_epoch
        self._totals, self._clock, self._changed = totals, clock, changed
        self._replicas: dict[str, Replica] = {}
        self._standings: dict[str, _Standing] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._asking = False
        self._asking_since = 0.0
        self._told = self.counted

    @property
    def counted(self) -> ReplicaCount:
        """How many replicas there are, this one included, and how many of them told their counts."""
        now, replicas, answered = self._clock.now(), 1, 1
        for each in self._standings.values():
            heard = each.answered and now - each.since < PATIENCE
            late = each.serves and now - each.since >= PATIENCE
            if not each.itself and (heard or late):
                replicas += 1
                answered += heard
        return ReplicaCount(replicas=replicas, answered=answered)

    @property
    def settled(self) -> bool:
        """Whether every replica has answered, or had its time to: what `counted` says is then worth telling."""
        now = self._clock.now()
        if not self._reflector.synced and now - self._asking_since < PATIENCE:
            return False
        waited = (each for each in self._standings.values() if each.serves and not each.itself)
        return all(each.answered or now - each.since >= PATIENCE for each in waited)

    def problems(self) -> tuple[Problem, ...]:
        """Return why nobody knows who they are."""
        return self._outages.problems(self._clock.now())

    async def run(self) -> None:
        """Watch who they are, until cancelled."""
        try:
            await self._reflector.run()
        finally:
            await asyncio.gather(*self._closing, *(each.aclose() for each in self._replicas.values()))

    async def ask(self) -> None:
        """Ask all of them what their Envoys have, again and again, until cancelled; then their counts are dropped."""
        self._begin()
        try:
            while True:
                due = self._clock.now() + PERIOD
                await asyncio.gather(*(self._ask(each) for each in tuple(self._replicas.values())))
                self._look()
                await self._clock.sleep_until(due)
        finally:
            self._asking = False
            for each in self._replicas.values():
                self._totals.drop(each.address)

    async def pages(self) -> ReplicaPages:
        """Ask all of them for their Envoys, once."""
        asked = self._others()
        found: Sequence[ReplicaPage | None] = await asyncio.gather(*(_heard(each.page()) for each in asked))
        silent = self._silent(each for each, page in zip(asked, found, strict=True) if page is None)
        return ReplicaPages(pages=tuple(each for each in found if each is not None), silent=silent)

    async def records(self, path: str, name: str, params: Mapping[str, str]) -> ReplicaRecords:
        """Ask all of them for a list on one of their pages, once."""
        asked = self._others()
        found = await asyncio.gather(*(_heard(each.records(path, name, params)) for each in asked))
        told = tuple(zip(asked, found, strict=True))
        return ReplicaRecords(
            records={each.address: records for each, records in told if records is not None},
            silent=self._silent(each for each, records in told if records is None),
        )

    def _others(self) -> list[Replica]:
        return [each for each in self._replicas.values() if not self._standings[each.address].itself]

    def _silent(self, replicas: Iterable[Replica]) -> tuple[str, ...]:
        """Return the addresses of those that are there to answer."""
        there = self._standings
        return tuple(each.address for each in replicas if each.address in there and there[each.address].serves)

    def _begin(self) -> None:
        now = self._clock.now()
        self._asking, self._asking_since = True, now
        for address, replica in self._replicas.items():
            replica.forget()
            self._standings[address] = _Standing(self._standings[address].serves, now)
        self._told = self.counted

    async def _ask(self, replica: Replica) -> None:
        standing = self._standings.get(replica.address)
        if standing is None or standing.itself:
            return
        try:
            found = await replica.deliveries()
        except Silence:
            if self._clock.now() - standing.since >= PATIENCE:
                replica.forget()
                self._tell(self._totals.drop(replica.address))
            return
        if self._standings.get(replica.address) is not standing:
            return
        if found.epoch == self._own_epoch:
            standing.itself = True
            return
        standing.answered, standing.since = True, self._clock.now()
        self._tell(self._totals.take(replica.address, found))

    def _look(self) -> None:
        """Tell where how many there are, or how many answered, is another number than before."""
        if (counted := self.counted) != self._told:
            self._told = counted
            self._changed(None)

    def _tell(self, keys: frozenset[ObjectKey]) -> None:
        if keys:
            self._changed(keys)

    def _slices_changed(self, _: Any) -> None:
        self._outages.look(self._clock.now())
        found = others((each.slice for each in self._reflector.objects.values()), own_address=self._own_address)
        there = {each.address: each for each in found}
        for address in [each for each in self._replicas if each not in there]:
            self._close(self._replicas.pop(address))
            del self._standings[address]
            self._tell(self._totals.drop(address))
        for each in there.values():
            self._note(each)
        if self._asking:
            self._look()

    def _note(self, pod: ReplicaPod) -> None:
        standing = self._standings.get(pod.address)
        if standing is not None:
            standing.serves = pod.serves
            return
        self._replicas[pod.address] = Replica(pod.address, port=self._port, secured=self._secured)
        self._standings[pod.address] = _Standing(pod.serves, self._clock.now())

    def _close(self, replica: Replica) -> None:
        task = asyncio.create_task(replica.aclose())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _heard(answer: Coroutine[Any, Any, Answer]) -> Answer | None:
    """Return an answer, or None where there is none."""
    try:
        return await answer
    except Silence:
        return None
