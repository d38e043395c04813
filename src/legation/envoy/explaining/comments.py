"""The meaning of types and fields: the comments of Envoy's proto files, which the installed protos do not carry.

Two read them: from proto files (a checkout or an archive of Envoy's `api` folder), and from the package
`envoy-data-plane`, whose Python classes carry them as docstrings. No module of that package is imported: its text is
parsed. Comments stay where they are; nothing of them is part of this program.
"""

from __future__ import annotations

import importlib.util
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from legation.envoy.explaining.proto_text import plain, proto_comments
from legation.envoy.explaining.python_text import python_comments
from legation.errors import LegationError

_PACKAGE = "envoy_data_plane"

Names: TypeAlias = Mapping[str, str]
"""Names in a file, without package, in small letters and without separators -> comment."""


class Comments(Protocol):
    """Where comments come from."""

    def of(self, descriptor: Any) -> str:
        """Return the comment of a message, an enum, a field or a value of an enum, in the markup of its page; or ''."""
        ...


def _name_in_file(descriptor: Any, *, member: str) -> str:
    name: str = descriptor.full_name
    return plain(name.removeprefix(f"{descriptor.file.package}.")) + (f"/{plain(member)}" if member else "")


class FromProtos:
    """Proto files in a folder, or in an archive of one."""

    def __init__(self, place: Path) -> None:
        """Look where the files are.

        Raises:
            LegationError: There are none.
        """
        self._read = _reader(place)
        self._files: dict[str, Names] = {}
        if not self._read("envoy/config/cluster/v3/cluster.proto"):
            raise LegationError(
                f"{place}: this holds no envoy/config/cluster/v3/cluster.proto; give the folder `api` of a checkout of"
                " Envoy, or an archive of it"
            )

    def of(self, descriptor: Any, *, member: str = "") -> str:
        """Return a comment; see `Comments.of`."""
        file = descriptor.file.name
        if file not in self._files:
            self._files[file] = dict(proto_comments(self._read(file)))
        return self._files[file].get(_name_in_file(descriptor, member=member), "")


class FromPackage:
    """The docstrings of the package `envoy-data-plane`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._packages: dict[str, Names] = {}

    def of(self, descriptor: Any, *, member: str = "") -> str:
        """Return a comment; see `Comments.of`."""
        package = descriptor.file.package
        if package not in self._packages:
            path = self._folder.joinpath(*package.split("."), "__init__.py")
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            self._packages[package] = dict(python_comments(text))
        return self._packages[package].get(_name_in_file(descriptor, member=member), "")


def installed() -> FromPackage | None:
    """Return what reads the package, if it is installed."""
    found = importlib.util.find_spec(_PACKAGE)
    return FromPackage(Path(found.origin).parent) if found is not None and found.origin else None


def _reader(place: Path) -> Callable[[str], str]:
    if place.is_dir():
        roots = [root for root in (place, place / "api") if (root / "envoy").is_dir()] or [place]
        return lambda name: _text(roots[0] / name)
    if zipfile.is_zipfile(place):
        archive = zipfile.ZipFile(place)
        return _from_archive({each: each for each in archive.namelist()}, archive.read)
    if place.is_file() and tarfile.is_tarfile(place):
        tar = tarfile.open(place)  # noqa: SIM115 - it is read for as long as the program asks

        def extract(name: str) -> bytes:
            found = tar.extractfile(name)
            return found.read() if found is not None else b""

        return _from_archive({each: each for each in tar.getnames()}, extract)
    raise LegationError(f"{place}: this is neither a folder nor an archive (.zip, .tar.gz) of Envoy's proto files")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _from_archive(names: Mapping[str, str], read: Callable[[str], bytes]) -> Callable[[str], str]:
    by_file = {_below_root(name): name for name in names if name.endswith(".proto")}

    def text(name: str) -> str:
        return read(by_file[name]).decode("utf-8", "replace") if name in by_file else ""

    return text


def _below_root(name: str) -> str:
    """Return the name of a proto file from its package on: archives have a folder of their own above it."""
    parts = name.split("/")
    return next(
        (
            "/".join(parts[at:])
            for at, part in enumerate(parts[:-1])
            if part in {"envoy", "xds", "udpa"} and _is_top(parts, at)
        ),
        name,
    )


def _is_top(parts: list[str], at: int) -> bool:
    """Say whether the folder is the package's: a checkout may be called `envoy` itself."""
    return parts[at + 1] not in {"api", "source", "envoy", "xds", "udpa"}
