"""Which files are below a folder, each once, and which folders tell of changes to them. It reads no file.

Symbolic links are followed to their end, and every link on the way is remembered: a mounted ConfigMap changes by the
swap of a link (`..data`) that no file of it is named after.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

SUFFIXES = (".yaml", ".yml", ".json")
_MOST_LINKS = 40
"""Links on one way, as Linux allows them."""

Stamp: TypeAlias = tuple[int, int, int, int]
"""Device, inode, size and time of the last change (ns): a file with the same stamp need not be read again."""
Identity: TypeAlias = tuple[int, int]
"""Device and inode."""


def stamp(status: os.stat_result) -> Stamp:
    """Return what tells one version of a file from another."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def is_manifest(name: str) -> bool:
    """Say whether a name is a manifest's. Those of editors' files end otherwise or begin with a dot."""
    return name.endswith(SUFFIXES) and not name.startswith(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A manifest file."""

    shown: str
    """As people see it: the path of the source, and what is below."""
    real: str
    """Where it is when all links are followed."""
    stamp: Stamp | None
    """None when the name leads to no readable file; `why` tells the reason."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All that is below a path."""

    files: Mapping[str, File] = field(default_factory=lambda: MappingProxyType({}))
    """By the name that people see, sorted by it."""
    closed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Folders that cannot be looked into, by the name that people see, and why. The path itself, if it is gone."""
    folders: Mapping[str, Identity] = field(default_factory=lambda: MappingProxyType({}))
    """Real folders that were looked into, and who they were."""
    root: str = ""
    """Where the path itself leads when all links are followed; empty if it leads nowhere."""
    ways: frozenset[str] = frozenset()
    """Real places of the path itself, and of all links and their ends: what happens there changes the tree."""
    real_files: frozenset[str] = frozenset()
    """Where the files are when all links are followed."""

    @property
    def home(self) -> Identity | None:
        """Who the path's own folder is; None if it is a file, or cannot be looked into."""
        return self.folders.get(self.root)

    def watched(self) -> Mapping[str, Identity]:
        """Return the folders in which something can happen that matters: these, and those of the ways."""
        others = {_parent(path) for path in self.ways}
        found = dict(self.folders)
        for folder in others - self.folders.keys():
            # Who may not list a folder may not listen to it either. It may also be gone by now.
            with contextlib.suppress(OSError):
                if os.access(folder, os.R_OK):
                    found[folder] = _identity(Path(folder).stat())
        return found


def walk(path: str) -> Tree:
    """Look at everything below a path, or at the file that it is."""
    return _Walk(path).tree()


class _Walk:
    def __init__(self, path: str) -> None:
        self._path = path
        self._found: list[File] = []
        self._closed: dict[str, str] = {}
        self._folders: dict[str, Identity] = {}
        self._seen: set[Identity] = set()
        self._ways: set[str] = set()

    def tree(self) -> Tree:
        real = ""
        try:
            real = self._follow(str(Path.cwd() / self._path))
            status = Path(real).stat()
        except OSError as error:
            self._closed[self._path] = reason(error)
        else:
            if stat.S_ISDIR(status.st_mode):
                self._folder(self._path, real, status)
            else:
                self._file(self._path, real, status)
        files = {file.shown: file for file in _each_once(self._found)}
        return Tree(
            files=MappingProxyType(files),
            real_files=frozenset(file.real for file in files.values()),
            closed=MappingProxyType(self._closed),
            folders=MappingProxyType(self._folders),
            root=real,
            ways=frozenset(self._ways),
        )

    def _folder(self, shown: str, real: str, status: os.stat_result) -> None:
        identity = _identity(status)
        if identity in self._seen:
            return
        try:
            with os.scandir(real) as listed:
                entries = sorted((entry for entry in listed if not entry.name.startswith(".")), key=lambda it: it.name)
        except OSError as error:
            self._closed[shown] = reason(error)
            return
        self._folders[real] = identity
        self._seen.add(identity)
        for entry in entries:
            self._entry(f"{shown}/{entry.name}", entry)

    def _entry(self, shown: str, entry: os.DirEntry[str]) -> None:
        manifest = is_manifest(entry.name)
        if not (manifest or entry.is_symlink() or entry.is_dir(follow_symlinks=False)):
            return
        real = entry.path
        try:
            if entry.is_symlink():
                real = self._follow(real)
            status = entry.stat()
        except OSError as error:
            # A name that vanished since it was listed is no file any more; a link that leads nowhere is a broken one.
            if manifest and entry.is_symlink():
                self._found.append(File(shown=shown, real=real, stamp=None, why=reason(error)))
            return
        if manifest:
            self._file(shown, real, status)
        elif stat.S_ISDIR(status.st_mode):
            self._folder(shown, real, status)

    def _file(self, shown: str, real: str, status: os.stat_result) -> None:
        if stat.S_ISREG(status.st_mode):
            self._found.append(File(shown=shown, real=real, stamp=stamp(status)))
        else:
            why = "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is not a regular file"
            self._found.append(File(shown=shown, real=real, stamp=None, why=why))

    def _follow(self, path: str) -> str:
        """Return the real path, and remember it and each link on the way."""
        real, links = "", 0
        rest = path.split("/")[::-1]
        while rest:
            part = rest.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                real = real.rpartition("/")[0]
                continue
            here = f"{real}/{part}"
            try:
                target = os.fspath(Path(here).readlink())
            except OSError:
                real = here
                continue
            self._ways.add(here)
            links += 1
            if links > _MOST_LINKS:
                raise OSError("its links lead in a circle")
            real = "" if target.startswith("/") else real
            rest += target.split("/")[::-1]
        self._ways.add(real or "/")
        return real or "/"


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _each_once(found: list[File]) -> Iterator[File]:
    """Sort by name, and leave out what is the same file as one before it."""
    seen: set[Identity] = set()
    for file in sorted(found, key=lambda each: each.shown):
        if file.stamp is None:
            yield file
        elif file.stamp[:2] not in seen:
            seen.add(file.stamp[:2])
            yield file


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def reason(error: OSError) -> str:
    """Return the system's own words for what went wrong, without the path, which is told beside them."""
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]
