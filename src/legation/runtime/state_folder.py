"""The state folder: named JSON records that outlive the program, in one journal that only its owner can read.

A journal is lines of JSON: a head with the version of the format, then one line for each change. A change appends a
line; when most lines or most bytes are out of date the journal is written anew beside itself and put in place by a
rename. What the records say may be secret: no message here shows a record or its name.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from legation.errors import SettingsError
from legation.model.objects import Place
from legation.model.problems import Level, Problem

JOURNAL = "state.jsonl"
_HEAD = {"format": 1}
_SLACK = 1000
"""Lines out of date that a journal may always have; beyond these, as many as lines that count."""
_SLACK_BYTES = 1 << 24
"""Bytes out of date that a journal may always have; beyond these, three times as many as bytes that count."""


class StateFolder:
    """Named JSON records in a folder. All methods wait for the disk: call them in a thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = folder / JOURNAL
        self._aside = self._journal.with_suffix(".damaged")
        self._records: dict[str, Any] = {}
        """What the journal says, to write it anew from."""
        self._lines = 0
        self._bytes = 0
        self._counting: dict[str, int] = {}
        """The bytes of the line of each record."""
        self._unsaved: dict[str, Any] = {}
        self._is_stale = False
        """Whether the journal is to be written anew before anything is appended to it."""
        self._is_damaged = False
        """Whether it is kept aside then."""

    def load(self) -> tuple[Mapping[str, Any], tuple[Problem, ...]]:
        """Return every record, and what could not be read. A damaged journal is set aside; what can be read is kept.

        A journal that can be read and not be written anew now is as good: `save` tries again.

        Raises:
            SettingsError: The folder cannot be made or read, or there is no journal and none can be written.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines = self._read_lines()
            self._records, self._is_damaged = _parse(lines)
            problems = (self._damage(),) if self._is_damaged else ()
            self._is_stale = True
            with suppress(OSError) if lines else nullcontext():
                self._write_anew(self._records)
        except OSError as error:
            message = f"{self.folder}: {error.strerror}; give a folder that this program may write"
            raise SettingsError("state_dir", message) from error
        return dict(self._records), problems

    def save(self, changes: Mapping[str, Any]) -> None:
        """Save records by name; None takes one away. They are on the disk when it returns.

        A journal that somebody deleted is written anew, with all records.

        Raises:
            OSError: The disk did not take them; the next call tries again with these too.
        """
        self._unsaved.update(changes)
        if not self._unsaved:
            return
        sizes = None if self._is_stale else self._append(self._unsaved)
        if sizes is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write_anew({**self._records, **self._unsaved})
        else:
            self._lines += len(self._unsaved)
            self._bytes += sum(sizes.values())
            self._records.update(self._unsaved)
            self._counting.update(sizes)
            for name in [name for name, value in self._unsaved.items() if value is None]:
                del self._records[name], self._counting[name]
        self._unsaved = {}
        many_lines = self._lines > 2 * len(self._records) + _SLACK
        if many_lines or self._bytes > 4 * sum(self._counting.values()) + _SLACK_BYTES:
            self._write_anew(self._records)

    def _append(self, changes: Mapping[str, Any]) -> dict[str, int] | None:
        """Write the changes. Returns the bytes of each; None where there is no journal."""
        # All of them before the first is written: one that JSON cannot say must leave no others behind.
        lines = [*map(_line, changes.items())]
        try:
            descriptor = os.open(self._journal, os.O_WRONLY | os.O_APPEND)
        except FileNotFoundError:
            return None
        try:
            size = os.fstat(descriptor).st_size
            try:
                _write(descriptor, lines)
            except OSError:
                os.ftruncate(descriptor, size)  # half a line would spoil the next one
                raise
        finally:
            os.close(descriptor)
        return {name: len(line) for name, line in zip(changes, lines, strict=True)}

    def _read_lines(self) -> list[bytes]:
        return self._journal.read_bytes().splitlines(keepends=True) if self._journal.exists() else []

    def _write_anew(self, records: Mapping[str, Any]) -> None:
        """Replace the journal by one without lines out of date: after a crash there is the old one or the new one."""
        records = {name: value for name, value in records.items() if value is not None}
        beside = self._journal.with_suffix(".new")
        beside.unlink(missing_ok=True)
        lines = [*map(_line, records.items())]
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(descriptor, [json.dumps(_HEAD).encode() + b"\n", *lines])
        except OSError:
            beside.unlink()  # it takes room that others need
            raise
        finally:
            os.close(descriptor)
        if self._is_damaged:
            self._journal.replace(self._aside)
        beside.replace(self._journal)
        _sync_folder(self.folder)
        self._is_stale = self._is_damaged = False
        self._records, self._lines = records, len(records)
        self._counting = {name: len(line) for name, line in zip(records, lines, strict=True)}
        self._bytes = sum(self._counting.values())

    def _damage(self) -> Problem:
        return Problem(
            code="damaged-state",
            level=Level.WARNING,
            place=Place(str(self._journal)),
            message="a part of what was remembered cannot be read, and is forgotten",
            mend=f"the damaged file is kept as {self._aside.name}; delete it when you do not need it",
        )


def _parse(lines: Iterable[bytes]) -> tuple[dict[str, Any], bool]:
    """Return the records that the lines of a journal add up to, and whether a part of it is damaged."""
    lines = list(lines)
    if not lines:
        return {}, False
    if _value(lines[0]) != _HEAD:
        return {}, True
    records: dict[str, Any] = {}
    damaged = False
    for line in lines[1:]:
        change = _value(line)
        if not (isinstance(change, list) and len(change) == 2 and isinstance(change[0], str)):
            damaged = True
        elif change[1] is None:
            records.pop(change[0], None)
        else:
            records[change[0]] = change[1]
    return records, damaged


def _value(line: bytes) -> Any:
    """Return the JSON of a line; None where it is no JSON or has no end."""
    try:
        return json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        return None


def _line(change: tuple[str, Any]) -> bytes:
    # What is a Mapping and no dict is written as one.
    return json.dumps(change, separators=(",", ":"), default=dict).encode() + b"\n"


def _write(descriptor: int, lines: Iterable[bytes]) -> None:
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.writelines(lines)
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
