"""Writer: what brings files to a folder that Envoy watches, and RenamingWriter, the layout of single files.

It blocks, so it is called in a thread. It refuses to know what is in the files and why they come in this order. Each
file stands there whole or as it was before: it is written beside the folder and moved into place.
Nothing that stands in the folder under another name is touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from legation.transports.files import disk

READABLE = 0o644
"""Envoy mostly runs as another user than who writes for it, and in a Pod nobody else sees the volume: as Kubernetes
itself does with the files of ConfigMaps and Secrets."""
SECRET = 0o640
"""For private keys where other users are on the machine: Envoy has to be in the group (`fsGroup` in a Pod)."""

_STAGED = ".part-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a step did."""

    written: int = 0
    """Files; those that stood there with that content already are not written again."""
    removed: int = 0
    written_bytes: int = 0


class Writer(Protocol):
    """One folder of files."""

    @property
    def folder(self) -> Path:
        """Where Envoy reads the files."""
        ...

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        """Have these files stand there and those not; a file that stands there with that content stays as it is.

        One that is `Anew` is moved into place all the same.

        Args:
            puts: Content by name, a path below the folder. They come to stand in this order.
            removes: Names, gone after that. One that is not there is no error.

        Raises:
            FilesError: The disk does not take it. What was done of the step before is whole, and stays.
        """
        ...

    def standing(self) -> frozenset[str]:
        """Return the names of all files that stand there, whoever wrote them.

        Raises:
            FilesError: The folder cannot be read.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file that stands there; None if there is none.

        Raises:
            FilesError: It cannot be read.
        """
        ...


def readable(name: str) -> int:
    """Return the mode of any file: everybody may read it."""
    del name
    return READABLE


class RenamingWriter:
    """A real folder that is never replaced, and each file is moved into it: what Envoy sees with `path` alone.

    Envoy looks for a move to the file's name in the folder that it found at its start; so the folder is no link.
    """

    def __init__(
        self, folder: Path, *, staging: Path, mode_of: Callable[[str], int] = readable, sync_first: bool = True
    ) -> None:
        """Take where to write; nothing is made yet.

        Args:
            folder: Where Envoy reads: `<out>/current`. It is made if it is not there.
            staging: Where files are written before they are moved: `<out>/new`, on the same file system.
            mode_of: Returns the mode of a file of that name, whatever the umask says.
            sync_first: Bring files to the disk before they are moved, not after: Envoy sees them some milliseconds
                later, and when the machine loses its power in between no file is empty on any file system.
        """
        self.folder = folder
        self._sync_first = sync_first
        self._staging = staging
        self._mode_of = mode_of
        self._cleaned = False

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        """Write and move each file, then remove those; see `Writer`.

        All are written before the first is moved: a disk that is full changes nothing.
        """
        disk.check_names((*puts, *removes), folder=self.folder)
        with disk.in_words(self.folder):
            disk.make_folder(self.folder)
        news = {name: content for name, content in puts.items() if not self._has(name, content)}
        touched: dict[Path, None] = {}
        with ExitStack() as undo:
            staged = self._stage(news, undo) if news else {}
            for name, path in staged.items():
                place = self.folder / name
                touched |= dict.fromkeys(disk.make_parents(place, below=self.folder))
                with disk.in_words(place, moved_from=self._staging):
                    os.replace(path, place)  # noqa: PTH105 - the error then names both paths
                touched[place.parent] = None
            if not self._sync_first:
                disk.sync_all({name: self.folder / name for name in staged}, known_as=self.folder)
            removed = [name for name in removes if name not in puts and self._remove(name)]
        touched |= dict.fromkeys((self.folder / name).parent for name in removed)
        for each in touched:
            disk.sync_folder(each)
        return Written(
            written=len(news), removed=len(removed), written_bytes=sum(len(content) for content in news.values())
        )

    def standing(self) -> frozenset[str]:
        """Return the names of all files below the folder; see `Writer`."""
        return frozenset(disk.files_below(self.folder))

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; see `Writer`."""
        return disk.read(self.folder / name)

    def _has(self, name: str, content: bytes) -> bool:
        return disk.stands_as(self.folder / name, content, mode=self._mode_of(name))

    def _stage(self, files: Mapping[str, bytes], undo: ExitStack) -> dict[str, Path]:
        """Write files beside the folder; what is left of them goes with `undo`."""
        with disk.in_words(self._staging):
            disk.make_folder(self._staging)
            if not self._cleaned:
                for left in _left_behind(self._staging):
                    left.unlink(missing_ok=True)
                self._cleaned = True
        staged: dict[str, Path] = {}
        for number, (name, content) in enumerate(files.items()):
            staged[name] = path = self._staging / f"{_STAGED}{number}"
            undo.callback(_forget, path)
            with disk.in_words(self.folder / name):
                disk.write_file(path, content, mode=self._mode_of(name))
        if self._sync_first:
            disk.sync_all(staged, known_as=self.folder)
        return staged

    def _remove(self, name: str) -> bool:
        with disk.in_words(self.folder / name):
            try:
                (self.folder / name).unlink()
            except (FileNotFoundError, NotADirectoryError):
                return False
        return True


def _left_behind(staging: Path) -> Iterator[Path]:
    return staging.glob(f"{_STAGED}*")


def _forget(path: Path) -> None:
    # It was moved, mostly. Where it cannot be removed, the error that is on its way says why.
    with suppress(OSError):
        path.unlink()
