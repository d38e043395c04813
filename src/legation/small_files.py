"""Small files that others replace while we run: tokens, certificates, keys.

A kubelet swaps a link, a person saves: what tells one version from another is device, inode, size and time, which
cost one look to find out. A file that cannot be read for a moment is no reason to forget what it said.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

LARGEST = 16 << 20
"""Bytes of a file that is still a small one."""

Stamp: TypeAlias = tuple[int, int, int, int] | None
"""Device, inode, size and time of the last change (ns); None if there is no such file."""


def stamps(paths: Iterable[str]) -> tuple[Stamp, ...]:
    """Return what tells these versions of the files from others."""
    return tuple(_stamp(path) for path in paths)


def _stamp(path: str) -> Stamp:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def read_small(path: str | Path) -> bytes:
    """Return the content of a file; what is no file is not waited for, such as a pipe that took the place of one.

    Raises:
        OSError: It cannot be read, is no file, or is larger than `LARGEST`.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {LARGEST} bytes", str(path))
    return content


class RenewedFile:
    """The content of a file, read anew when the file has changed."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: Stamp = None
        self._content = b""

    def read(self) -> bytes:
        """Return the newest content that could be read and was not empty.

        Raises:
            OSError: It could never be read.
        """
        found = _stamp(self._path)
        if found is None or found != self._stamp:
            try:
                content = read_small(self._path)
            except OSError:
                if not self._content:
                    raise
            else:
                self._content = content or self._content
                self._stamp = found
        return self._content

    def forget(self) -> None:
        """Read it at the next chance, changed or not."""
        self._stamp = None


def why(error: OSError) -> str:
    """Return the system's own words for what went wrong, without the path, which is told beside them."""
    words = error.strerror or type(error).__name__
    return words[:1].lower() + words[1:]
