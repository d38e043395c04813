"""The connections that this process has open at ports, and how to end one: gRPC tells of none before it has a stream.

It looks at the process's own file descriptors, and needs no right for that. It refuses to know who may stay. The one
invariant: what is ended is the very connection that was looked at, for a copy of its descriptor is held meanwhile.
Where a system has no /dev/fd there is nothing to be seen.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import TypeAlias

from legation.model.node import canonical_ip

Remote: TypeAlias = tuple[str, int]
"""IP address and port of the other side."""

_FOLDER = "/dev/fd"
_FAMILIES = {socket.AF_INET, socket.AF_INET6}


def count() -> int:
    """Return how many descriptors are open, of whatever kind: cheap, also with thousands."""
    try:
        return len(os.listdir(_FOLDER))  # noqa: PTH208 - names are all that is wanted, and quickly
    except OSError:
        return 0


def remotes(ports: Collection[int]) -> list[Remote]:
    """Return the other side of each connection at those ports of ours."""
    return [remote for _, remote in _connections(ports)]


def hang_up(ports: Collection[int], *, when: Callable[[Remote], bool]) -> int:
    """End connections at those ports of ours, and return how many: whoever reads one finds that the other side left."""
    ended = 0
    for connection, remote in _connections(ports):
        if when(remote):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                ended += 1
    return ended


def remote_of(peer: str) -> Remote:
    """Return the other side of a connection as gRPC writes it: `ipv4:127.0.0.1:50312`, `ipv6:[::1]:50312`."""
    rest = peer.partition(":")[2]
    host, _, port = rest.rpartition(":")
    return canonical_ip(host.strip("[]")), int(port) if port.isdigit() else 0


def _connections(ports: Collection[int]) -> Iterator[tuple[socket.socket, Remote]]:
    """Yield a copy of each, which is closed afterwards."""
    try:
        names = os.listdir(_FOLDER)  # noqa: PTH208 - names are all that is wanted, and quickly
    except OSError:
        return
    for name in names:
        copy = _copied(int(name))
        if copy is None:
            continue
        with copy:
            try:
                if copy.family not in _FAMILIES or copy.getsockname()[1] not in ports:
                    continue
                host, remote_port, *_ = copy.getpeername()
            except OSError:
                # It listens, or has ended just now.
                continue
            yield copy, (canonical_ip(host), remote_port)


def _copied(descriptor: int) -> socket.socket | None:
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    try:
        return socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
