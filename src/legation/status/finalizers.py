"""Finalizers: takes ours off the objects that are being deleted, when no Envoy is told of them any more.

Clients put one on an object to have us hear of its deletion. Nothing here needs that; but the object stays until it is
off. It has a schedule of its own, so that nothing that goes wrong here keeps a status from being written. Invariant:
what is sent changes the very version of the object that was looked at, so that no finalizer of others is lost.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import structlog

from legation.clock import Clock, set_or
from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.status.departures import Departures, is_denied
from legation.status.requests import ANSWER, FIELD_MANAGER
from legation.status.retries import LONGEST_PAUSE, Retries, answer_of
from legation.status.schedule import Pace, Schedule

_PACE = Pace(quiet=0.0, rate=200.0, burst=200.0)
"""Who deletes waits for it, and has a pace of its own."""
_REQUESTS = 2
"""A look and a change."""
_AT_ONCE = 4
"""Objects that are freed at a time."""
_ATTEMPTS = 3
"""Looks in a row at an object that others change at the same time."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Removal:
    """An object whose finalizer is to be taken off."""

    state: ObjectState
    kind: ApiKind


class Finalizers:
    """Those of all objects, while this replica leads."""

    def __init__(
        self,
        client: Client,
        *,
        kinds: Mapping[tuple[str, str], ApiKind],
        state: Callable[[ObjectKey], ObjectState | None],
        leads: Callable[[], bool],
        clock: Clock,
        chance: Callable[[], float],
        fault: Callable[[Exception], None],
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            kinds: The kinds that are ours, by group and kind.
            state: Returns what is known of an object.
            leads: Says whether this replica may still write.
            clock: What moments are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            fault: Is told of an error of this program itself.
        """
        self._client, self._kinds, self._state, self._leads = client, kinds, state, leads
        self._clock, self._fault = clock, fault
        self._schedule = Schedule(_PACE)
        self._woken = asyncio.Event()
        self._done: dict[ObjectKey, str] = {}
        """The UIDs of those that ours is off: a watch is late, and they are seen with it for a moment longer."""
        self._retries = Retries(self._schedule, chance=chance)
        self._departures = Departures()

    def look(self, key: ObjectKey) -> None:
        """Have an object looked at that is being deleted."""
        kind = self._kinds.get((key.group, key.kind))
        if kind is not None and kind.finalizer:
            self._schedule.touch(key, now=self._clock.now())
            self._woken.set()

    def forget(self, key: ObjectKey) -> None:
        """Drop an object: it is gone."""
        self._schedule.forget(key)
        self._done.pop(key, None)
        self._retries.forget(key)
        self._departures.end(key)

    def problems(self) -> Iterator[Problem]:
        """Yield what is in the way."""
        return self._departures.problems()

    async def run(self) -> None:
        """Take them off until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(self._work())

    async def _work(self) -> None:
        while True:
            now = self._clock.now()
            leads = self._leads()
            key = self._schedule.take(now=now) if leads else None
            if key is None:
                # Who no longer leads is about to be cancelled.
                await set_or(self._woken, self._schedule.next_at(now=now) if leads else now + 1.0, clock=self._clock)
                self._woken.clear()
                continue
            again_at = now + LONGEST_PAUSE
            try:
                again_at = await self._look_at(key, now)
            except Exception as error:  # noqa: BLE001 - a fault with one object must not stop the others
                self._fault(error)
            finally:
                self._schedule.end(key, again_at=again_at)
            # Most need nothing, and that takes no time to wait for.
            await asyncio.sleep(0)

    async def _look_at(self, key: ObjectKey, now: float) -> float:
        """Do what is to be done, and return when to look again; inf: not unless somebody says so."""
        removal = self._removal(key, now)
        if removal is None:
            return math.inf
        self._schedule.begin(key, now=now, requests=_REQUESTS)
        return await self._perform(removal)

    def _removal(self, key: ObjectKey, now: float) -> _Removal | None:
        """Return what is to be done; None: nothing, or nothing now. The writer has all looked at again in a while."""
        state, kind = self._state(key), self._kinds.get((key.group, key.kind))
        if state is None or kind is None or not state.withdrawn or kind.finalizer not in state.finalizers:
            self._departures.end(key)
            return None
        if self._done.get(key) == state.uid or self._departures.blocks(state, kind, now=now):
            return None
        return _Removal(state, kind)

    async def _perform(self, removal: _Removal) -> float:
        """Take it off, and return when to try again; inf: it is done, or in the way is what only people mend."""
        key = removal.state.key
        try:
            if await self._take_off(removal):
                _log.info("finalizer removed", kind=str(removal.kind), namespace=key.namespace, name=key.name)
        except KubeNotFound:
            # Somebody else was faster.
            pass
        except (KubeError, KubeUnreachable) as error:
            return self._failed(removal, error)
        self._done[key] = removal.state.uid
        self._retries.succeeded(key)
        self._departures.end(key)
        return math.inf

    async def _take_off(self, removal: _Removal) -> bool:
        """Take it off if it is there. Returns whether it was.

        Raises:
            KubeConflict: Others change the object all the time.
            KubeError: The API server refuses it for another reason.
            KubeUnreachable: There is no answer.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return await self._attempt(removal)
            except KubeConflict:
                continue
        return await self._attempt(removal)

    async def _attempt(self, removal: _Removal) -> bool:
        key, kind = removal.state.key, removal.kind
        found = await objects.get(self._client, kind=kind, name=key.name, namespace=key.namespace, timeout=ANSWER)
        metadata = found["metadata"]
        own, every = kind.finalizer, metadata.get("finalizers") or []
        if metadata["uid"] != removal.state.uid or own not in every or not metadata.get("deletionTimestamp"):
            return False
        # No other object of this name ever had this version.
        others = [each for each in every if each != own]
        await objects.merge_patch(
            self._client,
            kind=kind,
            name=key.name,
            namespace=key.namespace,
            value={"metadata": {"resourceVersion": metadata["resourceVersion"], "finalizers": others}},
            field_manager=FIELD_MANAGER,
            timeout=ANSWER,
        )
        return True

    def _failed(self, removal: _Removal, error: KubeError | KubeUnreachable) -> float:
        """Take note of why it failed, and return when to try again."""
        key, now = removal.state.key, self._clock.now()
        if (answer := answer_of(error)) is not None:
            return self._retries.again_at(key, answer, now=now)
        if isinstance(error, KubeForbidden) and not is_denied(error):
            new = self._departures.forbidden(removal.state, removal.kind, error, now=now)
        else:
            new = self._departures.refused(removal.state, removal.kind, error, now=now)
        if new:
            _log.warning("finalizer not removed", kind=str(removal.kind), namespace=key.namespace, error=str(error))
        return math.inf
