"""KubernetesStatus: everything of this room, joined. One replica of several writes, the one that holds the Lease.

::

    status = KubernetesStatus(connection, kinds=API_KINDS, objects=..., observed=..., identity=..., ...)
    await status.run()                 # until cancelled; then the Lease is given back
    status.leading, status.problems(), status.counted, status.statistics()

Nothing that the API server or another replica does ends `run`, and nothing of it stands in the way of serving.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

import structlog

from legation.clock import Clock, set_or
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.kube.leading import Leading
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.replicas import ALONE, ReplicaCount, ReplicaPages, ReplicaRecords
from legation.model.statistics import StatusStatistics
from legation.status.base import Objects
from legation.status.conditions import Status
from legation.status.finalizers import Finalizers
from legation.status.obstacles import Obstacles
from legation.status.replica import Secured
from legation.status.replicas import Replicas
from legation.status.requests import Counts, Requests
from legation.status.schedule import Pace, Schedule
from legation.status.totals import Totals
from legation.status.words import rfc3339
from legation.status.writer import Surroundings, Writer

_SETTLING = 0.1
"""Seconds between two looks whether the other replicas have answered."""
_AFTER_FAULT = 10.0
"""Seconds after which the writer is begun anew that failed for a reason of its own."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time of day."""
    return datetime.now(UTC)


class KubernetesStatus:
    """Tells in the cluster what became of its objects."""

    def __init__(
        self,
        connection: Connection,
        *,
        kinds: Iterable[ApiKind],
        objects: Objects,
        observed: Callable[[ObjectKey], Status | None],
        identity: str,
        namespace: str,
        clock: Clock,
        chance: Callable[[], float],
        fault: Callable[[Exception], None],
        lease: str = "legation",
        lead: bool = False,
        replica_service: str | None = None,
        replica_port: int = 18003,
        secured: Secured | None = None,
        own_address: str = "",
        now: Callable[[], datetime] = utc_now,
        pace: Pace | None = None,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            connection: How to reach the API server.
            kinds: The kinds whose status is written; without any nothing is written.
            objects: What this replica knows.
            observed: Returns the status that the API server was last seen to have.
            identity: Who this is: no two replicas that live at the same time may have the same one.
            namespace: Where the Lease and the Service are.
            clock: What moments are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            fault: Is told of an error of this program itself, which nothing ends by.
            lease: The name of the Lease.
            lead: Whether one of the replicas leads where no status is written: for who else asks `leading`.
            replica_service: The headless Service of all replicas; None: there is no other one.
            replica_port: Where each replica answers.
            secured: What replicas show each other; None: nothing is encrypted between them.
            own_address: An address of this Pod.
            now: Tells the time of day in UTC.
            pace: How often may be written.
        """
        self._client = Client(connection)
        self._pace = pace
        self._clock, self._chance, self._now = clock, chance, now
        self._fault = fault
        self._woken = asyncio.Event()
        self._totals, self._obstacles, self._counts = Totals(), Obstacles(), Counts()
        self._writer: Writer | None = None
        self._finalizers: Finalizers | None = None
        self._surroundings = Surroundings(
            kinds={(each.group, each.kind): each for each in kinds},
            objects=objects,
            observed=observed,
            counted=lambda: self.counted,
            leads=lambda: self.leading,
        )
        self._requests = Requests(
            self._client,
            obstacles=self._obstacles,
            counts=self._counts,
            instance=identity,
            clock=clock,
            now=now,
        )
        self._leading = (
            Leading(
                self._client,
                name=lease,
                namespace=namespace,
                identity=identity,
                clock=clock,
                chance=chance,
                now=now,
                changed=self._woken.set,
            )
            if self._surroundings.kinds or lead
            else None
        )
        self._replicas = (
            None
            if replica_service is None
            else Replicas(
                self._client,
                service=replica_service,
                namespace=namespace,
                port=replica_port,
                secured=secured,
                own_address=own_address,
                own_epoch=objects.epoch,
                totals=self._totals,
                clock=clock,
                chance=chance,
                changed=self._counts_changed,
            )
        )

    @property
    def leading(self) -> bool:
        """Whether this replica is the one that writes, at this moment."""
        return self._leading is not None and self._leading.leads

    @property
    def counted(self) -> ReplicaCount:
        """How many replicas there are, and how many told what their Envoys have; only who writes asks them."""
        return self._replicas.counted if self._replicas is not None and self.leading else ALONE

    def problems(self) -> tuple[Problem, ...]:
        """Return what stands in the way of telling: a right, the API server, a CRD."""
        of_lease = self._leading.problem if self._leading is not None else None
        return (
            *((of_lease,) if of_lease is not None else ()),
            *self._obstacles.problems(),
            *(self._finalizers.problems() if self._finalizers is not None else ()),
            *(self._replicas.problems() if self._replicas is not None else ()),
        )

    def statistics(self) -> StatusStatistics:
        """Return sizes now, and counts since the start."""
        counted = self.counted
        return StatusStatistics(
            leading=self.leading,
            waiting=self._writer.waiting if self._writer is not None else 0,
            writes=self._counts.writes,
            events=self._counts.events,
            failures=self._counts.failures,
            replicas=counted.replicas,
            answered=counted.answered,
        )

    async def pages(self) -> ReplicaPages:
        """Ask the other replicas for their Envoys, whoever writes."""
        return await self._replicas.pages() if self._replicas is not None else ReplicaPages()

    async def records(self, path: str, name: str, params: Mapping[str, str]) -> ReplicaRecords:
        """Ask the other replicas for a list on one of their pages, whoever writes."""
        return await self._replicas.records(path, name, params) if self._replicas is not None else ReplicaRecords()

    async def run(self) -> None:
        """Tell until cancelled; then what is under way is given up, and so is the Lease."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._replicas is not None:
                    tasks.create_task(self._kept(self._replicas.run))
                if self._leading is not None:
                    tasks.create_task(self._kept(self._leading.run))
                if self._leading is not None and self._surroundings.kinds:
                    tasks.create_task(self._kept(partial(self._write_while, self._leading)))
        finally:
            if self._leading is not None:
                await self._leading.release()
            await self._client.aclose()

    async def _kept(self, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part; one that fails for a reason of its own is begun anew, and disturbs nobody."""
        while True:
            try:
                await part()
            except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                self._fault(error)
            await self._clock.sleep_until(self._clock.now() + _AFTER_FAULT)

    async def _write_while(self, leading: Leading) -> None:
        while True:
            await self._wait_to_lead(leading)
            _log.info("status is written by this replica")
            writing = asyncio.create_task(self._write())
            writing.add_done_callback(lambda _: self._woken.set())
            try:
                while leading.leads and not writing.done():
                    await set_or(self._woken, leading.leads_until, clock=self._clock)
                    self._woken.clear()
            finally:
                writing.cancel()
                await asyncio.wait([writing])
            if not writing.cancelled():
                # It ends for no other reason than a fault.
                writing.result()
            _log.info("status is left to others", lease_holder=leading.holder)

    async def _wait_to_lead(self, leading: Leading) -> None:
        while not leading.leads:
            await self._woken.wait()
            self._woken.clear()

    async def _write(self) -> None:
        around = self._surroundings
        finalizers = Finalizers(
            self._client,
            kinds=around.kinds,
            state=around.objects.state,
            leads=around.leads,
            clock=self._clock,
            chance=self._chance,
            fault=self._fault,
        )
        writer = Writer(
            self._requests,
            around,
            totals=self._totals,
            obstacles=self._obstacles,
            finalizers=finalizers,
            schedule=Schedule(self._pace),
            clock=self._clock,
            chance=self._chance,
            stamp=lambda: rfc3339(self._now()),
            fault=self._fault,
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._replicas is not None:
                    tasks.create_task(self._replicas.ask())
                    # Else every object would lose the Envoys of the others for a moment.
                    while not self._replicas.settled:
                        await self._clock.sleep_until(self._clock.now() + _SETTLING)
                self._writer, self._finalizers = writer, finalizers
                tasks.create_task(writer.run())
        finally:
            self._writer = self._finalizers = None

    def _counts_changed(self, keys: Iterable[ObjectKey] | None) -> None:
        if self._writer is None:
            return
        if keys is None:
            self._writer.touch_all()
        else:
            self._writer.touch(keys)
