"""A folder of manifests, or one file of them, watched.

It reads a file when it may have changed, and hands what it said to `settling`, which decides when that is believed.
Looks at the whole tree are rare: a change of a file that is known already is read without one.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from legation.clock import Clock, MonotonicClock
from legation.errors import SourceError
from legation.model.objects import FieldPath, Place
from legation.model.problems import Level, Problem
from legation.sources import folder_watch
from legation.sources.base import Inputs
from legation.sources.folder_watch import FolderWatch, Listen
from legation.sources.manifests import Reading, read_text, unreadable
from legation.sources.settling import Settling
from legation.sources.tree import File, Identity, Stamp, Tree, is_manifest, reason, stamp, walk

_BIG = 1_000_000
"""Bytes above which a file is parsed in a thread, so that nobody waits for it."""
_LOOK_AGAIN = 10.0
"""Seconds after which the tree is looked at though nothing was heard: a network's file system says nothing."""
_POLL = 1.0
"""The same, when changes cannot be heard."""


class DirectorySource:
    """Every `*.yaml`, `*.yml` and `*.json` below a folder; names that begin with a dot are left out."""

    def __init__(self, path: str | Path, *, clock: Clock | None = None, listen: Listen = folder_watch.listen) -> None:
        """Make a source that reads nothing yet.

        Args:
            path: The folder, or a single file.
            clock: What the quiet after a doubted change is measured by.
            listen: How to hear of changes.
        """
        self._path = str(Path(path))
        self._clock = clock or MonotonicClock()
        self._listen = listen
        self._tree = Tree()
        self._home: Identity | None = None
        """The folder in which what is held was seen, as long as nothing happened to the folder itself."""
        self._stamps: dict[str, Stamp] = {}
        self._settling = Settling()
        self._troubles: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        """A short name for logs and problems."""
        return f"directory {self._path}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Nothing more than that it has not loaded."""
        return ()

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        """Return where the field stands now of the object that was given that place, or the place itself."""
        return None if place is None else self._settling.locate(place, path)

    async def run(self, inputs: Inputs) -> None:
        """Publish what the files say, and every change of it, until cancelled.

        Raises:
            SourceError: The path does not exist or cannot be read at the start.
        """
        tree, _ = await asyncio.to_thread(_look_at, self._path)
        why = tree.closed.get(self._path)
        if why:
            raise SourceError(self.name, f"{why} (create it, or name another folder)")
        async with asyncio.TaskGroup() as group:
            watch = FolderWatch(group=group, clock=self._clock, listen=self._listen)
            changed: frozenset[str] = frozenset()
            look, first = True, True
            while True:
                again = look and await self._look(watch)
                await self._read(changed, everywhere=look)
                self._publish(inputs, watch, first=first)
                first = False
                changed = await watch.wait(until=self._clock.now() if again else self._deadline(watch))
                look = again or not changed or self._needs_look(changed)
                if self._tree.root in changed:
                    # A folder that is made where one was removed may get the same inode.
                    self._home = None

    async def _look(self, watch: FolderWatch) -> bool:
        """Look at the tree. Return whether it is to be looked at again: something could have gone unheard."""
        self._tree, watched = await asyncio.to_thread(_look_at, self._path)
        if self._tree.files or not self._settling.files or self._tree.home is None:
            self._home = self._tree.home
        return await watch.follow(watched)

    @property
    def _emptied(self) -> bool:
        """Whether an empty folder took the place of the one that was read: a mount that went, a checkout that begins.

        Nobody deleted files there one by one, so nothing goes until a manifest shows that the new folder is in use.
        """
        return not self._tree.files and self._tree.home not in {None, self._home} and bool(self._settling.files)

    def _needs_look(self, changed: Collection[str]) -> bool:
        """Say whether a change may be more than a known file with another content."""
        known = self._tree.real_files
        return any(
            not _is_file(path) if path in known else path in self._tree.ways or _is_news(path, self._tree)
            for path in changed
        )

    async def _read(self, changed: Collection[str], *, everywhere: bool) -> None:
        for file in self._candidates(changed, everywhere=everywhere):
            self._settling.take(file.shown, await self._read_file(file), now=self._clock.now())
            await asyncio.sleep(0)  # the Envoys have a turn between any two of many files
        if everywhere:
            for name in self._settling.files - self._tree.files.keys():
                if self._emptied or any(name == it or name.startswith(it + "/") for it in self._tree.closed):
                    self._settling.keep(name)
                else:
                    self._stamps.pop(name, None)
                    self._settling.take(name, None, now=self._clock.now())

    def _candidates(self, changed: Collection[str], *, everywhere: bool) -> Iterator[File]:
        doubted = self._settling.doubted
        for name, file in self._tree.files.items():
            if (
                file.real in changed
                or name in doubted
                or (everywhere and (file.stamp is None or file.stamp != self._stamps.get(name)))
            ):
                yield file

    async def _read_file(self, file: File) -> Reading | None:
        """Return what the file says; None if it is gone."""
        self._stamps.pop(file.shown, None)
        if file.stamp is None:
            return _unreadable(file, file.why)
        try:
            content, self._stamps[file.shown] = _content(file.real)
            text = content.decode("utf-8-sig")
        except FileNotFoundError:
            return None
        except OSError as error:
            return _unreadable(file, reason(error))
        except UnicodeDecodeError as error:
            return _unreadable(file, f"it is not UTF-8 text (byte {error.start + 1})")
        earlier = self._settling.earlier(file.shown)
        if len(content) > _BIG:
            return await asyncio.to_thread(read_text, text, file=file.shown, earlier=earlier)
        return read_text(text, file=file.shown, earlier=earlier)

    def _publish(self, inputs: Inputs, watch: FolderWatch, *, first: bool) -> None:
        troubles = tuple(self._besides(watch))
        settled = self._settling.settle(self._clock.now())
        if settled or first or troubles != self._troubles:
            self._troubles = troubles
            inputs.publish(self._settling.state(troubles))

    def _besides(self, watch: FolderWatch) -> Iterator[Problem]:
        for folder, why in self._tree.closed.items():
            message = f"this cannot be read: {why}; what was read from it before stays in use"
            mend = "bring it back; objects go only when their file does"
            yield Problem(code="unreadable-folder", message=message, mend=mend, place=Place(folder))
        if self._emptied:
            message = (
                "the folder itself was replaced or changed, and holds no manifest now; "
                "what was read from it before stays in use"
            )
            mend = "put a manifest into it; to delete all objects, one with only a comment"
            yield Problem(code="empty-folder", message=message, mend=mend, place=Place(self._path))
        if watch.failure:
            message = f"changes cannot be heard, so they are looked for once a second: {watch.failure}"
            mend = "raise the limits fs.inotify.max_user_watches and fs.inotify.max_user_instances"
            place = Place(self._path)
            yield Problem(code="not-watched", message=message, mend=mend, level=Level.WARNING, place=place)

    def _deadline(self, watch: FolderWatch) -> float:
        settled = self._settling.deadline()
        unheard = watch.failure or self._tree.closed or self._emptied
        look = self._clock.now() + (_POLL if unheard else _LOOK_AGAIN)
        return look if settled is None else min(look, settled)


def _look_at(path: str) -> tuple[Tree, Mapping[str, Identity]]:
    """Look at the tree, in a thread: a big one takes its time, and a mount that hangs must not stop the serving."""
    tree = walk(path)
    return tree, tree.watched()


def _content(path: str) -> tuple[bytes, Stamp]:
    # Without O_NONBLOCK a pipe that took the file's place would block for good.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        status = os.fstat(opened.fileno())
        return opened.read(), stamp(status)


def _unreadable(file: File, why: str) -> Reading:
    mend = "mend it or delete it; what it held before stays in use"
    return unreadable(file.shown, message=f"the file cannot be read: {why}", mend=mend)


def _is_file(path: str) -> bool:
    """Say whether there is a regular file, not a link to one."""
    try:
        return stat.S_ISREG(Path(path).lstat().st_mode)
    except OSError:
        return False


def _is_news(path: str, tree: Tree) -> bool:
    """Say whether a path that no file or link of the tree has may be one now, or a folder."""
    if path in tree.folders:
        return True
    folder, _, name = path.rpartition("/")
    if folder not in tree.folders or name.startswith("."):
        return False
    return is_manifest(name) or Path(path).is_dir()
