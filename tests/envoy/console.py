"""A page whose console blocks are done as they stand there: commands in one shell, and what each prints.

A line that begins with `$ ` is a command, `> ` goes on with it, and the lines below are what it prints. `...` in these
stands for anything, white space for any other, and so do seconds and versions. A command that only looks is given
until it prints that: who reads the page needs a moment, too. One under which nothing is shown has to succeed, unless it
waits for others.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from demo import web

PATIENCE = 60.0
"""Seconds for what takes about one."""
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"^\$ (?P<command>.*\n(?:> .*\n)*)(?P<shown>(?:(?!\$ ).*\n)*)", re.MULTILINE)
_LOOK = re.compile(r"(curl (?!.*--json)|for |legation (get|problems|proxies|upstream list|validate) )")
_COUNTS = re.compile(r"(?: *(\d+) (\w+)\n)+")
_OTHERWISE = re.compile(r"\b(\d+ s|[0-9a-f]{8})\b")
"""What is another one each time."""
_LIKE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_NEARLY = 15
"""How far a count of 100 answers may be from the one that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One command of a page, and what is shown below it."""

    line: int
    """Where it stands."""
    command: str
    shown: str

    @property
    def looks(self) -> bool:
        """Whether it may be given several times."""
        return bool(_LOOK.match(f"{self.command} "))

    @property
    def waits(self) -> bool:
        """Whether it says how others ended."""
        return bool(re.search(r"; wait\b.*$", self.command))

    def is_printed(self, printed: str) -> bool:
        """Say whether it is what the page shows; counts are nearly the same."""
        if _COUNTS.fullmatch(self.shown):
            wanted, counted = _counts(self.shown), _counts(printed)
            return wanted.keys() == counted.keys() and all(
                abs(wanted[each] - counted[each]) <= _NEARLY for each in wanted
            )
        shown, found = (_OTHERWISE.sub("~", each) for each in (self.shown, printed))
        return doctest.OutputChecker().check_output(shown, found, _LIKE)


def entries(page: str) -> Iterator[Entry]:
    """Yield what is to be done, in its order."""
    for block in _BLOCK.finditer(page):
        for found in _ENTRY.finditer(block[1]):
            line = page.count("\n", 0, block.start(1) + found.start()) + 1
            command = found["command"].strip().replace("\n> ", "\n")
            yield Entry(line=line, command=command, shown=found["shown"])


class Console:
    """A shell in a folder. Leaving the `with` block ends it and all that was started there."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it.

        Args:
            folder: Where it is, and may write what it is told and tells.
            environment: What is said there besides.
        """
        self._folder = folder
        self._notes = folder / ".console"
        self._notes.mkdir()
        # Each command has its own output; in a terminal curl shows no progress either.
        (self._notes / ".curlrc").write_text("silent\nshow-error\n")
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env={**os.environ, "CURL_HOME": str(self._notes), **environment},
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Programs in the background are of the same group.
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._shell.pid, number)
        self._shell.communicate()

    async def do(self, entry: Entry) -> None:
        """Give a command, again and again if it looks, and see that it prints what is shown.

        Raises:
            AssertionError: It does not.
        """
        printed = ""

        async def right() -> bool:
            nonlocal printed
            status, printed = await self._run(entry.command)
            return entry.is_printed(printed) if entry.shown else not status or entry.waits

        said = f"line {entry.line}: {entry.command}"
        if not entry.looks:
            assert await right(), f"{said}\n{printed}{self._all()}"
            return
        try:
            await web.until(right, within=PATIENCE, what=said)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{printed}\nin place of\n{entry.shown}{self._all()}") from error

    async def _run(self, command: str) -> tuple[int, str]:
        """Return the exit status and what was printed until then."""
        self._count += 1
        printed, status = (self._notes / f"{self._count}.{kind}" for kind in ("printed", "status"))
        assert self._shell.stdin is not None
        words = shlex.join(["mv", f"{status}.new", str(status)])
        self._shell.stdin.write(f"{{ {command}\n}} >'{printed}' 2>&1 </dev/null\necho $? >'{status}.new'; {words}\n")
        self._shell.stdin.flush()

        async def there() -> bool:
            assert self._shell.poll() is None, f"{command}: the shell has ended"
            return status.exists()

        await web.until(there, within=PATIENCE, what=command)
        return int(status.read_text()), printed.read_text()

    def _all(self) -> str:
        """Return the end of what the last commands have printed, those in the background too."""
        files = sorted(self._notes.glob("*.printed"), key=lambda each: each.stat().st_mtime)[-12:]
        texts = {each.read_text(errors="replace")[-1500:]: each.name for each in files}
        return "".join(f"\n--- {name}\n{text}" for text, name in texts.items())


def _counts(text: str) -> dict[str, int]:
    return {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", text)}
