"""Writer: while it runs, the status of every object says what became of it. One replica runs it at a time.

It takes what changed from this replica and, through `Totals`, from the others, and writes what differs from what the
API server has. `schedule` says when, `conditions` and `events` what, `requests` how; this is the loop that joins them.
Invariant: whatever the API server does, `run` goes on, and what could not be written is written later.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from legation.clock import Clock, set_or
from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.model.objects import ObjectKey
from legation.model.replicas import ReplicaCount
from legation.status.base import Objects
from legation.status.conditions import Status, is_hasty, is_same, status_of
from legation.status.events import News, news_of
from legation.status.finalizers import Finalizers
from legation.status.memory import Memory
from legation.status.obstacles import Obstacles
from legation.status.requests import Requests
from legation.status.retries import LONGEST_PAUSE, Answer, Outcome, Retries
from legation.status.schedule import Schedule
from legation.status.totals import Totals

AT_ONCE = 4
"""Objects that are written at a time."""
OWN = ""
"""What this replica is called in the totals."""
_BREATH = 0.1
"""Seconds between two looks at what changed."""
_SWEEP = 60.0
"""Seconds after which every object is compared anew: somebody else may have written its status."""
_CHUNK = 50
"""Objects that are compared without a turn for others."""
RETURN = 10.0
"""Seconds from the start in which Envoys that are away are believed to be on their way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a writer is told by others."""

    kinds: Mapping[tuple[str, str], ApiKind]
    """The kinds whose status is written, by group and kind."""
    objects: Objects
    observed: Callable[[ObjectKey], Status | None]
    """Returns the status that the API server was last seen to have."""
    counted: Callable[[], ReplicaCount]
    leads: Callable[[], bool]
    """Says whether this replica may still write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be said of an object."""

    state: ObjectState
    kind: ApiKind
    status: Status
    news: tuple[News, ...]
    shown: Status | None
    blocked: bool


class Writer:
    """Writes status, and tells Events."""

    def __init__(
        self,
        requests: Requests,
        around: Surroundings,
        *,
        totals: Totals,
        obstacles: Obstacles,
        finalizers: Finalizers,
        schedule: Schedule,
        clock: Clock,
        chance: Callable[[], float],
        stamp: Callable[[], str],
        fault: Callable[[Exception], None],
    ) -> None:
        """Take the parts; nothing is asked yet.

        Args:
            requests: Who asks the API server.
            around: What others tell.
            totals: The counts of all replicas.
            obstacles: Which kinds cannot be written.
            finalizers: Who lets objects go that are being deleted.
            schedule: When what may be written: a fresh one.
            clock: What moments are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            stamp: Tells the time of day as conditions write it.
            fault: Is told of an error of this program itself.
        """
        self._requests, self._around = requests, around
        self._totals, self._obstacles, self._schedule = totals, obstacles, schedule
        self._finalizers = finalizers
        self._clock, self._stamp = clock, stamp
        self._fault = fault
        self._memory = Memory()
        self._began = -math.inf
        self._epoch, self._number = "", 0
        self._known: set[ObjectKey] = set()
        self._found: frozenset[ObjectKey] = frozenset()
        """What was there when it began: others may have told already that it is well."""
        self._retries = Retries(schedule, chance=chance)
        self._busy = 0
        self._news = asyncio.Event()
        self._woken = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many objects are to be looked at."""
        return len(self._schedule)

    def touch(self, keys: Iterable[ObjectKey]) -> None:
        """Have these objects looked at: the counts of other replicas changed."""
        now = self._clock.now()
        for key in keys:
            if key in self._known:
                self._schedule.touch(key, now=now)
                if self._around.objects.is_leaving(key):
                    self._finalizers.look(key)
        self._woken.set()

    def touch_all(self) -> None:
        """Have every object looked at."""
        self.touch(self._known)

    async def run(self) -> None:
        """Write until cancelled."""
        self._began = self._clock.now()
        forget = self._around.objects.watch(self._news.set)
        try:
            self._pull()
            self._found = frozenset(self._known)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._gather())
                tasks.create_task(self._sweep())
                tasks.create_task(self._dispatch(tasks))
                tasks.create_task(self._finalizers.run())
        finally:
            forget()

    async def _gather(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            self._pull()
            await self._clock.sleep_until(self._clock.now() + _BREATH)

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + _SWEEP)
            self.touch_all()

    def _pull(self) -> None:
        news = self._around.objects.deliveries(epoch=self._epoch, since=self._number)
        self._epoch, self._number = news.epoch, news.number
        self._totals.take(OWN, news)
        there = {key for key, counts in news.objects.items() if counts is not None}
        gone = (self._known - there) if news.whole else (set(news.objects) - there)
        for key in gone:
            self._forget(key)
        self._known |= there
        self.touch(there)

    def _forget(self, key: ObjectKey) -> None:
        self._known.discard(key)
        self._schedule.forget(key)
        self._memory.forget(key)
        self._retries.forget(key)
        self._finalizers.forget(key)

    async def _dispatch(self, tasks: asyncio.TaskGroup) -> None:
        skipped = 0
        while True:
            now = self._clock.now()
            key = self._schedule.take(now=now) if self._busy < AT_ONCE and self._around.leads() else None
            if key is None:
                # The end of a write wakes it, too. Who no longer leads is about to be cancelled.
                idle = self._busy < AT_ONCE and self._around.leads()
                await set_or(self._woken, self._schedule.next_at(now=now) if idle else now + 1.0, clock=self._clock)
                self._woken.clear()
                continue
            plan = self._plan(key, now)
            if isinstance(plan, float):
                self._schedule.end(key, again_at=plan)
                skipped += 1
                if skipped % _CHUNK == 0:
                    await asyncio.sleep(0)
                continue
            self._schedule.begin(key, now=now, requests=len(plan.news) + (not plan.blocked))
            self._busy += 1
            tasks.create_task(self._perform(plan))

    def _plan(self, key: ObjectKey, now: float) -> _Plan | float:
        """Return what is to be said of an object; if it is nothing, when to look again."""
        around = self._around
        state, kind = around.objects.state(key), around.kinds.get((key.group, key.kind))
        if state is None or kind is None or not state.uid:
            return math.inf
        if state.deleting:
            # Nobody reads its status any more.
            return math.inf
        blocked = self._obstacles.blocks(kind, key.namespace, now=now)
        shown, opinion = around.observed(key), self._memory.opinion(key, state.uid)
        before = opinion if blocked else self._memory.status(key, state.uid, shown=shown)
        status = status_of(
            state,
            self._totals.of(key, served=state.served),
            counted=around.counted(),
            before=before,
            now=self._stamp(),
        )
        if is_same(before, status):
            return math.inf
        if now < self._began + RETURN and is_hasty(before, status):
            return self._began + RETURN
        earlier = before if opinion is None else opinion
        news = news_of(earlier, status, good=earlier is not None or key not in self._found)
        news = self._memory.unheard(key, news, now=now)
        if blocked and not news:
            self._memory.note_said(key, state.uid, status)
            return math.inf
        return _Plan(state=state, kind=kind, status=status, news=news, shown=shown, blocked=blocked)

    async def _perform(self, plan: _Plan) -> None:
        key, again_at = plan.state.key, self._clock.now() + LONGEST_PAUSE
        try:
            again_at = await self._say(plan)
        except Exception as error:  # noqa: BLE001 - a fault with one object must not stop the others
            self._fault(error)
        finally:
            self._busy -= 1
            self._schedule.end(key, again_at=again_at)
            self._woken.set()

    async def _say(self, plan: _Plan) -> float:
        """Write it, and return when to try again; inf: it is done."""
        key = plan.state.key
        answer = Answer(Outcome.EVENTS_ONLY)
        if not plan.blocked:
            answer = await self._requests.put(plan.state, plan.kind, plan.status)
        outcome = answer.outcome
        if outcome in {Outcome.AGAIN, Outcome.HOLD}:
            return self._retries.again_at(key, answer, now=self._clock.now())
        self._retries.succeeded(key)
        if outcome is Outcome.GONE:
            return math.inf
        if outcome is Outcome.WRITTEN:
            self._memory.note_written(key, plan.state.uid, plan.status, shown=plan.shown)
        else:
            self._memory.note_said(key, plan.state.uid, plan.status)
        self._memory.note_told(key, plan.news, now=self._clock.now())
        for each in plan.news:
            await self._requests.tell(each, plan.state, plan.kind)
        return math.inf
