"""Files that somebody else puts there: a kubelet, cert-manager, a person. They are taken as often as they change.

It looks whether they are others, every few seconds: a kubelet swaps a link, which no watch of a file would tell.
The one invariant: nothing is written anywhere, and what cannot be used leaves what was before it in place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from legation.clock import Clock
from legation.model.problems import Level, Problem
from legation.small_files import Stamp, read_small, stamps, why
from legation.threads import in_daemon
from legation.tls.lasting import ending
from legation.tls.material import Material
from legation.tls.shown import Shown

CERTIFICATE, KEY, AUTHORITIES = "tls.crt", "tls.key", "ca.crt"
"""As of cert-manager, and of Secrets of the type kubernetes.io/tls."""
CODE = "tls"
LOOK_AGAIN = 5.0
"""Seconds between two looks."""
SLOW = 10.0
"""Seconds after which a look that has not ended is told: a mount may hang for ever."""
_ATTEMPTS = 3
"""So often files are read that change while they are read."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Files:
    """A few files that are taken together."""

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        take: Callable[[Sequence[bytes]], None],
        holds: Callable[[], bool],
        clock: Clock,
        mend: str,
        lacking: str = "nobody can connect",
        lacking_level: Level = Level.ERROR,
        code: str = CODE,
    ) -> None:
        """Take what it takes; nothing is read yet.

        Args:
            paths: The files.
            take: Is given their contents, in the same order, in any thread; raises ValueError where they cannot be
                used. Its words are told, and the files are looked at again.
            holds: Says whether it has taken any so far that it goes on with.
            clock: What the time between two looks is measured by.
            mend: What is to be done where they cannot be used.
            lacking: What that means until it has taken any.
            lacking_level: How bad that is.
            code: Of the problem that is told then.
        """
        self._paths, self._take, self._holds, self._clock = tuple(paths), take, holds, clock
        self._mend, self._code = mend, code
        self._lacking, self._lacking_level = lacking, lacking_level
        self._seen: tuple[Stamp, ...] = ()
        self._said = ""
        """Why the newest are not used; empty where they are."""
        self._began: float | None = None
        """When the look began that has not ended, in seconds of this machine."""

    @property
    def where(self) -> str:
        """What the problems are about: the folder, or the one file."""
        return str(self._paths[0].parent if len(self._paths) > 1 else self._paths[0])

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest files are not used."""
        said = self._said
        if self._began is not None and time.monotonic() >= self._began + SLOW:
            said = f"{self.where} cannot be read: it takes longer than {SLOW:g} s"
        if not said:
            return ()
        holds = self._holds()
        meanwhile = "what was there before goes on" if holds else f"until then {self._lacking}"
        return (
            Problem(
                code=self._code,
                level=Level.WARNING if holds else self._lacking_level,
                message=f"{said}; {meanwhile}",
                mend=self._mend,
                subject=self.where,
            ),
        )

    async def run(self) -> None:
        """Take them until cancelled."""
        while True:
            self._began = time.monotonic()
            try:
                await in_daemon(self.look, name="legation-tls-files")
            finally:
                self._began = None
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)

    def look(self) -> None:
        """Take what is in the files, if they are others than before."""
        found = self._stamps()
        if found == self._seen and not self._said:
            return
        try:
            found, contents = self._read(found)
            self._take(contents)
        except OSError as error:
            self._fail(f"{error.filename} cannot be read: {why(error)}")
        except ValueError as error:
            # Of files that are being replaced one may be new and another old: they are looked at again.
            self._fail(f"{self.where}: {error}")
        else:
            self._seen, self._said = found, ""
            _log.info("tls files taken", where=self.where)

    def _read(self, found: tuple[Stamp, ...]) -> tuple[tuple[Stamp, ...], list[bytes]]:
        """Return the content of files that did not change while they were read, if that can be had."""
        for _ in range(_ATTEMPTS):
            contents = [read_small(each) for each in self._paths]
            before, found = found, self._stamps()
            if before == found:
                return found, contents
        raise ValueError("the files change all the time")

    def _stamps(self) -> tuple[Stamp, ...]:
        return stamps(map(str, self._paths))

    def _fail(self, message: str) -> None:
        if message != self._said:
            is_bad = not self._holds() and self._lacking_level is Level.ERROR
            tell = _log.error if is_bad else _log.warning
            tell("tls files not used", code=self._code, reason=message)
        self._said = message


class PairFiles:
    """A folder with a certificate and its private key, for a server that asks clients for nothing."""

    def __init__(
        self, folder: Path, *, shown: Shown, clock: Clock, code: str = CODE, now: Callable[[], float] = time.time
    ) -> None:
        """Take what it takes; nothing is read yet.

        Args:
            folder: Where `tls.crt` and `tls.key` are.
            shown: What shows them.
            clock: What the time between two looks is measured by.
            code: Of the problem that is told where they cannot be shown.
            now: Returns Unix seconds.
        """

        def take(contents: Sequence[bytes]) -> None:
            certificate, key = contents
            shown.show(Material(certificate=certificate, key=key))

        self._shown, self._code, self._now = shown, code, now
        self._files = pair_files(folder, take=take, holds=lambda: shown.ready, clock=clock, code=code)

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest pair is not shown, and that the one that is ends soon."""
        lasting = ending(self._shown.life, now=self._now(), code=self._code, subject=self._files.where)
        return (*self._files.problems(), *lasting)

    async def run(self) -> None:
        """Keep it until cancelled."""
        await self._files.run()

    def look(self) -> None:
        """Show what is in the files, if they are others than before."""
        self._files.look()


def pair_files(
    folder: Path, *, take: Callable[[Sequence[bytes]], None], holds: Callable[[], bool], clock: Clock, code: str = CODE
) -> Files:
    """Return the files with a certificate and its private key that are in a folder; see `Files`."""
    return Files(
        (folder / CERTIFICATE, folder / KEY),
        take=take,
        holds=holds,
        clock=clock,
        mend=f"put a certificate and its private key there as {CERTIFICATE} and {KEY}",
        code=code,
    )
