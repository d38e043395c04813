"""What a journal adds up to after the program ended, however it did. Pure.

The end may be torn, and is cut off: nobody was told that it is kept. What is damaged in front of something that is
sound is lost, and said; what can be read still counts, for each line tells objects as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from legation.model.objects import ObjectKey
from legation.model.stored import Change, StoredObject
from legation.sources.stored.history import History
from legation.sources.stored.journal_format import FORMAT, Line, changes_of, read_line, stored_of


class UnknownFormat(Exception):
    """The journal was written by a program that knows another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What there is, and how sound the journal is."""

    objects: Mapping[ObjectKey, StoredObject] = field(repr=False)
    history: History = field(repr=False)
    """The last changes, as far as they are known without a gap."""
    sound: int
    """How many bytes of it count; what is behind them is to be cut off."""
    damaged: tuple[int, ...] = ()
    """The lines, counted from 1, that were promised to somebody and cannot be read, or in front of which some lack."""
    cut: int = 0
    """The first of the whole lines at the end that cannot be read; 0 where there are none."""

    @property
    def revision(self) -> int:
        """The number of the last change."""
        return self.history.newest

    @property
    def is_sound(self) -> bool:
        """Whether nothing may be lost that was promised."""
        return not self.damaged and not self.cut


def recover(journal: bytes, *, begin: int = 0) -> Recovered:
    """Return what a journal adds up to.

    Args:
        journal: All that stands in it.
        begin: The revision to begin with where there is none.

    Raises:
        UnknownFormat: It is not of a format that is known here.
    """
    *texts, _ = journal.split(b"\n")
    reading = _Reading(texts, begin=0 if journal else begin)
    sound = position = 0
    for number, text in enumerate(texts, 1):
        reading.take(read_line(text), number, size=len(text))
        if reading.is_torn:
            break
        position += len(text) + 1
        if not reading.broken:
            sound = position
    reading.end()
    cut = 0 if reading.is_torn else reading.broken
    history = reading.history
    if cut or reading.damaged[:1] == [1]:
        # What cannot be read may have been promised: no number of it is given twice. No change is shorter than a byte.
        newest = max([history.newest, *(int(each.resource_version) for each in reading.objects.values())])
        history = History(newest + len(journal))
    return Recovered(
        objects=reading.objects,
        history=history,
        sound=sound,
        damaged=tuple(reading.damaged),
        cut=cut,
    )


class _Reading:
    """What the lines so far add up to."""

    def __init__(self, texts: Sequence[bytes], *, begin: int) -> None:
        self.objects: dict[ObjectKey, StoredObject] = {}
        self.history = History(begin)
        self.damaged: list[int] = []
        self.broken = 0
        """The first of the lines just before this one that cannot be read; 0 for none."""
        self.is_torn = False
        """Whether nothing of what follows was ever promised to anybody."""
        self._texts = texts
        self._lacking = 0
        """How many objects are still to come behind the head."""

    @cached_property
    def _durable(self) -> int:
        """The last revision that any line says was on the disk. It is asked for only where a line is broken."""
        return max((line.durable for line in map(read_line, self._texts) if line is not None), default=0)

    @property
    def _next(self) -> int:
        return self.history.newest + 1

    def take(self, line: Line | None, number: int, *, size: int) -> None:
        """Take the next line.

        Args:
            line: What it says; None if it cannot be read.
            number: Its number, from 1.
            size: Its bytes.

        Raises:
            UnknownFormat: It is the head, and of another format.
        """
        if number == 1 and (line is None or line.format is None):
            self.damaged.append(number)
        if line is None:
            self.broken = self.broken or number
        elif line.format is not None:
            self._take_head(line, number)
        elif line.object is not None:
            stored = stored_of(line.object)
            self.objects[stored.key] = stored
            self._lacking -= 1
        else:
            self._take_transaction(line, number, size=size)

    def end(self) -> None:
        """Say what lacks at the end."""
        if self._lacking > 0:
            # These were there before the journal was put in its place: no end that is torn.
            self._note_damage(self.broken or 1)
            self.broken = 0

    def _take_head(self, line: Line, number: int) -> None:
        if line.format != FORMAT:
            raise UnknownFormat
        if number == 1:
            self.history, self._lacking = History(line.revision), line.objects
        else:
            self.broken = self.broken or number

    def _take_transaction(self, line: Line, number: int, *, size: int) -> None:
        if self.broken or line.revision != self._next or self._lacking > 0:
            if self.broken and self._lacking <= 0 and self._durable < self._next:
                self.is_torn = True
                return
            self._note_damage(self.broken or number)
            if line.revision < self._next:
                return
            self.history, self._lacking = History(line.revision - 1), 0
        self.broken = 0
        changes: list[Change] = []
        for change in changes_of(line, self.objects):
            if change.stored is None:
                self.objects.pop(change.key, None)
            else:
                self.objects[change.key] = change.stored
            changes.append(change)
        self.history.add(changes, size=size)

    def _note_damage(self, number: int) -> None:
        if number not in self.damaged:
            self.damaged.append(number)
