"""A disk that does what a test says."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path

from legation.errors import FilesError
from legation.transports.files.plain_steps import PlainStep, PlainSteps
from legation.transports.files.writer import Written


class FakeWriter:
    """Files in memory. Fulfils `writer.Writer`."""

    def __init__(self) -> None:
        self.folder = Path("/srv/current")
        self.files: dict[str, bytes] = {}
        self.steps: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        """Names that were put and removed, of each step that was tried."""
        self.error: Exception | None = None
        self.go_on = threading.Event()
        """Cleared: the disk hangs."""
        self.go_on.set()
        self.hangs = threading.Event()

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        self.steps.append((tuple(puts), tuple(removes)))
        if not self.go_on.is_set():
            self.hangs.set()
            self.go_on.wait(20)
        if self.error is not None:
            raise self.error
        self.files |= puts
        for name in removes:
            self.files.pop(name, None)
        return Written(written=len(puts), removed=len(removes), written_bytes=sum(map(len, puts.values())))

    def standing(self) -> frozenset[str]:
        return frozenset(self.files)

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)


class RemovingSteps(PlainSteps):
    """Steps that remove what is not wanted any more."""

    def __init__(self) -> None:
        super().__init__()
        self.there: set[str] = set()
        self.wanted: Mapping[str, bytes] = {}

    @property
    def settled(self) -> bool:
        return self.complete and not self.there - self.wanted.keys()

    def retarget(self, target: Mapping[str, bytes], now: float) -> None:
        super().retarget(target, now)
        self.wanted = target

    def next(self, now: float) -> PlainStep | None:
        step, gone = super().next(now), tuple(sorted(self.gone()))
        if step is not None or gone:
            self._step = PlainStep(puts=step.puts if step is not None else {}, removes=gone)
        return self._step

    def written(self, now: float) -> None:
        if self._step is not None:
            self.there = self.there.union(self._step.puts).difference(self._step.removes)
        super().written(now)

    def gone(self) -> set[str]:
        return self.there - self.wanted.keys()


FULL = FilesError("/srv/current/a", "the disk is full", mend="free some space")
