"""The folder of the journal, as a seam: what is asked of a disk, and the real one. It knows nothing of what is written.

Everything here waits for the disk. A journal is put in place by a rename, so that after a crash there is the old one or
the new one; what is appended is on the disk when `append` returns.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

JOURNAL = "objects.journal"
_LOCK = "objects.lock"
_sync = getattr(os, "fdatasync", os.fsync)
"""The size of a file is data too where the system tells both apart."""


class FolderInUse(Exception):
    """Another process has it."""


class Disk(Protocol):
    """One journal, and one beside it that will take its place. Every method may raise an OSError."""

    def open(self) -> bytes:
        """Take the folder for this process alone, and return the journal; empty where there is none.

        Raises:
            FolderInUse: Another process has it.
        """
        ...

    def write(self, data: bytes) -> None:
        """Write behind the end of the journal. It may be torn by a crash before it is synced."""
        ...

    def sync(self) -> None:
        """Return when all that was written is on the disk."""
        ...

    def cut(self, size: int) -> None:
        """Cut the journal off behind so many bytes, for good."""
        ...

    def is_there(self) -> bool:
        """Say whether the journal is still where it was put."""
        ...

    def begin_anew(self) -> None:
        """Begin an empty journal beside the other."""
        ...

    def write_anew(self, data: bytes) -> None:
        """Write behind the end of that one; it is on the disk when it returns."""
        ...

    def put_anew(self, *, aside: str = "") -> None:
        """Put that one in the place of the journal.

        Args:
            aside: The name that the old one is kept under; empty if it is not kept.
        """
        ...

    def close(self) -> None:
        """Let the folder go."""
        ...


class FolderDisk:
    """A folder that only its owner can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal = folder / JOURNAL
        self._beside = folder / f"{JOURNAL}.new"
        self._lock = self._file = self._new = -1

    def open(self) -> bytes:
        """Make and lock the folder, and return the journal."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock < 0:
            self._lock = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.close()
                raise FolderInUse from None
        try:
            self._file = os.open(self._journal, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        with os.fdopen(self._file, "rb", closefd=False) as file:
            return file.read()

    def write(self, data: bytes) -> None:
        """Append to the journal."""
        _write(self._file, data)

    def sync(self) -> None:
        """Wait for the disk."""
        _sync(self._file)

    def cut(self, size: int) -> None:
        """Shorten the journal, and wait for the disk."""
        os.ftruncate(self._file, size)
        os.fsync(self._file)

    def is_there(self) -> bool:
        """Look whether somebody deleted or replaced the file."""
        try:
            found = self._journal.stat()
        except FileNotFoundError:
            return False
        mine = os.fstat(self._file)
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def begin_anew(self) -> None:
        """Make a new file, for its owner alone."""
        self._forget_new()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._new = os.open(self._beside, flags, 0o600)

    def write_anew(self, data: bytes) -> None:
        """Append to the new file, and wait for the disk."""
        _write(self._new, data)
        _sync(self._new)

    def put_anew(self, *, aside: str = "") -> None:
        """Rename it."""
        os.fsync(self._new)
        if aside:
            self._copy(self._folder / aside)
        self._beside.replace(self._journal)
        old, self._file, self._new = self._file, self._new, -1
        if old >= 0:
            os.close(old)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Close all files; the lock goes with them."""
        self._forget_new()
        for each in (self._file, self._lock):
            if each >= 0:
                os.close(each)
        self._file = self._lock = -1

    def _copy(self, path: Path) -> None:
        # No link: some file systems have none. No rename: there must be a journal at every moment.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, self._journal.read_bytes())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _forget_new(self) -> None:
        if self._new >= 0:
            os.close(self._new)
            self._new = -1


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
