"""SymlinkWriter: a folder for each step, and a link to the newest that is replaced in one move.

For `path_config_source` with `watched_directory`, where Envoy looks for moves in the folder that the link is in. All
files of a step come to stand at one moment. Everything called `.data-<n>` in that folder is this writer's.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from legation.errors import FilesError
from legation.transports.files import disk
from legation.transports.files.writer import Written, readable

_DATA = re.compile(r"\.data-([0-9]{1,15})")
_NEW_LINK = ".new-link"


class SymlinkWriter:
    """A link to a folder that is never changed once the link leads to it. Fulfils `writer.Writer`.

    The folder before stays until the next step: who has begun to read there can go on.
    """

    def __init__(self, out: Path, *, link: str = "current", mode_of: Callable[[str], int] = readable) -> None:
        """Take where to write; nothing is made yet.

        Args:
            out: The folder that Envoy watches: its `watched_directory`.
            link: The name of the link in it: Envoy reads `<out>/<link>/<name>`.
            mode_of: Returns the mode of a file of that name, whatever the umask says.
        """
        self.folder = out / link
        self._out = out
        self._mode_of = mode_of

    def write(self, puts: Mapping[str, bytes], removes: Collection[str] = ()) -> Written:
        """Make the folder that has all of that, and have the link lead to it; see `writer.Writer`.

        If anything fails the link leads where it did before, or the step is done and may not outlive the machine.
        """
        disk.check_names((*puts, *removes), folder=self.folder)
        with disk.in_words(self._out):
            if not self._out.is_dir():
                disk.make_folder(self._out)
        before = self._target()
        standing = self._names(before)
        removed = (standing & set(removes)) - puts.keys()
        news = {name for name, content in puts.items() if before is None or not self._has(before, name, content)}
        if before is not None and not news and not removed:
            return Written()
        kept = standing - removed - puts.keys()
        after = self._out / f".data-{self._last_number() + 1}"
        try:
            with disk.in_words(after):
                disk.make_folder(after)
            if before is not None:
                for name in sorted(kept | (puts.keys() - news)):
                    self._carry_over(before, after, name)
            for name in news:
                self._put(after, name, puts[name])
            disk.sync_all({name: after / name for name in news}, known_as=self.folder)
            for at, _, _ in os.walk(after):
                disk.sync_folder(Path(at))
            self._lead_to(after)
        except BaseException:
            shutil.rmtree(after, ignore_errors=True)
            raise
        disk.sync_folder(self._out)
        self._forget_all_but(before, after)
        return Written(written=len(news), removed=len(removed), written_bytes=sum(len(puts[name]) for name in news))

    def standing(self) -> frozenset[str]:
        """Return the names of the files that the link leads to; see `writer.Writer`."""
        return self._names(self._target())

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; see `writer.Writer`."""
        return disk.read(self.folder / name)

    def _target(self) -> Path | None:
        """Return the folder that the link leads to; None if there is no link yet.

        Raises:
            FilesError: What stands there is no link of ours.
        """
        with disk.in_words(self.folder):
            try:
                target = self.folder.readlink()
            except FileNotFoundError:
                return None
            except OSError as error:
                if not self.folder.exists():
                    raise
                raise FilesError(
                    str(self.folder),
                    "it is a folder or a file, and this layout needs a symbolic link there",
                    mend="stop Envoy and remove it, choose another folder, or use the layout of single files",
                ) from error
        if not _DATA.fullmatch(str(target)):
            raise FilesError(
                str(self.folder),
                "it is a symbolic link that somebody else made",
                mend="remove it, or choose another folder",
            )
        found = self._out / target
        # A link to nothing: somebody removed the folder.
        return found if found.is_dir() else None

    def _names(self, folder: Path | None) -> frozenset[str]:
        return frozenset() if folder is None else frozenset(disk.files_below(folder))

    def _has(self, folder: Path, name: str, content: bytes) -> bool:
        return disk.stands_as(folder / name, content, mode=self._mode_of(name))

    def _carry_over(self, before: Path, after: Path, name: str) -> None:
        place = after / name
        disk.make_parents(place, below=after)
        with disk.in_words(self.folder / name):
            try:
                os.link(before / name, place, follow_symlinks=False)
            except OSError:
                # Not every file system has hard links, and not every file of another user may be linked to.
                disk.write_file(place, (before / name).read_bytes(), mode=self._mode_of(name))
                disk.sync(place)

    def _put(self, after: Path, name: str, content: bytes) -> None:
        place = after / name
        disk.make_parents(place, below=after)
        with disk.in_words(self.folder / name):
            disk.write_file(place, content, mode=self._mode_of(name))

    def _lead_to(self, after: Path) -> None:
        new = self._out / _NEW_LINK
        with disk.in_words(self.folder):
            new.unlink(missing_ok=True)
            new.symlink_to(after.name)
            try:
                new.replace(self.folder)
            except OSError:
                new.unlink(missing_ok=True)
                raise

    def _last_number(self) -> int:
        return max((number for number, _ in self._numbered()), default=0)

    def _numbered(self) -> list[tuple[int, Path]]:
        with disk.in_words(self._out):
            found = [(_DATA.fullmatch(each.name), each) for each in self._out.iterdir()]
        return [(int(match[1]), path) for match, path in found if match is not None]

    def _forget_all_but(self, *kept: Path | None) -> None:
        for _, path in self._numbered():
            if path not in kept:
                # What cannot be removed now is tried again with the next step.
                shutil.rmtree(path, ignore_errors=True)
