"""The journal on the disk: appended to, written anew bit by bit when most of it is out of date, mended after failures.

All methods wait for the disk: call them in one thread. What `append` returned of is kept, whatever happens; what it
refused is not there, or it says that this is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice

from legation.model.objects import ObjectKey
from legation.model.stored import Change, StoredObject
from legation.sources.stored.disk import Disk, FolderInUse
from legation.sources.stored.journal_format import head_line, object_line, transaction_line
from legation.sources.stored.recovering import Recovered, recover

SLACK = 1 << 24
"""Bytes out of date that a journal may always have; beyond these, three times as many as bytes that count."""
_SLICE = 200
"""Objects that are written between two appends while the journal is written anew."""


class PerhapsKept(OSError):
    """The disk failed, and what it was asked to keep may be there or not when the journal is read next."""


class Journal:
    """One journal."""

    def __init__(self, disk: Disk, *, slack: int = SLACK, first_revision: int = 1) -> None:
        self._disk = disk
        self._begin = first_revision - 1
        self._slack = slack
        self._size = 0
        """Bytes of it that are on the disk for sure."""
        self.is_suspect = True
        """Whether what stands there is not to be appended to before it is written anew."""
        self._aside = ""
        """The name that the one there is to be kept under when it is written anew, for it is damaged."""
        self._sizes: dict[ObjectKey, int] = {}
        """About how many bytes of it tell of each object."""
        self._counting = 0
        """Their sum."""
        self._anew: _Anew | None = None
        self.obstacle: OSError | None = None
        """Why nothing could be appended to it when it was opened."""
        self.syncs = 0
        """How often the disk was waited for."""
        self.written = 0
        """Bytes that went to it."""

    @property
    def size(self) -> int:
        """Bytes of it that are on the disk for sure."""
        return self._size

    def open(self) -> Recovered:
        """Read the journal, and mend it: then it can be appended to. A damaged one is kept aside.

        One that is read and cannot be mended now has an `obstacle`.

        Raises:
            OSError: It cannot be read, or there is none and none can be made.
            FolderInUse: Another process has it.
            UnknownFormat: It is of a newer program.
        """
        data = self._disk.open()
        found = recover(data, begin=self._begin)
        self._size = found.sound
        self._aside = "" if found.is_sound else aside_name(found.revision)
        self._sizes = {key: len(object_line(each)) for key, each in found.objects.items()}
        self._counting = sum(self._sizes.values())
        try:
            if found.sound and found.is_sound:
                self._disk.cut(found.sound)
                self.is_suspect = False
            else:
                self._write_anew(found.objects, found.revision)
        except FolderInUse:
            raise
        except OSError as error:
            if not data:
                raise
            self.obstacle = error
        return found

    def mend(self, kept: Mapping[ObjectKey, StoredObject], *, revision: int) -> None:
        """Write it anew if what stands there is not to be trusted, or if somebody deleted it.

        Args:
            kept: All objects, as they are kept.
            revision: The number of the last change.

        Raises:
            OSError: The disk does not take it, or another process has the folder.
        """
        if not self._disk.is_there() or self.is_suspect:
            self._anew = None
            self.is_suspect = True
            self._write_anew(kept, revision)

    def append(
        self, transactions: Sequence[Sequence[Change]], *, kept: Mapping[ObjectKey, StoredObject], durable: int
    ) -> Sequence[int]:
        """Append transactions, each of them all or nothing; they are on the disk when it returns.

        Args:
            transactions: The changes of each.
            kept: All objects as they are without these.
            durable: The revision of the last change without these.

        Returns:
            How many bytes each of them takes.

        Raises:
            OSError: None of them is kept.
            PerhapsKept: That is not known.
        """
        self.mend(kept, revision=durable)
        lines = [transaction_line(each, durable=durable) for each in transactions]
        data = b"".join(lines)
        try:
            self.written += len(data)
            self._disk.write(data)
        except OSError as error:
            self._give_back()
            if self.is_suspect:
                raise PerhapsKept(*error.args) from error
            raise
        try:
            self.syncs += 1
            self._disk.sync()
        except OSError as error:
            # The system may have dropped what it could not write, and says so only once: nothing that stands there is
            # trusted any more. Source: https://wiki.postgresql.org/wiki/Fsync_Errors
            self._give_back()
            self.is_suspect = True
            raise PerhapsKept(*error.args) from error
        self._size += len(data)
        self._count(transactions, lines)
        if self._anew is not None:
            self._anew.tail += lines
        return [*map(len, lines)]

    @property
    def is_due(self) -> bool:
        """Whether it is to be written anew, or is being so: `step` goes on with that."""
        return self._anew is not None or self._size > 4 * self._counting + self._slack

    def step(self, kept: Mapping[ObjectKey, StoredObject], *, revision: int) -> None:
        """Go on with writing it anew, for a short while.

        Args:
            kept: All objects, as they are on the disk.
            revision: The number of the last change.

        Raises:
            OSError: It cannot be written anew now; the old one goes on.
        """
        try:
            self._step(kept, revision)
        except OSError:
            self._anew = None
            # Not at once again: when it has grown as much once more.
            self._slack += max(self._slack, self._counting)
            raise

    def _step(self, kept: Mapping[ObjectKey, StoredObject], revision: int) -> None:
        if self._anew is None:
            self._disk.begin_anew()
            self._anew = _Anew(kept, revision)
        data = b"".join(islice(self._anew.lines, _SLICE))
        if data:
            self._put(data)
            self._anew.size += len(data)
            return
        tail = b"".join(self._anew.tail)
        self._put(tail)
        # If this fails nobody knows which of both is there.
        self.is_suspect = True
        self._disk.put_anew()
        self.is_suspect = False
        self._size = self._anew.size + len(tail)
        self._anew = None

    def close(self) -> None:
        """Let it go."""
        self._disk.close()

    def _write_anew(self, objects: Mapping[ObjectKey, StoredObject], revision: int) -> None:
        anew = _Anew(objects, revision)
        self._disk.begin_anew()
        data = b"".join(anew.lines)
        self._put(data)
        self._disk.put_anew(aside=self._aside)
        self._size, self._aside = len(data), ""
        self.is_suspect = False

    def _put(self, data: bytes) -> None:
        """Write to the one that is written anew."""
        self.syncs += 1
        self.written += len(data)
        self._disk.write_anew(data)

    def _give_back(self) -> None:
        """Take away what was not written whole, or mark that it cannot be."""
        self._anew = None
        self.is_suspect = True
        with suppress(OSError):
            self._disk.cut(self._size)
            self.is_suspect = False

    def _count(self, transactions: Iterable[Sequence[Change]], lines: Iterable[bytes]) -> None:
        for changes, line in zip(transactions, lines, strict=True):
            share = len(line) // len(changes)
            for change in changes:
                self._counting -= self._sizes.pop(change.key, 0)
                if change.stored is not None:
                    self._sizes[change.key] = share
                    self._counting += share


class _Anew:
    """A journal that is being written beside the old one."""

    def __init__(self, objects: Mapping[ObjectKey, StoredObject], revision: int) -> None:
        self.lines: Iterator[bytes] = _lines(list(objects.values()), revision)
        self.tail: list[bytes] = []
        """What was appended to the old one since."""
        self.size = 0


def _lines(objects: Sequence[StoredObject], revision: int) -> Iterator[bytes]:
    yield head_line(revision=revision, objects=len(objects))
    yield from map(object_line, objects)


def aside_name(revision: int) -> str:
    """Return the name that a damaged journal is kept under."""
    return f"objects.damaged-{revision}"
