"""A network of its own, where Pods have addresses: EndpointSlices refuse those of the loopback.

It is a network namespace of Linux, in which every 10.244.x.y is this machine. What a thread opens and starts while it
is inside belongs there, and so do threads that it starts; nothing leaves it. To make one takes CAP_SYS_ADMIN.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.cluster import interfaces
from tests.cluster.go_programs import Missing
from tests.cluster.interfaces import LOOPBACK

_HERE = Path("/proc/thread-self/ns/net")
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h


class Namespace:
    """A fresh network. Leaving the `with` block forgets it; it goes when the last who is inside has ended."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        """Make it.

        Args:
            prepare: What is done inside before anybody else is.

        Raises:
            Missing: This process may not, or this is not Linux.
        """
        if not _HERE.exists():
            raise Missing(f"a network of its own takes Linux: there is no {_HERE}")
        outside = os.open(_HERE, os.O_RDONLY)
        try:
            _call("unshare", _NEW_NETWORK)
            try:
                prepare()
                self.descriptor = os.open(_HERE, os.O_RDONLY)
            finally:
                _call("setns", outside, _NEW_NETWORK)
        except PermissionError as error:
            raise Missing(f"a network of its own takes CAP_SYS_ADMIN, as root has it: {error}") from error
        finally:
            os.close(outside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self.descriptor)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread inside until the block ends."""
        outside = os.open(_HERE, os.O_RDONLY)
        try:
            _call("setns", self.descriptor, _NEW_NETWORK)
            try:
                yield
            finally:
                _call("setns", outside, _NEW_NETWORK)
        finally:
            os.close(outside)


class Network(Namespace):
    """A network in which every address of a Pod is this machine."""

    def __init__(self, *, loses: bool = False) -> None:
        """Make it.

        Args:
            loses: Whether what is sent elsewhere is lost, as behind a firewall that says nothing; else it is an error.
        """
        super().__init__(partial(_open_loopback, loses=loses))

    def addresses(self) -> Iterator[str]:
        """Yield addresses of Pods, each once."""
        return (f"10.244.{high}.{low}" for high in range(1, 255) for low in range(1, 255))


def _open_loopback(*, loses: bool) -> None:
    """Bring up the loopback, which then has its usual addresses, and give it those of Pods."""
    interfaces.bring_up(LOOPBACK)
    # On the loopback all addresses below the mask are this machine's.
    interfaces.give_address(f"{LOOPBACK}:1", "10.244.0.1", "255.255.0.0")
    if loses:
        # It comes back by the loopback, where nobody has such an address, and is dropped.
        interfaces.route_all(through=LOOPBACK)


def _call(name: str, *arguments: int) -> None:
    # Python has these itself from 3.12 on.
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
