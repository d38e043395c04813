"""Waiting until something happens in one of some folders. What happened is looked up by who waits.

The only module that knows how a system tells. On Linux that is inotify: nothing runs while nothing happens, and a
change is told at once; the one debouncer is in the runtime. Elsewhere nothing is told, and who waits looks by itself.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import TypeAlias

from legation.clock import Clock
from legation.sources.tree import Identity

Listen: TypeAlias = Callable[[Collection[str]], AsyncIterator[Collection[str]]]
"""Listens to folders, without those below: sets of the paths that changed. Listening has begun when the iterator first
waits. Raises OSError when the system does not allow it."""


async def listen(folders: Collection[str]) -> AsyncIterator[Collection[str]]:
    """Listen by inotify."""
    if sys.platform != "linux":
        raise OSError("this system has no inotify")
    from asyncinotify import Inotify, Mask  # noqa: PLC0415 - it does not import elsewhere

    # Not MODIFY: a file that is being written is looked at when its writer has closed it.
    mask = Mask.CLOSE_WRITE | Mask.CREATE | Mask.DELETE | Mask.MOVE | Mask.ATTRIB | Mask.DELETE_SELF | Mask.MOVE_SELF
    with Inotify(cache_size=100) as inotify:
        for folder in folders:
            inotify.add_watch(folder, mask | Mask.ONLYDIR)
        async for event in inotify:
            # Without a path the queue ran over: anything may have happened.
            yield {str(event.path)} if event.path is not None else folders


class FolderWatch:
    """Collects the paths at which something happened.

    A set of folders is listened to anew when one joins, leaves or is replaced by another of the same name.
    """

    def __init__(self, *, group: asyncio.TaskGroup, clock: Clock, listen: Listen = listen) -> None:
        """Make one that listens to nothing yet.

        Args:
            group: Where its tasks live; they end when the group does.
            clock: What moments are measured by.
            listen: How to listen.
        """
        self._group = group
        self._clock = clock
        self._listen = listen
        self._folders: Mapping[str, Identity] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self.failure = ""
        """Why nothing can be listened to, in the system's words; empty if all is well."""

    async def follow(self, folders: Mapping[str, Identity]) -> bool:
        """Listen to these folders. Return whether it began just now: what happened before may have gone unheard."""
        if folders == self._folders and not self.failure:
            return False
        before, self.failure, self._folders = self._task, "", folders
        self._task = self._group.create_task(self._run(tuple(folders)))
        # One turn of the event loop, in which the new task begins to listen, and two in which the earlier one tells
        # what it still has to tell: that a folder was removed is seen by nothing else if another has its inode now.
        for _ in range(3):
            await asyncio.sleep(0)
        if before is not None:
            before.cancel()
        return not self.failure

    async def _run(self, folders: Collection[str]) -> None:
        try:
            async for changes in self._listen(folders):
                self._changed.update(changes)
                self._woken.set()
        except FileNotFoundError:
            # A folder went away since it was seen: whoever waits will see that, and name other folders.
            self._folders = {}
            self._woken.set()
        except OSError as error:
            self.failure = error.strerror or str(error)

    def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()

    async def wait(self, *, until: float) -> frozenset[str]:
        """Return the paths at which something happened since the last call: when there are some, or at that moment."""
        waiting = (
            asyncio.ensure_future(self._woken.wait()),
            asyncio.ensure_future(self._clock.sleep_until(until)),
        )
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        self._woken.clear()
        changed, self._changed = frozenset(self._changed), set()
        return changed
