"""Keeps the last whole splits beside the files, so that weights do not jump when the container is started anew.

They stand in the folder where files are written before they are moved, and go with the Pod, as the files do. It refuses
to know what they say. Invariant: it writes only what is new, and files do not wait for it for more than a moment.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from legation.crossover import log
from legation.crossover.last_splits import decoded, encoded
from legation.errors import FilesError
from legation.model.objects import ManifestObject
from legation.threads import in_daemon
from legation.transports.files import disk
from legation.transports.files.writer import READABLE

_NAME, _PART = ".last-splits.json", ".part-last-splits"
"""Of what is half written: who cleans the folder of files that are so cleans it too."""
_LONGEST = 1.0
"""Seconds for which files wait for it: the disk is the same one, and who writes them tells if it does not answer."""


class Remembering:
    """The file of one folder."""

    def __init__(self, folder: Path, *, namespace: str, writes: bool) -> None:
        """Take where it is; nothing is read or written yet.

        Args:
            folder: Where files are written before they are moved.
            namespace: Whose splits these are.
            writes: Whether anything is to be written; if not, it is read only.
        """
        self._folder = folder
        self._namespace = namespace
        self._writes = writes
        self._kept: tuple[ManifestObject, ...] = ()
        self._done = b""
        self._writing: asyncio.Future[None] | None = None

    async def recall(self) -> tuple[ManifestObject, ...]:
        """Return what whoever ran before has kept."""
        try:
            content = await in_daemon(lambda: disk.read(self._folder / _NAME), name="splits")
        except FilesError as error:
            log.warning(f"the last splits cannot be read, so it starts without: {error}")
            return ()
        self._done = content or b""
        return decoded(self._done, namespace=self._namespace)

    async def keep(self, objects: Iterable[ManifestObject]) -> None:
        """Keep what is newest; where nothing ever was there is nothing to keep.

        It comes before the files that follow it: who is ended in between finds what is newest, and not what was before.
        What the disk does not take is tried again the next time.
        """
        found = tuple(objects)
        is_busy = self._writing is not None and not self._writing.done()
        if not self._writes or is_busy or not found or found == self._kept:
            return
        content = encoded(found, namespace=self._namespace)
        if content != self._done:
            self._writing = in_daemon(lambda: self._write(content), name="splits")
            await asyncio.wait([self._writing], timeout=_LONGEST)
            if fault := _fault(self._writing):
                log.warning(f"the last splits are not kept for a restart: {fault}")
                return
        self._kept, self._done = found, content

    def _write(self, content: bytes) -> None:
        place, part = self._folder / _NAME, self._folder / _PART
        with disk.in_words(place):
            disk.make_folder(self._folder)
            disk.write_file(part, content, mode=READABLE)
            os.replace(part, place)  # noqa: PTH105 - the error then names both paths


def _fault(writing: asyncio.Future[None]) -> str:
    """Return why nothing is written; empty if all is."""
    # It is heard of whenever it comes to an end.
    writing.add_done_callback(lambda ended: None if ended.cancelled() else ended.exception())
    if not writing.done():
        return "the disk does not answer"
    error = writing.exception()
    if error is not None and not isinstance(error, FilesError):
        raise error
    return str(error or "")
