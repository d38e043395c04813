"""Files, folders and standard input, read once: what a command is given by name.

Unlike a directory that is served, nothing is watched and nothing was there before: each text is believed as it is. Of
what is no manifest, another may say so (`aside`); it is kept for that one and told as no problem here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from legation.errors import SourceError
from legation.model.objects import FieldPath, Place
from legation.model.problems import Problem
from legation.sources.base import Inputs
from legation.sources.manifests import Reading, read_text, unreadable
from legation.sources.settling import Settling
from legation.sources.tree import reason, walk

STDIN = "-"
STDIN_NAME = "<stdin>"
"""What problems call it."""


def _nothing_aside(_name: str, _text: str) -> bool:
    return False


class PathsSource:
    """What stands at some paths at one moment."""

    name = "files"
    missing: tuple[str, ...] = ()

    def __init__(
        self,
        paths: Sequence[str],
        *,
        read_stdin: Callable[[], bytes] = lambda: b"",
        aside: Callable[[str, str], bool] = _nothing_aside,
    ) -> None:
        """Make a source that reads nothing yet.

        Args:
            paths: Files, whatever they are called; folders, of which every `*.yaml`, `*.yml` and `*.json` counts;
                and `-`.
            read_stdin: Returns all of standard input.
            aside: Says of a file's name and its text whether it is something else than manifests.
        """
        self._paths = tuple(dict.fromkeys(paths))
        self._read_stdin = read_stdin
        self._is_aside = aside
        self._settling = Settling()
        self._seen: set[str] = set()
        self._troubles: list[Problem] = []
        self.texts: dict[str, str] = {}
        """The text of every file that could be read, by the name that places have."""
        self.aside: dict[str, str] = {}
        """Those of them that are something else than manifests."""

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        """Return where the field stands of the object that begins at that place, or the place itself."""
        return None if place is None else self._settling.locate(place, path)

    async def run(self, inputs: Inputs) -> None:
        """Publish what stands there, once.

        Raises:
            SourceError: One of the paths cannot be read, or a folder among them holds no manifest.
        """
        for path in self._paths:
            for reading in self._read(path):
                self._settling.take(reading.file, reading, now=0.0)
        self._settling.settle(0.0)
        inputs.publish(self._settling.state(self._troubles))

    def _read(self, path: str) -> Iterator[Reading]:
        if path == STDIN:
            yield from self._take(STDIN_NAME, self._read_stdin())
            return
        if not Path(path).is_dir():
            yield from self._file(path, real=os.path.realpath(path), named=True)
            return
        tree = walk(str(Path(path)))
        if not tree.files and not tree.closed:
            raise SourceError(path, "the folder holds no *.yaml, *.yml or *.json (name files of other names by name)")
        for folder, why in tree.closed.items():
            if folder == str(Path(path)):
                raise SourceError(path, why)
            message = f"this cannot be read: {why}"
            self._troubles.append(Problem(code="unreadable-folder", message=message, place=Place(folder)))
        for file in tree.files.values():
            shown = file.shown.removeprefix("./")
            if file.stamp is None:
                yield _unreadable(shown, file.why)
            else:
                yield from self._file(shown, real=file.real)

    def _file(self, shown: str, *, real: str, named: bool = False) -> Iterator[Reading]:
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            content = Path(shown).read_bytes()
        except OSError as error:
            if named:
                raise SourceError(shown, reason(error)) from error
            yield _unreadable(shown, reason(error))
        else:
            yield from self._take(shown, content)

    def _take(self, shown: str, content: bytes) -> Iterator[Reading]:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            yield _unreadable(shown, f"it is not UTF-8 text (byte {error.start + 1})")
            return
        self.texts[shown] = text
        if self._is_aside(shown, text):
            self.aside[shown] = text
            return
        reading = read_text(text, file=shown)
        if reading.fault is not None:
            # Nothing was there before, so nothing stays in use.
            fault = replace(reading.fault, message="the file is empty", mend="put an object into it, or delete it")
            reading = Reading(file=shown, fault=fault)
        yield reading


def _unreadable(shown: str, why: str) -> Reading:
    return unreadable(shown, message=f"the file cannot be read: {why}", mend="mend it or delete it")
