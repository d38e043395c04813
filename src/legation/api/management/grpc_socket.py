"""A Unix socket for gRPC, which opens it itself: at no moment may anybody but its owner connect to it.

gRPC makes the socket with the rights that the process gives to all files. So it makes it in a folder that is closed to
others.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from legation.errors import TransportError
from legation.listening import put_at


def open_at(path: Path, add: Callable[[str], object], *, setting: str) -> None:
    """Have gRPC listen at a path.

    Args:
        path: Where; its folder is there.
        add: Has gRPC listen at an address; RuntimeError where it cannot.
        setting: What the user changes when that cannot be had.

    Raises:
        TransportError: Another program listens there, something else stands there, or it cannot be made.
    """
    with put_at(path, setting=setting) as made:
        try:
            add(f"unix:{made}")
        except RuntimeError as error:
            words = f"{path} cannot be listened on: is its path too long? choose another with {setting}"
            raise TransportError(words) from error
