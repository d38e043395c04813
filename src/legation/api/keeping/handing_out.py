"""Hands out a bundle that somebody else keeps, such as the `ca.crt` that cert-manager puts beside a certificate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from legation.api.keeping.keeper import Publisher
from legation.clock import Clock, set_or
from legation.model.problems import Level, Problem
from legation.texts.pem import blocks
from legation.threads import in_daemon
from legation.tls.material import Material, Unusable, examine_authorities, vouches

_LOOK = 5.0
"""Seconds between two looks."""
_STRANGE = "none of the authorities there has signed the certificate that is shown"


class HandingOut:
    """What a replica that leads does of it. Nothing that the API server does ends `run`."""

    def __init__(
        self,
        bundle: Callable[[], bytes],
        *,
        shown: Callable[[], Material | None],
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
            shown: Returns what Pods are shown when they connect: who trusts the bundle must trust that. None: nothing.
            publisher: What hands it out.
            leads: Says whether this replica may write.
            clock: What pauses are measured by.
            unix_time: Tells the time that certificates are valid at.
            code: Of the problems that are told.
            subject: Where the bundle comes from.
        """
        self._bundle, self._publisher, self._leads, self._clock = bundle, publisher, leads, clock
        self._shown = shown
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
        if not self._leads():
            self._wrong = ""
            self._publisher.rest()
            return
        try:
            bundle = await in_daemon(self._bundle, name="legation-bundle")
            examine_authorities(bundle, now=self._unix_time())
            shown = self._shown()
            fits = shown is None or vouches(bundle, certificate=shown.certificate)
        except OSError as error:
            self._wrong = f"it cannot be read: {(error.strerror or type(error).__name__).lower()}"
        except Unusable as error:
            # What was handed out before stays.
            self._wrong = str(error)
        else:
            self._wrong = "" if fits else _STRANGE
            # Before one is shown it may be of another authority.
            if shown is not None and fits:
                # What stands around the certificates is for nobody else.
                await self._publisher.publish(blocks(bundle))
