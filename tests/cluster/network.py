"""A network of its own, where Pods have addresses: EndpointSlices refuse those of the loopback.

It is a network namespace of Linux, in which every 10.244.x.y is this machine. What a thread opens and starts while it
is inside belongs there, and so do threads that it starts; nothing leaves it. To make one takes CAP_SYS_ADMIN.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tests.cluster.go_programs import Missing

_HERE = Path("/proc/thread-self/ns/net")
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h
_SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x8914, 0x8916, 0x891C  # SIOCSIF... of linux/sockios.h
_ADD_ROUTE, _ROUTE_UP = 0x890B, 0x1  # SIOCADDRT, RTF_UP of linux/route.h
_UP = 0x1 | 0x40  # IFF_UP | IFF_RUNNING of linux/if.h


class Network:
    """A fresh network. Leaving the `with` block forgets it; it goes when the last who is inside has ended."""

    def __init__(self, *, loses: bool = False) -> None:
        """Make it.

        Args:
            loses: Whether what is sent elsewhere is lost, as behind a firewall that says nothing; else it is an error.

        Raises:
            Missing: This process may not, or this is not Linux.
        """
        if not _HERE.exists():
            raise Missing(f"a network of its own takes Linux: there is no {_HERE}")
        outside = os.open(_HERE, os.O_RDONLY)
        try:
            _call("unshare", _NEW_NETWORK)
            try:
                _open_loopback(loses=loses)
                self._inside = os.open(_HERE, os.O_RDONLY)
            finally:
                _call("setns", outside, _NEW_NETWORK)
        except PermissionError as error:
            raise Missing(f"a network of its own takes CAP_SYS_ADMIN, as root has it: {error}") from error
        finally:
            os.close(outside)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._inside)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread inside until the block ends."""
        outside = os.open(_HERE, os.O_RDONLY)
        try:
            _call("setns", self._inside, _NEW_NETWORK)
            try:
                yield
            finally:
                _call("setns", outside, _NEW_NETWORK)
        finally:
            os.close(outside)

    def addresses(self) -> Iterator[str]:
        """Yield addresses of Pods, each once."""
        return (f"10.244.{high}.{low}" for high in range(1, 255) for low in range(1, 255))


class _Route(ctypes.Structure):
    """struct rtentry of linux/route.h."""

    _fields_: ClassVar = [
        ("pad1", ctypes.c_ulong),
        ("destination", ctypes.c_char * 16),
        ("gateway", ctypes.c_char * 16),
        ("mask", ctypes.c_char * 16),
        ("flags", ctypes.c_ushort),
        ("pad2", ctypes.c_short),
        ("pad3", ctypes.c_ulong),
        ("pad4", ctypes.c_void_p),
        ("metric", ctypes.c_short),
        ("device", ctypes.c_char_p),
        ("mtu", ctypes.c_ulong),
        ("window", ctypes.c_ulong),
        ("irtt", ctypes.c_ushort),
    ]


def _open_loopback(*, loses: bool) -> None:
    """Bring up the loopback, which then has its usual addresses, and give it those of Pods."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:

        def configure(request: int, interface: bytes, value: bytes) -> None:
            # struct ifreq: a name and what is set.
            fcntl.ioctl(any_socket, request, struct.pack("16s24s", interface, value))

        def address(text: str) -> bytes:
            return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))

        configure(_SET_FLAGS, b"lo", struct.pack("=h", _UP))
        # On the loopback all addresses below the mask are this machine's.
        configure(_SET_ADDRESS, b"lo:1", address("10.244.0.1"))
        configure(_SET_MASK, b"lo:1", address("255.255.0.0"))
        if loses:
            # It comes back by the loopback, where nobody has such an address, and is dropped.
            anywhere = address("0.0.0.0")
            route = _Route(destination=anywhere, gateway=anywhere, mask=anywhere, flags=_ROUTE_UP, device=b"lo")
            fcntl.ioctl(any_socket, _ADD_ROUTE, bytes(route))


def _call(name: str, *arguments: int) -> None:
    # Python has these itself from 3.12 on.
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
