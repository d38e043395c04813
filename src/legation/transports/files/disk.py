"""The single things that are done to a disk, and in words why one of them cannot be done."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from legation.errors import FilesError
from legation.transports.files.anew import Anew
from legation.transports.files.file_names import fault_of

FOLDER_MODE = 0o755
_TOGETHER = 8
"""Files that are brought to the disk at a time."""

_WORDS: dict[int, tuple[str, str]] = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT),
        ("the disk is full", "free some space there, or give the volume more"),
    ),
    errno.EROFS: ("the file system is read-only", "mount the volume so that who writes the files may write to it"),
    errno.EFBIG: (
        "the file is larger than this process may write",
        "raise its limit for the size of files (ulimit -f)",
    ),
    **dict.fromkeys(
        (errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
        (
            "a file stands where a folder has to be, or a folder where a file has to be",
            "remove what stands there",
        ),
    ),
}
"""Reason and mend."""


def check_names(names: Iterable[str], *, folder: Path) -> None:
    """Let names pass that stay below the folder.

    Raises:
        FilesError: One does not.
    """
    for name in names:
        if fault := fault_of(name):
            raise FilesError(f"{folder}/", f"{name!r} is no name for a file: {fault}", mend="give it another name")


@contextmanager
def in_words(path: Path, *, moved_from: Path | None = None) -> Iterator[None]:
    """Tell in words what a disk does not do inside the block.

    Args:
        path: The file or folder that it is about, as its owner knows it.
        moved_from: The folder that it is moved from.

    Raises:
        FilesError: In place of the OSError.
    """
    try:
        yield
    except OSError as error:
        reason, mend = _why(error, moved_from=moved_from)
        raise FilesError(str(path), reason, mend=mend) from error


def _why(error: OSError, *, moved_from: Path | None) -> tuple[str, str]:
    """Return the reason, a clause, and the mend."""
    words = dict(_WORDS)
    words |= dict.fromkeys(
        (errno.EACCES, errno.EPERM),
        (
            f"the user with the id {os.geteuid()} may not write there",
            "let the folder belong to that user or to its group: fsGroup in a Pod, chown elsewhere",
        ),
    )
    words[errno.EXDEV] = (
        f"it is on another file system than {moved_from}, and a file can be moved whole on one only",
        "mount one volume at the folder above both",
    )
    return words.get(error.errno or 0, (f"it cannot be written: {error.strerror or error}", ""))


def make_folder(path: Path) -> None:
    """Have a real folder there that everybody may enter, whatever the umask says; one that is there stays as it is.

    Raises:
        OSError: The disk does not do it.
        FilesError: It is a link.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        if not path.parent.is_dir():
            make_folder(path.parent)
        with suppress(FileExistsError):
            path.mkdir()
            path.chmod(FOLDER_MODE)
        return
    if stat.S_ISLNK(found.st_mode):
        raise FilesError(
            str(path),
            "it is a symbolic link, and Envoy does not see changes behind one",
            mend="remove the link, so that a folder can be made there",
        )
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))


def make_parents(place: Path, *, below: Path) -> list[Path]:
    """Have the folders between `below` and a file there. Returns those in which one was made.

    Raises:
        FilesError: The disk does not do it.
    """
    touched = []
    for parent in reversed(place.relative_to(below).parents[:-1]):
        folder = below / parent
        with in_words(folder):
            made = not folder.exists()
            make_folder(folder)
        if made:
            touched.append(folder.parent)
    return touched


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a new file. Nobody else can open it before it has its mode.

    Raises:
        OSError: The disk does not take it; a part may be there.
    """
    path.unlink(missing_ok=True)
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fchmod(opened, mode)


def sync(path: Path) -> None:
    """Bring a file to the disk.

    Raises:
        OSError: The disk does not take it.
    """
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def sync_all(paths: Mapping[str, Path], *, known_as: Path) -> None:
    """Bring files to the disk, several at a time: a disk takes many together in hardly more time than one.

    Args:
        paths: Where each file is, by its name.
        known_as: The folder in which its owner knows them by their names.

    Raises:
        FilesError: The disk does not take one of them.
    """
    rest, errors = iter(paths.items()), []

    def work() -> None:
        # To take the next one is one step of the interpreter.
        for name, path in rest:
            try:
                with in_words(known_as / name):
                    sync(path)
            except FilesError as error:
                errors.append(error)

    # They end with the program though the disk may hang.
    others = [threading.Thread(target=work, daemon=True) for _ in range(min(_TOGETHER, len(paths)) - 1)]
    for each in others:
        each.start()
    work()
    for each in others:
        each.join()
    if errors:
        raise errors[0]


def sync_folder(path: Path) -> None:
    """Bring to the disk what stands in a folder under which name.

    Raises:
        FilesError: The disk does not take it.
    """
    with in_words(path):
        try:
            sync(path)
        except OSError as error:
            # Some file systems cannot do this for a folder.
            if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
                raise


def stands_as(path: Path, content: bytes, *, mode: int) -> bool:
    """Say whether a real file with that content and mode stands there, so that it need not be moved there."""
    if isinstance(content, Anew):
        return False
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != mode or found.st_size != len(content):
            return False
        return path.read_bytes() == content
    except OSError:
        # To write it says why, if it is in the way.
        return False


def read(path: Path) -> bytes | None:
    """Return the content of a file; None if there is none.

    Raises:
        FilesError: It cannot be read.
    """
    with in_words(path):
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def files_below(folder: Path) -> Iterator[str]:
    """Yield the names of the files below a folder, by their path below it; none if it is not there.

    Raises:
        FilesError: It cannot be read.
    """
    with in_words(folder):
        for at, _, names in os.walk(folder, onerror=_raise):
            below = Path(at).relative_to(folder)
            yield from ((below / name).as_posix() for name in names)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
