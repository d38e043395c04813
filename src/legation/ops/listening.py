"""Listening sockets, and in words why there are none."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

from legation.errors import TransportError

_LOCALHOST = ("127.0.0.1", "::1")
_NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_ATTEMPTS = 10
"""How often a free port is looked for that is free in both families."""


def listen(*, bind: str, port: int, setting: str) -> list[socket.socket]:
    """Return sockets that listen there: `localhost` is both families, as far as the machine has them.

    Args:
        bind: A host name or an IP address.
        port: 0 takes any free one, the same in both families.
        setting: What the user can change when the port is taken: `--health-port`.

    Raises:
        TransportError: The port is taken, may not be used, or the host is not one of this machine.
    """
    hosts = _LOCALHOST if bind == "localhost" else (bind,)
    for _ in range(_ATTEMPTS):
        try:
            return _listen_all(hosts, port=port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE:
                raise TransportError(_why(error, bind=bind, port=port, setting=setting)) from error
    raise TransportError(f"no port is free on {bind}")


def port_of(sockets: list[socket.socket]) -> int:
    """Return the port where they listen."""
    port: int = sockets[0].getsockname()[1]
    return port


def _listen_all(hosts: tuple[str, ...], *, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as undo:
        for host in hosts:
            try:
                sockets.append(undo.enter_context(_listen(host, port=port_of(sockets) if sockets else port)))
            except OSError as error:
                # A machine may have only one of the families of localhost.
                if len(hosts) == 1 or error.errno not in _NO_SUCH_FAMILY:
                    raise
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        undo.pop_all()
    return sockets


def _listen(host: str, *, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` is every address of both families, as it is for gRPC.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
        listening.bind(address)
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


def _why(error: OSError, *, bind: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {bind} is taken by another program; stop it, or choose another port with {setting}"
    if error.errno == errno.EACCES:
        return f"port {port} on {bind} needs privileges; choose one from 1024 up with {setting}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{bind} is not an address of this machine; see {setting.removesuffix('port')}bind"
    return f"port {port} on {bind} cannot be listened on: {error.strerror or error}"
