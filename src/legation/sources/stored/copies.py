"""Readable files of what is stored, for people: `objects/<namespace>/<kind>.<group>/<name>.yaml`.

Nobody reads them back: the journal is the truth.
They follow what is kept as fast as that costs little: an object that changes often is written once for all that.
What stands there already is known by its first line. A file is never seen half written. They give way to the journal:
where there is no room for it once more, no file is written.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

import yaml

from legation.clock import Clock
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.stored import StoredObject
from legation.sources.stored.thread import OwnThread
from legation.sources.stored.troubles import reason_of, uncopied

FOLDER = "objects"
_AT_ONCE = 50
"""Files between two pauses."""
_SHARE = 4
"""How many times as long as it writes it pauses."""
_AFTER_TROUBLE = 10.0
"""Seconds until it is tried again."""
_LONGEST = 200
"""Letters of a part of a path; file systems take 255 bytes, and something is put behind it."""


class Copies:
    """The files of all objects that are kept."""

    def __init__(
        self,
        folder: Path,
        *,
        kept: Mapping[ObjectKey, StoredObject],
        clock: Clock,
        spared: Callable[[], int],
        trouble_changed: Callable[[], None],
    ) -> None:
        """Take the parts; nothing is written yet.

        Args:
            folder: Where the folder of files is made.
            kept: What is kept; it goes on changing.
            clock: Paces the writing.
            spared: Tells how many bytes on the disk others may need.
            trouble_changed: Called when `problem` has changed.
        """
        self._folder = folder / FOLDER
        self._kept = kept
        self._clock = clock
        self._spared = spared
        self._trouble_changed = trouble_changed
        self._stale: dict[ObjectKey, None] = {}
        """What is to be written or deleted, the oldest first."""
        self._wanted = asyncio.Event()
        self.problem: Problem | None = None
        """That they could not be written when that was last tried."""

    def note(self, key: ObjectKey) -> None:
        """Note that an object has changed."""
        self._stale[key] = None
        self._wanted.set()

    async def run(self) -> None:
        """Write until cancelled."""
        thread = OwnThread("stored-files")
        try:
            self._stale.update(dict.fromkeys(self._kept))
            paths = {self._folder / path_of(key) for key in self._kept}
            await self._try(thread, lambda: _sweep(self._folder, paths))
            while True:
                if self._stale:
                    await self._write_some(thread)
                else:
                    self._wanted.clear()
                    await self._wanted.wait()
        finally:
            thread.end()

    async def _write_some(self, thread: OwnThread) -> None:
        begun = self._clock.now()
        keys = [key for key, _ in zip(self._stale, range(_AT_ONCE), strict=False)]
        for key in keys:
            del self._stale[key]
        wanted = [(key, self._kept.get(key)) for key in keys]
        spared = self._spared()
        done = await self._try(thread, lambda: _write(self._folder, wanted, spared=spared))
        if not done:
            self._stale.update(dict.fromkeys(keys))
        now = self._clock.now()
        await self._clock.sleep_until(now + (_SHARE * (now - begun) if done else _AFTER_TROUBLE))

    async def _try(self, thread: OwnThread, call: Callable[[], None]) -> bool:
        """Return whether it worked."""
        problem = None
        try:
            await thread.run(call)
        except (OSError, yaml.YAMLError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else "legation itself fails on one of them"
            problem = uncopied(str(self._folder), reason)
        if problem != self.problem:
            self.problem = problem
            self._trouble_changed()
        return problem is None


def path_of(key: ObjectKey) -> Path:
    """Return where the file of an object is, below the folder of all files."""
    kind = f"{key.kind}.{key.group}" if key.group else key.kind
    return Path(_fit(key.namespace), _fit(kind), f"{_fit(key.name)}.yaml")


def text_of(stored: StoredObject) -> str:
    """Return what stands in the file of an object."""
    shown = yaml.dump(stored.body, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return _first_line(stored) + shown


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, _data: object) -> bool:
        return True


def _first_line(stored: StoredObject) -> str:
    return f"# version {stored.resource_version}, written for people to read: what is changed here is lost\n"


def _fit(part: str) -> str:
    if len(part) <= _LONGEST:
        return part
    return f"{part[:_LONGEST]}-{sha256(part.encode()).hexdigest()[:16]}"


def _sweep(folder: Path, wanted: set[Path]) -> None:
    """Delete the files of objects that are not there any more, and what was written half."""
    for path in (*folder.glob("*/*/*.yaml"), *folder.glob("*/*/.*.new")):
        if path not in wanted:
            path.unlink(missing_ok=True)


def _write(folder: Path, wanted: Iterable[tuple[ObjectKey, StoredObject | None]], *, spared: int) -> None:
    for key, stored in wanted:
        path = folder / path_of(key)
        if stored is None:
            path.unlink(missing_ok=True)
        elif not _is_there(path, stored):
            text = text_of(stored).encode()
            _look_for_room(folder.parent, len(text) + spared)
            for each in (folder, path.parent.parent, path.parent):
                each.mkdir(mode=0o700, exist_ok=True)
            _put(path, text)


def _put(path: Path, text: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _look_for_room(folder: Path, size: int) -> None:
    found = os.statvfs(folder)
    # Some file systems do not know their size.
    if found.f_blocks and found.f_bavail * found.f_frsize < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_there(path: Path, stored: StoredObject) -> bool:
    line = _first_line(stored).encode()
    try:
        with path.open("rb") as file:
            return file.read(len(line)) == line
    except OSError:
        return False
