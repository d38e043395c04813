"""From sources to transports: when something has changed, what is served is made anew and handed to who is there.

What is served is decided in `served`, when to act in `debounce`, what Envoys said is in `feedback`; this is the shell
that calls them in order, in one group of tasks. Nothing is served before every source has loaded. If all of it fails
unexpectedly, what was served stays, and the fault is a problem.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from dataclasses import replace
from functools import partial
from secrets import token_hex

from legation.clock import Clock
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem, own_fault
from legation.model.resource_types import ResourceType
from legation.model.statistics import Statistics
from legation.runtime.acceptance import Acceptance, Matches, wait_accepted
from legation.runtime.account import Account
from legation.runtime.admission import Rules
from legation.runtime.arrivals import Arrivals
from legation.runtime.court import Asked, Court
from legation.runtime.debounce import Debounce
from legation.runtime.deliveries import DeliveryCounts
from legation.runtime.expiry_timer import ExpiryTimer
from legation.runtime.feedback import Feedback
from legation.runtime.groups import EXPECTED, AnyGroup, Group
from legation.runtime.hub import Hub
from legation.runtime.inquiry import Inquiry
from legation.runtime.intake import Intake
from legation.runtime.problem_log import ProblemLog, log_fault, sameness
from legation.runtime.refusals import in_the_way, of_held_up, of_refused
from legation.runtime.saving import Saving
from legation.runtime.served import Served
from legation.runtime.serving import Serving
from legation.runtime.state_folder import StateFolder
from legation.runtime.versions import Wanted
from legation.runtime.waiting_room import PATIENCE, WaitingRoom
from legation.runtime.what_if import WhatIf
from legation.sources.base import Source
from legation.transports.base import Refusal, Transport

AFTER_FAULT = 10.0
"""Seconds after which a part is begun anew that failed for a reason of its own."""
_A_CLIENT = 0.00025
"""About how many seconds it takes to send an update to one client and to read its answer."""
RECALL_FOR = 600.0
"""Seconds from the start for which it is known what was served before: by then those who were there are back."""


class Engine:
    """Sources in, Envoys served."""

    def __init__(
        self,
        *,
        sources: Sequence[Source],
        transports: Sequence[Transport],
        clock: Clock,
        state_folder: StateFolder | None = None,
        rules: Rules | None = None,
        pod_wait: float = PATIENCE,
        count: bool = False,
        count_watched: bool = False,
        unix_time: Callable[[], float] = time.time,
        judge: Asked | None = None,
        verdict_limit: float = 10.0,
    ) -> None:
        """Take the parts; nothing is read or opened yet.

        Args:
            sources: Where objects come from.
            transports: How Envoys are served.
            clock: Where moments and pauses come from.
            state_folder: What outlives the program.
            rules: Who gets what.
            count: Whether it is counted for each object what Envoys have of it (`objects`).
            count_watched: Whether that is done while somebody watches it, if not always.
            pod_wait: Seconds that an Envoy waits for its Pod to be known.
            unix_time: Tells the time that certificates are valid at.
            judge: Who is asked about what is new before it is served.
            verdict_limit: Seconds that an object waits for that at most.
        """
        self.serving = Serving(transports)
        self._problem_log = self.problem_feed = ProblemLog(self._problems)
        self.feedback = Feedback(clock=clock, refusals_changed=self._problem_log.look)
        self.feedback.watchers[self._hear] = None
        self._clock = clock
        self._debounce = Debounce()
        self._intake = Intake(sources, changed=self._note_change, obstacles_changed=self._problem_log.look)
        self._court = (
            Court(judge, clock=clock, limit=verdict_limit, decided=self._note_verdicts) if judge is not None else None
        )
        self._served = Served(
            owner=self._intake.owner,
            rules=rules,
            unix_time=unix_time,
            judged=self._court.book if self._court is not None else None,
        )
        self._admitting = admitting = self._served.admitting
        self.arrivals = arrivals = Arrivals(
            clock,
            admitting=admitting,
            waiting=lambda: self._waiting_room.wake(),  # noqa: PLW0108 - it is made further down
            sitters=lambda: self._hub.sitters(but=EXPECTED),
        )
        self._hub: Hub[AnyGroup] = Hub(self._served, feedback=self.feedback, arrived=arrivals.note, doors=admitting)
        self.objects = DeliveryCounts(
            clock=clock,
            epoch=token_hex(8),
            known=self._served.known,
            problems=self._served.problems_of,
            crowds=self._hub.crowds,
            every=None if count else self._served.keys,
        )
        """What Envoys have of each object, if that is counted."""
        self.inquiry = Inquiry(self._served.trail, accounts=lambda: self.feedback.accounts)
        """Where things come from, and who has them."""
        if count or count_watched:
            self.feedback.counts_by_object = self.objects
        self._waiting_room = WaitingRoom(
            clock=clock,
            patience=pod_wait,
            guests=partial(self._hub.seats_of, EXPECTED),
            check=self._served.group_of,
            why=admitting.why_unknown,
            turned_away=arrivals.refuse,
        )
        self._expiry = ExpiryTimer(
            clock, unix_time=unix_time, due=lambda: self._served.next_look, look=self._look_at_dates
        )
        self._folder = state_folder
        self._saving = (
            Saving(
                state_folder,
                clock=clock,
                take_changes=self._served.take_changes,
                problem_changed=self._problem_log.look,
            )
            if state_folder
            else None
        )
        self._folder_problems: tuple[Problem, ...] = ()
        self._fault: Problem | None = None
        self._changed = asyncio.Event()
        self._taken = 0
        """How much of what the sources say is known to the rest of the program."""
        self._handled = 0
        """How much of it is served, or held for good."""
        self._handled_more = asyncio.Event()
        self._updates = 0
        self._update_seconds = 0.0
        self._last_update_seconds = 0.0

    async def run(self) -> None:
        """Read and serve until cancelled.

        Raises:
            LegationError: A source cannot be read at all, a port cannot be bound, the state folder is none.
        """
        if self._folder is not None:
            records, self._folder_problems = await asyncio.to_thread(self._folder.load)
            self._served.remember(records)
        await self.serving.run(
            self._hub,
            *(partial(source.run, self._intake.inputs(source)) for source in self._intake.sources),
            self._follow,
            self._problem_log.run,
            partial(self._kept, self._waiting_room.run),
            *((partial(self._kept, self.objects.run),) if self.feedback.counts_by_object else ()),
            partial(self._kept, self._expiry.run),
            *((self._saving.run, self._forget_before) if self._saving else ()),
            *((partial(self._kept, self._court.run),) if self._court else ()),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """Why Envoys cannot be served (yet, or any more), a clause for each."""
        return (
            *(("draining",) if self.serving.draining else ()),
            *self._intake.unread,
            *(("the first verdicts of the judge are not there yet",) if self._awaits_first_verdicts else ()),
            *(f"{transport.name} does not listen yet" for transport in self.serving.missing),
        )

    @property
    def unread(self) -> tuple[str, ...]:
        """Which sources have not loaded yet, and why, a clause for each."""
        return self._intake.unread

    def tell_problems(self) -> None:
        """Log what is wrong now, if it was not logged before."""
        self._problem_log.say()

    async def wait_handled(self, versions: Collection[ManifestObject] = ()) -> None:
        """Return when all that the sources published before now is in the hub; that is never before all have loaded.

        What waits for a verdict is not there before it has one, or goes on without.
        """
        number = self._intake.number
        wanted = Wanted(versions, held=self._intake.held, known=self._served.known)
        while not wanted.are_known() or self._handled < number or self._intake.missing or self._awaits_first_verdicts:
            await self._handled_more.wait()

    async def wait_accepted(
        self,
        keys: Collection[ObjectKey] = (),
        *,
        at_least: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - on time-out the answer says who is still waited for
        matches: Matches | None = None,
        versions: Collection[ManifestObject] = (),
    ) -> Acceptance:
        """Wait until every Envoy has accepted or refused what the objects make, and given back what they made before.

        Args:
            keys: The objects, deleted ones too; none for everything.
            at_least: Wait for at least so many Envoys.
            timeout: Seconds; None to wait for ever.
            matches: Says of which Envoys; None for all.
            versions: Objects that are waited for as they are here; later versions will do.
        """
        begun = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(timeout):
                await self.wait_handled(versions)
        except TimeoutError:
            why = "; ".join(self.missing) or "what was stored has not come here yet"
            return Acceptance(problems=(Problem(code="not-ready", message=why),))
        names = None
        if keys:
            names = self._served.names_of(keys)
            names |= {name for name, origin in self._hub.leaving().items() if origin in keys}
        left = None if timeout is None else max(0.0, begun + timeout - asyncio.get_running_loop().time())
        answer = await wait_accepted(
            self.feedback,
            names,
            matches=None if matches is None else partial(self._is_meant, matches),
            at_least=at_least,
            timeout=left,
        )
        problems = in_the_way(self.feedback, self._served, keys, waits=bool(answer.waiting))
        return replace(answer, problems=problems)

    def problems(self) -> tuple[Problem, ...]:
        """Return all that is wrong now: with the objects, with their reading, and with what Envoys refuse."""
        return tuple(self._problems().values())

    def held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        """Return the object of that key that counts, and the source that has it."""
        return self._intake.held(key)

    def what_if(self, *, soon: bool = False) -> WhatIf:
        """Return what is served now, for questions about objects that nobody has stored yet; see `Served.what_if`."""
        return self._served.what_if(soon=soon)

    def statistics(self) -> Statistics:
        """Return sizes and counts."""
        return Statistics(
            groups=len(self._hub.groups),
            objects=self._served.objects(),
            resources=self._served.resources(),
            updates=self._updates,
            update_seconds=self._update_seconds,
            last_update_seconds=self._last_update_seconds,
            feedback=self.feedback.statistics(),
            turned_away=self.arrivals.turned_away.count,
            denied=self.arrivals.denied.counts,
            reported=self.arrivals.denied.reported,
            unproven=self.arrivals.unproven(),
        )

    def _is_meant(self, matches: Matches, account: Account) -> bool:
        try:
            workload = self._admitting.workload_again(account.peer, account.node)
        except Refusal:
            workload = None
        return matches(account.node, workload)

    def _hear(self, account: Account, *, afresh: bool) -> None:
        del afresh
        if self._served.hear(account, self.feedback.accounts.keys()):
            self._note_change()

    def _note_verdicts(self) -> None:
        self._served.reconsider()
        self._note_change()

    def _note_change(self) -> None:
        self._debounce.changed(self._clock.now())
        self._changed.set()

    def _is_asked_for(self, namespace: str, row: ResourceType, name: str) -> bool:
        return any(
            isinstance(group := seat.table.group, Group)
            and group.workload.namespace == namespace
            and seat.client.subscribes(row, name)
            for seat in self._hub.seats()
        )

    @property
    def _awaits_first_verdicts(self) -> bool:
        return bool(self._taken) and not self._handled

    # What runs

    async def _kept(self, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part without which Envoys are served all the same: a fault of its own must not end that."""
        while True:
            try:
                await part()
            except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                log_fault(error)
            await self._clock.sleep_until(self._clock.now() + AFTER_FAULT)

    async def _forget_before(self) -> None:
        await self._clock.sleep_until(self._clock.now() + RECALL_FOR)
        self._served.forget_before()

    def _look_at_dates(self) -> None:
        """Look at certificates: one of them may have expired."""
        if self._served.look_again():
            self._hub.publish()
        self._touch_changed()
        self._problem_log.look()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            while (due := self._debounce.due()) is not None and due > self._clock.now():
                await self._clock.sleep_until(due)
            heard = self._heard_since()
            self._debounce.fired(self._clock.now())
            self._changed.clear()
            if not self._intake.missing:
                with self.feedback.change_heard(heard):
                    self._update()
                work = self._last_update_seconds + _A_CLIENT * sum(1 for _ in self._hub.seats())
                self._debounce.tired(self._clock.now(), work=work)

    def _heard_since(self) -> float | None:
        """Return the moment of the oldest of the changes that are to be served now; those count that were judged."""
        moments = [self._debounce.pending_since, self._court.book.take_decided() if self._court is not None else None]
        return min((each for each in moments if each is not None), default=None)

    def _update(self) -> None:
        begun = self._clock.now()
        heard = self._intake.newest()
        if self._court is not None:
            self._court.open_book(self._taken)
        try:
            if self._served.update(heard):
                self._hub.reseat()
                self.arrivals.revoke()
            else:
                self._hub.publish()
            self._touch_changed()
            self._served.prune(self._is_asked_for)
            self._fault = None
        except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
            log_fault(error)
            mend = "what was served before goes on; undo the last change, and report it"
            self._fault = own_fault("on what has changed", mend=mend)
        self._waiting_room.wake()
        self._expiry.reset()
        self._last_update_seconds = self._clock.now() - begun
        self._update_seconds += self._last_update_seconds
        self._updates += 1
        self._taken = self._handled = heard.number
        if self._court is not None:
            self._handled = self._court.book.handled_by(heard.number)
            self._court.look()
        self._handled_more.set()
        self._handled_more = asyncio.Event()
        self._problem_log.look()
        if self._saving is not None:
            self._saving.request()

    def _touch_changed(self) -> None:
        """Have the objects counted anew of which something is another one."""
        counts = self.feedback.counts_by_object
        if counts is not None and counts.is_wanted:
            counts.touch(self._served.take_changed())

    def _problems(self) -> dict[Hashable, Problem]:
        """Return every problem under what makes it the same one."""
        own = (self._fault, self._saving.problem if self._saving else None)
        every = (*self._intake.obstacles, *self._folder_problems, *self._served.problems, *own)
        found: dict[Hashable, Problem] = {sameness(each): each for each in every if each is not None}
        return found | of_refused(self.feedback, self._served) | of_held_up(self.feedback, self._served)
