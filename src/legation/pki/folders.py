"""Folders and files that are opened with the rights of whoever can change what is on the way to them.

Root puts certificates into folders of others. Who owns a folder can put a link in the place of anything in it, at any
moment; so nothing is done there that its owner could not do: from the first folder on the way that is another user's,
root is that user, until the folder is left. Below an opened folder nothing is looked up by its path, and no link is
followed.

The user that a process acts as is one for all of its threads: only one of them may be at work here. It refuses to know
what the files are for.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK
_BELOW = _FOLDER | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW
"""On the way: who may go through a folder need not be allowed to list it."""
_MOST_LINKS = 40
_OTHERS_WRITE = 0o022


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a folder, and be whoever can put another one in its place, until it is left.

    Raises:
        OSError: It is not there, or is no folder, or they may not open it.
    """
    is_root, group, groups = os.geteuid() == 0, os.getegid(), os.getgroups()
    with ExitStack() as stack:
        if is_root:
            stack.callback(_be_root, group, groups)
        try:
            handle = _walked(path) if is_root else os.open(path, _FOLDER)
            stack.callback(os.close, handle)
            yield handle
        except PermissionError as error:
            if is_root and (user := os.geteuid()) != 0:
                words = f"{error.strerror} for the user {user}, to whom a folder on the way belongs"
                raise PermissionError(error.errno, words) from error
            raise


@contextmanager
def below(folder: int, name: str) -> Iterator[int]:
    """Open a folder in a folder.

    Raises:
        OSError: It is not there, or is a link or no folder.
    """
    handle = os.open(name, _BELOW, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


def content(folder: int, name: str, *, most: int | None = None) -> bytes:
    """Return what is in a file of a folder.

    Args:
        folder: The opened folder.
        name: Its name.
        most: How long it may be, in bytes.

    Raises:
        OSError: It is not there, or cannot be read, or is a link or no file, or too long.
    """
    handle = os.open(name, _FILE, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        # Whoever reads a pipe waits for as long as somebody likes.
        os.close(handle)
        raise OSError(errno.EINVAL, f"{name} is no file")
    with os.fdopen(handle, "rb") as file:
        found = file.read(-1 if most is None else most + 1)
    if most is not None and len(found) > most:
        raise OSError(errno.EFBIG, f"{name} is too long")
    return found


def _walked(path: Path) -> int:
    """Open a folder, and stay who was met on the way."""
    absolute = path.absolute()
    handle = os.open(absolute.anchor, _STEP)
    rest, links = deque(absolute.parts[1:]), 0
    try:
        while rest:
            part = rest.popleft()
            try:
                following = os.open(part, _STEP, dir_fd=handle)
            except OSError:
                leads = _led(handle, part)
                if leads is None:
                    raise
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                rest.extendleft(reversed(leads.parts[1:] if leads.is_absolute() else leads.parts))
                following = os.open(leads.anchor, _STEP) if leads.is_absolute() else os.dup(handle)
            os.close(handle)
            handle = following
            _be_owner(handle, last=not rest)
        return os.open(".", _FOLDER, dir_fd=handle)
    finally:
        os.close(handle)


def _led(folder: int, name: str) -> Path | None:
    """Return where a link leads; None: it is none."""
    try:
        leads = os.readlink(name, dir_fd=folder)
    except OSError:
        return None
    if os.geteuid() == 0 and stat.S_IMODE(os.fstat(folder).st_mode) & _OTHERS_WRITE:
        # Whose link it is could be another one's a moment later.
        raise OSError(errno.ELOOP, f"{name} on the way is a link in a folder in which others may write")
    return Path(leads)


def _be_owner(folder: int, *, last: bool) -> None:
    owner = os.fstat(folder)
    acting = os.geteuid()
    if owner.st_uid == 0 or acting not in {0, owner.st_uid} or (acting != 0 and not last):
        return
    if acting != 0:
        # The same user's, and perhaps another group's.
        os.seteuid(0)
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)


def _be_root(group: int, groups: list[int]) -> None:
    # One after the other: it may have failed between two of them.
    if os.geteuid() != 0:
        os.seteuid(0)
    if os.getegid() != group:
        os.setegid(group)
    if os.getgroups() != groups:
        os.setgroups(groups)
