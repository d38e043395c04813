"""The folder of the journal, as a seam: what is asked of a disk, and the real one. It knows nothing of what is written.

Everything here waits for the disk. A journal is put in place by a rename, so that after a crash there is the old one or
the new one; what is appended is on the disk when `append` returns. Two locks keep a second process out: that of a file
beside the journal, and that of the journal itself, for people delete what they take for a leftover.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

JOURNAL = "objects.journal"
_LOCK = "objects.lock"
_sync = getattr(os, "fdatasync", os.fsync)
"""The size of a file is data too where the system tells both apart."""


class FolderInUse(OSError):
    """Another process has it, or has written there."""


class Disk(Protocol):
    """One journal, and one beside it that will take its place. Every method may raise an OSError."""

    def open(self) -> bytes:
        """Take the folder for this process alone, and return the journal; empty where there is none.

        One that can be read and no more is returned as well: to cut it off is refused then.

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
        """Say whether the journal is still where it was put.

        Raises:
            FolderInUse: That of another process is there, or another process has the folder.
        """
        ...

    def begin_anew(self) -> None:
        """Begin an empty journal beside the other.

        Raises:
            FolderInUse: As `is_there`.
        """
        ...

    def write_anew(self, data: bytes) -> None:
        """Write behind the end of that one; it is on the disk when it returns. If it fails that one is deleted."""
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
        self._lock_path = folder / _LOCK
        self._lock = self._file = self._new = -1
        self._obstacle: OSError | None = None
        """Why what `open` returned can be read and no more."""

    def open(self) -> bytes:
        """Make and lock the folder, and return the journal."""
        _make(self._folder)
        try:
            self._lock_folder()
            self._file = _open_alone(self._journal, os.O_RDWR | os.O_APPEND)
            # What a crash left behind takes room.
            self._beside.unlink(missing_ok=True)
        except FolderInUse:
            self.close()
            raise
        except FileNotFoundError:
            return b""
        except OSError as error:
            self._obstacle = error
            if self._file < 0:
                self._file = self._open_to_read(error)
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
        if self._obstacle is not None:
            raise self._obstacle
        os.ftruncate(self._file, size)
        os.fsync(self._file)

    def is_there(self) -> bool:
        """Look whether somebody deleted or replaced the file."""
        if not _is_at(self._lock_path, self._lock):
            # Whoever deletes the lock lets a second process in.
            _make(self._folder)
            self._lock_folder()
        if not self._journal.exists():
            return False
        if not _is_at(self._journal, self._file):
            words = "the journal was written by another process, or replaced, since this one has read it"
            raise FolderInUse(words)
        return True

    def begin_anew(self) -> None:
        """Make a new file, for its owner alone."""
        self._forget_new()
        self.is_there()
        self._beside.unlink(missing_ok=True)
        self._new = _open_alone(self._beside, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL)

    def write_anew(self, data: bytes) -> None:
        """Append to the new file, and wait for the disk."""
        with self._or_forget_new():
            _write(self._new, data)
            _sync(self._new)

    def put_anew(self, *, aside: str = "") -> None:
        """Rename it."""
        with self._or_forget_new():
            os.fsync(self._new)
            if aside:
                self._copy(self._folder / aside)
            self.is_there()
            self._beside.replace(self._journal)
        old, self._file, self._new = self._file, self._new, -1
        self._obstacle = None
        if old >= 0:
            os.close(old)
        _sync_names(self._folder)

    def close(self) -> None:
        """Close all files; the lock goes with them."""
        self._forget_new()
        for each in (self._file, self._lock):
            if each >= 0:
                os.close(each)
        self._file = self._lock = -1

    def _lock_folder(self) -> None:
        lock = _open_alone(self._lock_path, os.O_RDWR | os.O_CREAT)
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = lock

    def _open_to_read(self, refusal: OSError) -> int:
        """Open the journal of a disk that takes nothing: whoever cannot write cannot do harm either."""
        try:
            return os.open(self._journal, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # There is nothing to serve, and nothing will come.
            raise refusal from None

    def _copy(self, path: Path) -> None:
        # No link: some file systems have none. No rename: there must be a journal at every moment.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, self._journal.read_bytes())
            os.fsync(descriptor)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)

    @contextmanager
    def _or_forget_new(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._forget_new()
            raise

    def _forget_new(self) -> None:
        if self._new >= 0:
            os.close(self._new)
            self._new = -1
            # It takes room that others need.
            with suppress(OSError):
                self._beside.unlink()


def _make(folder: Path) -> None:
    """Make a folder for its owner alone, if it is not there; it is there after a power failure."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in missing:
        _sync_names(each.parent)


def _sync_names(folder: Path) -> None:
    """Return when it is on the disk what is in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_alone(path: Path, flags: int) -> int:
    """Open a file that no other process has open so."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise FolderInUse("another process keeps objects in this folder") from None
        raise
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    """Say whether it is that file which stands there."""
    if descriptor < 0:
        return False
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
