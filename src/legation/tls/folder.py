"""A certificate where somebody else makes it: a folder with `tls.crt` and `tls.key`, as of cert-manager.

It looks whether the files are others, every few seconds: a kubelet swaps a link, which no watch of a file would tell.
The one invariant: nothing is written anywhere, and a pair that cannot be used leaves the one before it in place.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from legation.clock import Clock
from legation.model.problems import Level, Problem
from legation.small_files import Stamp, stamps, why
from legation.tls.shown import ShownCertificate

CERTIFICATE, KEY = "tls.crt", "tls.key"
LOOK_AGAIN = 5.0
"""Seconds between two looks."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Folder:
    """A folder with a certificate and its private key."""

    def __init__(self, folder: Path, *, shown: ShownCertificate, clock: Clock, code: str) -> None:
        """Take what it takes; nothing is read yet.

        Args:
            folder: Where the files are.
            shown: What shows them.
            clock: What the time between two looks is measured by.
            code: Of the problem that is told where they cannot be shown.
        """
        self._files = folder / CERTIFICATE, folder / KEY
        self._shown, self._clock, self._code = shown, clock, code
        self._seen: tuple[Stamp, ...] = ()
        self._problem: Problem | None = None

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest pair is not shown."""
        return () if self._problem is None else (self._problem,)

    async def run(self) -> None:
        """Keep it until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)

    def look(self) -> None:
        """Show what is in the files, if they are others than before."""
        found = stamps(map(str, self._files))
        if found == self._seen:
            return
        try:
            certificate, key = (each.read_bytes() for each in self._files)
            self._shown.show(certificate, key)
        except OSError as error:
            self._fail(f"{error.filename} cannot be read: {why(error)}")
        except ValueError as error:
            # Of a pair that is being replaced one file may be new and the other old: it is looked at again.
            self._fail(f"{self._files[0].parent}: {error}")
        else:
            self._seen, self._problem = found, None
            _log.info("another certificate is shown", folder=str(self._files[0].parent))

    def _fail(self, message: str) -> None:
        mend = f"put a certificate and its private key there as {CERTIFICATE} and {KEY}"
        self._problem = Problem(code=self._code, level=Level.WARNING, message=message, mend=mend, subject="files")
