"""Hands out a bundle that somebody else keeps, such as the `ca.crt` that cert-manager puts beside a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from legation.api.keeping.keeper import Publisher
from legation.clock import Clock, set_or
from legation.model.problems import Level, Problem
from legation.tls.material import Unusable, examine_authorities

_LOOK = 5.0
"""Seconds between two looks."""


class HandingOut:
    """What a replica that leads does of it. Nothing that the API server does ends `run`."""

    def __init__(
        self,
        bundle: Callable[[], bytes],
        *,
        publisher: Publisher,
        leads: Callable[[], bool],
        clock: Clock,
        unix_time: Callable[[], float],
        code: str,
        subject: str,
    ) -> None:
        """Take what it takes; nothing is asked yet.

        Args:
            bundle: Returns the newest one; an OSError where there is none.
            publisher: What hands it out.
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            unix_time: Tells the time that certificates are valid at.
            code: Of the problems that are told.
            subject: Where the bundle comes from.
        """
        self._bundle, self._publisher, self._leads, self._clock = bundle, publisher, leads, clock
        self._unix_time, self._code, self._subject = unix_time, code, subject
        self._woken = asyncio.Event()
        publisher.listen(self._woken.set)
        self._wrong = ""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way."""
        found = tuple(self._publisher.problems())
        if not self._wrong:
            return found
        own = Problem(
            code=self._code,
            level=Level.WARNING,
            message=f"{self._subject}: Pods do not learn whom to trust: {self._wrong}",
            mend="put the certificates of those there who sign the server's, in PEM",
            subject=self._subject,
        )
        return (own, *found)

    async def run(self) -> None:
        """Hand it out until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.run())
            while True:
                self._woken.clear()
                await self._look()
                await set_or(self._woken, self._clock.now() + min(_LOOK, self._publisher.due()), clock=self._clock)

    async def _look(self) -> None:
        self._wrong = ""
        if not self._leads():
            self._publisher.rest()
            return
        try:
            bundle = await asyncio.to_thread(self._bundle)
            examine_authorities(bundle, now=self._unix_time())
        except OSError as error:
            self._wrong = f"it cannot be read: {(error.strerror or type(error).__name__).lower()}"
        except Unusable as error:
            # What was handed out before stays.
            self._wrong = str(error)
        else:
            await self._publisher.publish(bundle)
