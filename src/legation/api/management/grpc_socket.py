"""A Unix socket for gRPC, which opens it itself: at no moment may anybody but its owner connect to it.

gRPC makes the socket with the rights that the process gives to all files. So it makes it in a folder that is closed to
others, and from there it comes to its place when it is closed itself; what stood there goes in the same step.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from legation.errors import TransportError
from legation.listening import check_free


def open_at(path: Path, add: Callable[[str], object], *, setting: str) -> None:
    """Have gRPC listen at a path.

    Args:
        path: Where; its folder is there.
        add: Has gRPC listen at an address; RuntimeError where it cannot.
        setting: What the user changes when that cannot be had.

    Raises:
        TransportError: Another program listens there, something else stands there, or it cannot be made.
    """
    check_free(path, setting=setting)
    beside = path.absolute().with_name(f".{path.name}.{os.getpid()}")
    made = beside / "s"
    try:
        with suppress(FileExistsError):
            beside.mkdir(mode=0o700)
        made.unlink(missing_ok=True)
        add(f"unix:{made}")
        made.chmod(0o600)
        made.rename(path)
    except (OSError, RuntimeError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or "is its path too long?"
        raise TransportError(f"{path} cannot be listened on: {why}; choose another with {setting}") from error
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)
        with suppress(OSError):
            beside.rmdir()
