"""What the tests of stored objects share: short objects, and a disk that fails and forgets as disks do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from legation.model.objects import ObjectKey
from legation.model.stored import Change, Owner, StoredObject
from legation.sources.stored.disk import FolderInUse
from legation.sources.stored.store import StoredObjects
from tests.unit.sources.rig import PATIENCE, Recorder, running

MOMENT = "2026-01-02T03:04:05Z"


def thing(name: str, spec: Any = None, *, namespace: str = "default", **metadata: Any) -> dict[str, Any]:
    """Return a manifest."""
    whose = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": "bootes.io/v1", "kind": "Thing", "metadata": whose, "spec": {} if spec is None else spec}


def key(name: str, namespace: str = "default") -> ObjectKey:
    """Return the key of such an object."""
    return ObjectKey("bootes.io", "Thing", namespace, name)


def stored(name: str, revision: int, spec: Any = None) -> StoredObject:
    """Return such an object as it is kept."""
    body = thing(name, spec, uid=f"uid-{name}", resourceVersion=str(revision), generation=1, creationTimestamp=MOMENT)
    owner = Owner(manager="me", api_version="bootes.io/v1", time=MOMENT, fields={"spec": {}})
    return StoredObject(key=key(name), body=body, owners=(owner,))


def put(name: str, revision: int, spec: Any = None) -> Change:
    """Return the change that stores it."""
    return Change(revision=revision, key=key(name), stored=stored(name, revision, spec))


def gone(name: str, revision: int) -> Change:
    """Return the change that deletes it."""
    return Change(revision=revision, key=key(name), stored=None)


def specs(objects: Sequence[StoredObject]) -> dict[str, Any]:
    """Return what objects say, by name."""
    return {each.key.name: each.body["spec"] for each in objects}


async def soon(condition: Callable[[], bool]) -> None:
    """Return when a condition holds, however long others take."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what it looks at is announced to nobody
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def a_store(folder: Path, **parts: Any) -> AsyncIterator[tuple[StoredObjects, Recorder]]:
    """Run a store."""
    store = StoredObjects(folder, unix_time=lambda: 1767323045.0, **parts)
    async with running(store) as recorder:
        yield store, recorder


class File:
    """A file: what whoever reads it sees, and what there would be after a power failure."""

    def __init__(self, content: bytes = b"") -> None:
        self.seen = bytearray(content)
        self._synced = len(content)
        self._lost: list[range] = []

    def sync(self) -> None:
        self._synced = len(self.seen)

    def lose(self) -> None:
        """Drop what is not synced yet: nobody is told of it again."""
        self._lost.append(range(self._synced, len(self.seen)))

    def cut(self, size: int) -> None:
        del self.seen[size:]
        self._synced = size
        self._lost = [range(each.start, min(each.stop, size)) for each in self._lost if each.start < size]

    def after_power_failure(self, more: int = 0) -> bytes:
        """Return what is left, with so many bytes of what was written and not synced."""
        left = bytearray(self.seen[: self._synced + more])
        for each in self._lost:
            for position in each:
                if position < len(left):
                    left[position] = 0
        return bytes(left)


class FakeDisk:
    """Fulfils `Disk` in memory. `fails` says what fails when it is asked for next."""

    def __init__(self, content: bytes = b"") -> None:
        self.file = File(content)
        self.anew: File | None = None
        self.aside: dict[str, bytes] = {}
        self.fails: Callable[[str], bool] = lambda _call: False
        self.calls: list[str] = []
        self.is_locked = False
        self.was_deleted = False
        self.was_taken = False

    def open(self) -> bytes:
        if self.is_locked:
            raise FolderInUse
        self._do("open")
        self.is_locked = True
        return bytes(self.file.seen)

    def write(self, data: bytes) -> None:
        try:
            self._do("write")
        except OSError:
            self.file.seen += data[: len(data) // 2]
            raise
        self.file.seen += data

    def sync(self) -> None:
        try:
            self._do("sync")
        except OSError:
            self.file.lose()
            raise
        self.file.sync()

    def cut(self, size: int) -> None:
        self._do("cut")
        self.file.cut(size)

    def is_there(self) -> bool:
        if self.was_taken:
            raise FolderInUse("another process keeps objects in this folder")
        return not self.was_deleted

    def begin_anew(self) -> None:
        self._do("begin_anew")
        self.anew = File()

    def write_anew(self, data: bytes) -> None:
        assert self.anew is not None
        self._do("write_anew")
        self.anew.seen += data
        self.anew.sync()

    def put_anew(self, *, aside: str = "") -> None:
        assert self.anew is not None
        self._do("put_anew")
        if aside:
            self.aside[aside] = bytes(self.file.seen)
        self.file, self.anew, self.was_deleted = self.anew, None, False

    def close(self) -> None:
        self.is_locked = False

    def _do(self, call: str) -> None:
        self.calls.append(call)
        if self.fails(call):
            raise OSError(5, "Input/output error")
