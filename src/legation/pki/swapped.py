"""Files that come together: a certificate, its key and a bundle, replaced as one, as a kubelet does it.

What is in a folder are links into `..data`, itself a link to a folder that is never changed once it has its name: one
rename replaces all of it. Who reads through `..data` never gets a key beside another one's certificate. It knows
files, and refuses to know what is in them. Wherever it breaks off, the folder is as before or as after, and what lies
about is taken away the next time.

Keys are for their owner alone (0600, in a folder of 0700). Where root writes them, they are the folder's owner's, and
root does there what the folder's owner may do and no more (`legation.pki.folders`): nothing that root alone can read
gets there.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from legation.errors import PkiError
from legation.pki.folders import below, content, opened
from legation.small_files import why

PRIVATE, PUBLIC, FOLDER, PARENT = 0o600, 0o644, 0o700, 0o755
"""Modes."""
DATA = "..data"
_VERSION = "..legation-"
_NEW = "..new-"
_LONGEST = 1_048_576
"""Of files that are read together, in bytes; ours have some thousand."""
_NOT_OURS = frozenset(
    {errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EPERM, errno.EACCES, errno.ENOENT}
)
"""What comes of taking away what we have not put there."""

Files: TypeAlias = Mapping[str, bytes]
"""What is in each, by name. One whose name ends in `.key` is private."""
Before: TypeAlias = Callable[[], None]
"""Called before each change of the disk."""


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swapping:
    """How files are written."""

    before: Before = nothing
    lasting: bool = True
    """Whether what is written outlasts a crash of the machine, which is waited for; else one of the process alone."""

    def folder(self, folder: Path, *, mode: int = FOLDER, parents: bool = False) -> None:
        """Have a folder there that is for its owner alone; one that is there already stays as it is.

        Args:
            folder: Where.
            mode: The mode of a new one.
            parents: Whether those that it is in are made as well; others may look into them.

        Raises:
            PkiError: It cannot be made.
        """
        if _is_there(folder):
            return
        if parents and folder.parent != folder:
            self.folder(folder.parent, mode=PARENT, parents=True)
        self.before()
        try:
            with opened(folder.parent) as parent:
                self._make(parent, folder.name, mode=mode)
                self._flush(parent)
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be made: {why(error)}") from error

    def file(self, path: Path, content: bytes, *, mode: int) -> None:
        """Replace one file by a rename.

        Raises:
            PkiError: It cannot be written.
        """
        new = f"{_NEW}{path.name}"
        try:
            with opened(path.parent) as folder:
                self.before()
                with suppress(FileNotFoundError):
                    os.unlink(new, dir_fd=folder)
                self._put(folder, new, content, mode=mode)
                self.before()
                os.replace(new, path.name, src_dir_fd=folder, dst_dir_fd=folder)
                self._flush(folder)
        except OSError as error:
            raise PkiError(str(path), f"it cannot be written: {why(error)}") from error

    def files(self, folder: Path, files: Files) -> None:
        """Replace all files of a folder at once.

        Raises:
            PkiError: They cannot be written, or others stand there that are not ours.
        """
        self.folder(folder)
        try:
            with opened(folder) as handle:
                foreign = [name for name in files if _is_foreign(handle, name)]
                if foreign:
                    raise PkiError(
                        str(folder / foreign[0]),
                        "it is there already and is not ours",
                        mend="choose a folder of its own",
                    )
                self._swap(handle, files)
                for name in files:
                    if _link(handle, name) is None:
                        self.before()
                        os.symlink(f"{DATA}/{name}", name, dir_fd=handle)
                self._clear(handle)
                self._flush(handle)
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be written: {why(error)}") from error

    def clear(self, folder: Path) -> None:
        """Take away what a look has left that broke off.

        Raises:
            PkiError: It cannot be taken away.
        """
        try:
            with opened(folder) as handle:
                self._clear(handle)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be written: {why(error)}") from error

    def _swap(self, folder: int, files: Files) -> None:
        version = f"{_VERSION}{secrets.token_hex(8)}"
        self.before()
        self._make(folder, version, mode=FOLDER)
        with below(folder, version) as made:
            if os.fstat(made).st_uid != os.geteuid():
                raise PermissionError(errno.EPERM, "somebody else puts folders there")
            for name, each in files.items():
                self.before()
                self._put(made, name, each, mode=PRIVATE if name.endswith(".key") else PUBLIC)
            self._flush(made)
        link = f"{_NEW}data"
        self.before()
        with suppress(FileNotFoundError):
            os.unlink(link, dir_fd=folder)
        os.symlink(version, link, dir_fd=folder)
        self.before()
        os.replace(link, DATA, src_dir_fd=folder, dst_dir_fd=folder)
        self._flush(folder)

    def _clear(self, folder: int) -> None:
        """Take away what is not shown any more."""
        current = _link(folder, DATA)
        for each in _names(folder):
            if each.startswith(_NEW) or (each.startswith(_VERSION) and each != current):
                self.before()
                with _leaving_others():
                    _remove(folder, each)

    def _make(self, folder: int, name: str, *, mode: int) -> None:
        os.mkdir(name, mode, dir_fd=folder)
        with below(folder, name) as made:
            # Whatever the umask says.
            os.fchmod(made, mode)

    def _put(self, folder: int, name: str, content: bytes, *, mode: int) -> None:
        # From the beginning with the final mode: nobody can open it before that.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(name, flags, mode, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            if self.lasting:
                os.fsync(handle)

    def _flush(self, folder: int) -> None:
        """Have the names in a folder outlast a crash of the machine."""
        if self.lasting:
            os.fsync(folder)


def read(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Return what files of a folder hold that belong together; nothing where one is missing or is none of ours.

    Raises:
        PkiError: They cannot be read.
    """
    try:
        with opened(folder) as handle:
            # Once: what is behind the link is one version, whatever happens meanwhile.
            version = _link(handle, DATA)
            if version is None or not version.startswith(_VERSION) or "/" in version:
                return {}
            if any(_link(handle, name) != f"{DATA}/{name}" for name in names):
                return {}
            try:
                with below(handle, version) as data:
                    return {name: content(data, name, most=_LONGEST) for name in names}
            except PermissionError:
                # The folder can be opened, so another version can be put there.
                return {}
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL, errno.EFBIG}:
            return {}
        raise PkiError(str(folder), f"it cannot be read: {why(error)}") from error


def is_open_to_others(path: Path) -> bool:
    """Say whether others than its owner may read or change a file, or are let into a folder."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def is_others_too(folder: Path) -> bool:
    """Say whether others than its owner may put something else into a folder."""
    try:
        with opened(folder) as handle:
            found, acting = os.fstat(handle), os.geteuid()
    except OSError:
        return False
    # Who does not own it may be let in by its group, and has no other way.
    others = stat.S_IWGRP | stat.S_IWOTH if found.st_uid == acting else stat.S_IWOTH
    return bool(found.st_mode & others)


def _is_there(folder: Path) -> bool:
    try:
        with opened(folder):
            return True
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise PkiError(str(folder), "it is no folder") from None
    except OSError as error:
        raise PkiError(str(folder), f"it cannot be opened: {why(error)}") from error


def _link(folder: int, name: str) -> str | None:
    """Return where a link leads; None: there is none."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as found:
        return sorted(each.name for each in found)


def _is_foreign(folder: int, name: str) -> bool:
    found = _link(folder, name)
    if found is not None:
        return found != f"{DATA}/{name}"
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(folder: int, name: str) -> None:
    """Remove a link, a file, or a folder of files: what we make is no deeper."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except OSError:
        os.unlink(name, dir_fd=folder)
        return
    try:
        for each in _names(handle):
            os.unlink(each, dir_fd=handle)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=folder)


@contextmanager
def _leaving_others() -> Iterator[None]:
    """Leave there what its owner has put there."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise
