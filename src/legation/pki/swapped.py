"""Files that come together: a certificate, its key and a bundle, replaced as one, as a kubelet does it.

What is in a folder are links into `..data`, itself a link to a folder that is never changed once it has its name: one
rename replaces all of it. Who reads through `..data` never gets a key beside another one's certificate. It knows
files, and refuses to know what is in them. Wherever it breaks off, the folder is as before or as after, and what lies
about is taken away the next time.

Keys are for their owner alone (0600, in a folder of 0700). Where root writes them, they are the folder's owner's.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from legation.errors import PkiError
from legation.small_files import why

PRIVATE, PUBLIC, FOLDER = 0o600, 0o644, 0o700
"""Modes."""
DATA = "..data"
_VERSION = "..legation-"
_NEW = "..new-"

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

    def folder(self, folder: Path) -> None:
        """Have a folder there that is for its owner alone; one that is there already stays as it is.

        Raises:
            PkiError: It cannot be made.
        """
        if folder.is_dir():
            return
        self.before()
        try:
            folder.mkdir(mode=FOLDER)
            folder.chmod(FOLDER)
            _give_to_owner_of(folder.parent, folder)
            self._flush(folder.parent)
        except FileExistsError:
            raise PkiError(str(folder), "it is no folder") from None
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be made: {why(error)}") from error

    def file(self, path: Path, content: bytes, *, mode: int) -> None:
        """Replace one file by a rename.

        Raises:
            PkiError: It cannot be written.
        """
        new = path.with_name(f"{_NEW}{path.name}")
        try:
            self.before()
            new.unlink(missing_ok=True)
            self._put(new, content, mode=mode)
            self.before()
            new.replace(path)
            self._flush(path.parent)
        except OSError as error:
            raise PkiError(str(path), f"it cannot be written: {why(error)}") from error

    def files(self, folder: Path, files: Files) -> None:
        """Replace all files of a folder at once.

        Raises:
            PkiError: They cannot be written, or others stand there that are not ours.
        """
        if folder.exists() and not folder.is_dir():
            raise PkiError(str(folder), "it is no folder")
        foreign = [name for name in files if _is_foreign(folder / name)]
        if foreign:
            raise PkiError(
                str(folder / foreign[0]), "it is there already and is not ours", mend="choose a folder of its own"
            )
        self.folder(folder)
        try:
            self._swap(folder, files)
            for name in files:
                if not (folder / name).is_symlink():
                    self.before()
                    (folder / name).symlink_to(f"{DATA}/{name}")
            self._clear(folder)
            self._flush(folder)
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be written: {why(error)}") from error

    def clear(self, folder: Path) -> None:
        """Take away what a look has left that broke off.

        Raises:
            PkiError: It cannot be taken away.
        """
        try:
            self._clear(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise PkiError(str(folder), f"it cannot be written: {why(error)}") from error

    def _swap(self, folder: Path, files: Files) -> None:
        version = folder / f"{_VERSION}{secrets.token_hex(8)}"
        self.before()
        version.mkdir(mode=FOLDER)
        version.chmod(FOLDER)
        _give_to_owner_of(folder, version)
        for name, content in files.items():
            self.before()
            self._put(version / name, content, mode=PRIVATE if name.endswith(".key") else PUBLIC)
        self._flush(version)
        link = folder / f"{_NEW}data"
        self.before()
        link.unlink(missing_ok=True)
        link.symlink_to(version.name)
        self.before()
        link.replace(folder / DATA)
        self._flush(folder)

    def _clear(self, folder: Path) -> None:
        """Take away what is not shown any more."""
        current = (folder / DATA).readlink().name
        for each in sorted(folder.iterdir()):
            if each.name.startswith(_VERSION) and each.name != current:
                self.before()
                shutil.rmtree(each)
            elif each.name.startswith(_NEW):
                self.before()
                each.unlink()

    def _put(self, path: Path, content: bytes, *, mode: int) -> None:
        # From the beginning with the final mode: nobody can open it before that.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            if self.lasting:
                os.fsync(handle)
        _give_to_owner_of(path.parent, path)

    def _flush(self, folder: Path) -> None:
        """Have the names in a folder outlast a crash of the machine."""
        if not self.lasting:
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Return what files of a folder hold that belong together; nothing where one of them is missing.

    Raises:
        PkiError: They cannot be read.
    """
    try:
        # Once: what is behind the link is one version, whatever happens meanwhile.
        version = folder / (folder / DATA).readlink()
        if not all((folder / name).is_symlink() for name in names):
            return {}
        return {name: (version / name).read_bytes() for name in names}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise PkiError(str(folder), f"it cannot be read: {why(error)}") from error


def is_open_to_others(path: Path) -> bool:
    """Say whether others than its owner may read or change a file, or are let into a folder."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _is_foreign(path: Path) -> bool:
    try:
        return path.readlink() != Path(DATA, path.name)
    except FileNotFoundError:
        return False
    except OSError:
        # It is no link.
        return True


def _give_to_owner_of(folder: Path, path: Path) -> None:
    owner = folder.stat()
    if os.geteuid() == 0 and (owner.st_uid, owner.st_gid) != (0, 0):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
