"""Leading: performs what a `legation.kube.lease.Lease` asks, over a client.

::

    leading = Leading(client, name="legation", ..., clock=clock, chance=random.random, now=utc_now, changed=woken.set)
    await leading.run()                # until cancelled
    leading.leads                      # at this moment
    await leading.release()            # when whatever only the leader does has ended

It knows how to ask. It refuses to know who leads: the machine does. Whatever the API server does, `run` goes on; beside
what it asks about the Lease, every two to four seconds, it asks nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from legation.clock import Clock
from legation.errors import KubeError, KubeNotFound, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.lease import LEASES, Claim, Lease, Look
from legation.kube.objects import Json
from legation.kube.pauses import Rest
from legation.model.problems import Problem

_ANSWER = 5.0
"""Seconds for an answer; the leader waits no longer than it leads."""
_LEAST = 0.5
_LAST_WORD = 2.0
"""Seconds for the release, when the program ends."""


class Leading:
    """One who would like to lead, and asks."""

    def __init__(
        self,
        client: Client,
        *,
        name: str,
        namespace: str,
        identity: str,
        clock: Clock,
        chance: Callable[[], float],
        now: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            name: Of the Lease.
            namespace: Where it is.
            identity: Who this is.
            clock: What who leads is measured by.
            chance: Returns random numbers, 0 <= x < 1.
            now: Tells the time of day, for people who read the Lease.
            changed: Is called when `leads_until` or `problem` is another one: with each renewal, too.
        """
        self._client = client
        self._name, self._namespace = name, namespace
        self._clock, self._chance, self._now = clock, chance, now
        self._changed = changed
        self._lease = Lease(name=name, namespace=namespace, identity=identity)

    @property
    def leads(self) -> bool:
        """Whether this one leads at this moment; it ends by itself, whether or not anybody is told."""
        return self._lease.leads(self._clock.now())

    @property
    def leads_until(self) -> float:
        """The moment, by the clock, at which it no longer leads unless it renews before."""
        return self._lease.leads_until

    @property
    def holder(self) -> str:
        """Who was last seen to lead; empty if nobody was."""
        return self._lease.holder

    @property
    def problem(self) -> Problem | None:
        """Why this one can neither lead nor know who does."""
        return self._lease.problem

    async def run(self) -> None:
        """Try to lead, until cancelled."""
        while True:
            before = self.leads_until, self.problem
            match self._lease.next(self._clock.now(), chance=self._chance(), stamp=self._stamp()):
                case Rest(until):
                    await self._clock.sleep_until(until)
                case Look():
                    await self._look()
                case Claim() as claim:
                    await self._claim(claim)
            if (self.leads_until, self.problem) != before:
                self._changed()

    async def release(self) -> None:
        """Lead no more, and tell it, so that another one can begin at once; whatever comes of it."""
        claim = self._lease.release(stamp=self._stamp())
        if claim is not None:
            with contextlib.suppress(KubeError, KubeUnreachable):
                await self._write(claim, limit=_LAST_WORD)

    async def _look(self) -> None:
        try:
            found: Json | None = await objects.get(
                self._client, kind=LEASES, name=self._name, namespace=self._namespace, timeout=self._limit()
            )
        except KubeNotFound:
            found = None
        except (KubeError, KubeUnreachable) as error:
            self._lease.failed(error)
            return
        self._lease.looked(found, now=self._clock.now())

    async def _claim(self, claim: Claim) -> None:
        try:
            found = await self._write(claim, limit=self._limit())
        except (KubeError, KubeUnreachable) as error:
            self._lease.failed(error)
            return
        self._lease.claimed(found)

    async def _write(self, claim: Claim, *, limit: float) -> Json:
        if not claim.version:
            head = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": {"name": self._name}}
            return await objects.create(
                self._client, kind=LEASES, value={**head, "spec": claim.spec}, namespace=self._namespace, timeout=limit
            )
        return await objects.merge_patch(
            self._client,
            kind=LEASES,
            name=self._name,
            value={"metadata": {"resourceVersion": claim.version}, "spec": claim.spec},
            namespace=self._namespace,
            timeout=limit,
        )

    def _limit(self) -> float:
        """Return how long to wait: the answer has to be there before one leads no more."""
        left = self.leads_until - self._clock.now()
        return min(_ANSWER, max(left, _LEAST)) if left > 0 else _ANSWER

    def _stamp(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
