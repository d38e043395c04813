"""A disk that does what a test says."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from pathlib import Path

from legation.errors import FilesError
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


FULL = FilesError("/srv/current/a", "the disk is full", mend="free some space")
