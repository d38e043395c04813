"""Audit lines: each call that changes something, and each that is refused for who calls, and what came of it.

They go into the log, or into a file of their own, one JSON object a line. No line ever holds a value of an object, a
token or anything else that a caller sent but names.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from legation.model.problems import Problem
from legation.small_files import why

_SHOWN = 5
"""Objects that are named in a line of the log."""
_MOST_STRANGERS = 20
"""Lines about who has proven nothing, in each of these seconds; the others are counted."""
_PERIOD = 10.0
_LONGEST = 300
"""Characters of a name."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Audit:
    """Writes audit lines."""

    def __init__(
        self,
        file: Path | None = None,
        *,
        now: Callable[[], float] = time.time,
        moment: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take where to.

        Args:
            file: The file; None: the log.
            now: Returns Unix seconds.
            moment: Returns what periods are measured by.
        """
        self._file, self._now, self._moment = file, now, moment
        self._lock = threading.Lock()
        self._begun, self._told, self._untold = moment(), 0, 0
        self._trouble = ""

    def problems(self) -> tuple[Problem, ...]:
        """Return why lines are in the log that were to be in the file."""
        if not self._trouble:
            return ()
        words = f"audit lines cannot be written to {self._file}: {self._trouble}; they are in the log meanwhile"
        mend = "make room there, and let legation write there"
        return (Problem(code="audit-log", message=words, mend=mend, subject=str(self._file)),)

    def open(self) -> None:
        """Look whether the file can be written.

        Raises:
            OSError: It cannot.
        """
        if self._file is not None:
            os.close(_opened(self._file))

    def say(self, call: str, *, objects: Sequence[object] = (), **more: Any) -> None:
        """Write a line.

        Args:
            call: The method.
            objects: Which it is about.
            more: What else there is to say.
        """
        said = {key: str(value)[:_LONGEST] if isinstance(value, str) else value for key, value in more.items()}
        line = {"call": call, **said, "objects": [str(each) for each in objects]}
        if self._file is not None and self._write(self._file, line):
            return
        rest = len(objects) - _SHOWN
        names = ", ".join(str(each) for each in objects[:_SHOWN])
        _log.info("management call", call=call, **said, objects=f"{names} and {rest} more" if rest > 0 else names)

    def stranger(self, call: str, **more: Any) -> None:
        """Write a line about who has proven nothing: of very many only how many they are."""
        moment = self._moment()
        if moment - self._begun >= _PERIOD:
            self._begun, self._told = moment, 0
        if self._told >= _MOST_STRANGERS:
            self._untold += 1
            return
        self._told += 1
        untold, self._untold = self._untold, 0
        if untold:
            more["more_before"] = untold
        self.say(call, **more)

    def _write(self, file: Path, line: Mapping[str, Any]) -> bool:
        time_said = dt.datetime.fromtimestamp(self._now(), tz=dt.UTC).isoformat(timespec="milliseconds")
        text = json.dumps({"time": time_said, **line}, ensure_ascii=True) + "\n"
        try:
            # Opened each time: whoever turns the file over need tell nobody.
            with self._lock:
                descriptor = _opened(file)
                try:
                    os.write(descriptor, text.encode())
                finally:
                    os.close(descriptor)
        except OSError as error:
            if not self._trouble:
                _log.error("audit lines cannot be written", file=str(file), why=why(error))
            self._trouble = why(error)
            return False
        self._trouble = ""
        return True


def _opened(file: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(file, flags, stat.S_IRUSR | stat.S_IWUSR)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no file")
    return descriptor
