"""Where a server listens: from what the user wrote to addresses that are free, and in words why there are none.

gRPC only says that it failed, so each address is tried with a socket of our own first.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from legation.errors import TransportError

LOCALHOST = "localhost"
"""The loopback addresses of both families, as far as the machine has them, whatever its hosts file says."""

_LOOPBACKS = ("127.0.0.1", "::1")
_WILDCARDS = frozenset({"*", "0.0.0.0", "::"})  # noqa: S104 - recognized, not chosen
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_ATTEMPTS = 10
"""How often a free port is looked for that is free on all addresses."""


def free_addresses(bind: Sequence[str], port: int) -> tuple[tuple[str, ...], int]:
    """Return addresses as gRPC writes them (`127.0.0.1:18000`, `[::1]:18000`) that can be listened on, and their port.

    Args:
        bind: IP addresses and host names; `localhost` is both families, `0.0.0.0` or `::` is every address of both.
        port: 0 takes a free one, the same on all.

    Raises:
        TransportError: The port is taken or may not be used, or an address is not one of this machine.
    """
    if not bind:
        raise TransportError("there is no address to listen on; give localhost, or an address of this machine")
    for _ in range(_ATTEMPTS):
        try:
            return _try_all(bind, port)
        except _PortTakenError as taken:
            if port:
                raise TransportError(str(taken)) from taken
    raise TransportError(f"no port is free on {', '.join(bind)}")


class _PortTakenError(Exception):
    """Something listens there already."""


def _try_all(bind: Sequence[str], port: int) -> tuple[tuple[str, ...], int]:
    # gRPC takes any wildcard for both families, and then there is nothing left for other addresses.
    wildcard = any(host in _WILDCARDS for host in bind)
    found: list[str] = []
    # All are held until the last is tried: a port of the kernel's choice must not be given away in between.
    with ExitStack() as held:
        for host in ("::",) if wildcard else bind:
            for family, address in _resolve(host, port):
                try:
                    probe = held.enter_context(_probe(family, address, port))
                except OSError as error:
                    if host in {LOCALHOST, "::"} and error.errno in _NO_SUCH_FAMILY:
                        continue
                    raise _explained(error, host, port) from error
                port = probe.getsockname()[1]
                written = f"[{address}]:{port}" if family == socket.AF_INET6 else f"{address}:{port}"
                if written not in found:
                    found.append(written)
                if host == "::":
                    break
    if not found:
        raise _explained(OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)), bind[0], port)
    return tuple(found), port


def _resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if host == LOCALHOST:
        return [(_family(address), address) for address in _LOOPBACKS]
    if host == "::":
        return [(socket.AF_INET6, "::"), (socket.AF_INET, "0.0.0.0")]  # noqa: S104 - the user chose it
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _explained(error, host, port) from error
    return [(family, str(address[0])) for family, _, _, _, address in found]


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _probe(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    probe = socket.socket(family, socket.SOCK_STREAM)
    try:
        # As gRPC does it: a port that is only waiting out old connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, port))
    except OSError:
        probe.close()
        raise
    return probe


def _explained(error: OSError, host: str, port: int) -> Exception:
    choose = "choose another port with --xds-port (in a program: port=; 0 takes a free one)"
    if error.errno == errno.EADDRINUSE:
        return _PortTakenError(f"port {port} on {host} is taken by another program; stop it, or {choose}")
    if error.errno == errno.EACCES:
        return TransportError(f"port {port} on {host} needs privileges; {choose}")
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        choose = "choose localhost or another with --xds-bind (in a program: bind=)"
        return TransportError(f"{host} is not an address of this machine; {choose}")
    return TransportError(f"port {port} on {host} cannot be listened on: {error.strerror or error}")
