"""Where a server listens: from what the user wrote to sockets that listen, and in words why there are none."""

from __future__ import annotations

import errno
import os
import resource
import socket
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from legation.errors import TransportError

_ENOUGH = 1 << 16
"""Descriptors. More are asked for by nobody, and what starts another program looks at each of them."""
LOCALHOST = "localhost"
"""The loopback addresses of both families, as far as the machine has them, whatever its hosts file says."""

_LOOPBACKS = ("127.0.0.1", "::1")
_EVERY, _EVERY_IPV4 = "::", "0.0.0.0"  # noqa: S104 - the user chooses it
_WILDCARDS = frozenset({"*", _EVERY, _EVERY_IPV4})
_NO_SUCH_ADDRESS = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_LONGEST_PATH = 107
"""Bytes, see unix(7)."""
_MADE = "s"
"""What a Unix socket is called before it comes to its path; a long name has no room in an address."""
_ATTEMPTS = 10
"""How often a free port is looked for that is free on all addresses."""
_NUMERIC = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV


def listen(hosts: Sequence[str], port: int, *, port_setting: str, bind_setting: str) -> list[socket.socket]:
    """Return sockets that listen there, one for each address; the caller closes them.

    Args:
        hosts: IP addresses and host names; `localhost` is both families, `0.0.0.0`, `::` or `*` is every address of
            both. Of the addresses that a host has, those that this machine does not have are passed over.
        port: 0 takes a free one, the same on all.
        port_setting: What the user changes when the port cannot be had: `--xds-port`.
        bind_setting: What the user changes when a host is not this machine: `--xds-bind`.

    Raises:
        TransportError: The port is taken or may not be used, or a host has no address of this machine.
    """
    if not hosts:
        raise TransportError(f"there is no address to listen on; choose localhost or another with {bind_setting}")
    # One socket for every address takes the port from all others.
    hosts = next(((each,) for each in hosts if each in _WILDCARDS), tuple(hosts))
    for _ in range(_ATTEMPTS):
        try:
            return _listen_on_all(hosts, port)
        except _CannotListenError as failed:
            if port or failed.error.errno != errno.EADDRINUSE:
                words = _why(failed, port, port_setting=port_setting, bind_setting=bind_setting)
                raise TransportError(words) from failed.error
    raise TransportError(f"no port is free on {', '.join(hosts)}")


def port_of(sockets: Sequence[socket.socket]) -> int:
    """Return the port where they listen."""
    port: int = sockets[0].getsockname()[1]
    return port


def addresses_of(sockets: Iterable[socket.socket]) -> tuple[str, ...]:
    """Return where they listen, as `127.0.0.1:18000` and `[::1]:18000`."""
    names = [socket.getnameinfo(each.getsockname(), _NUMERIC) for each in sockets]
    return tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in names)


def listen_at(path: Path, *, setting: str) -> socket.socket:
    """Return a Unix socket that listens at a path, for the user alone who runs this; the caller calls `close_at`.

    What a program has left there that was killed is replaced.

    Args:
        path: Where; its folder is there.
        setting: What the user changes when that cannot be had: `--management-socket`.

    Raises:
        TransportError: Another program listens there, something else stands there, or it cannot be made.
    """
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with put_at(path, setting=setting) as made:
            listening.bind(os.fspath(made))
            listening.listen()
    except BaseException:
        listening.close()
        raise
    return listening


@contextmanager
def put_at(path: Path, *, setting: str) -> Iterator[Path]:
    """Yield where a block makes a Unix socket that listens; then it comes to its path, in place of what was left there.

    It is made in a folder that is nobody else's and has a name that nobody can guess, and closed to others before it
    leaves that: until it stands at its path nobody but its owner can connect to it, or put something else there.

    Args:
        path: Where it comes to; its folder is there. Whoever may rename what stands in that may do so afterwards.
        setting: What the user changes when that cannot be had: `--management-socket`.

    Raises:
        TransportError: Another program listens there, something else stands there, or it cannot be made.
    """
    check_free(path, setting=setting)
    if len(os.fsencode(path)) > _LONGEST_PATH:
        why = f"its path is too long, for more than {_LONGEST_PATH} bytes nobody can connect to"
        raise TransportError(f"{path} cannot be listened on: {why}; choose another with {setting}")
    try:
        with TemporaryDirectory(prefix=".", dir=path.absolute().parent, ignore_cleanup_errors=True) as own:
            folder = os.open(own, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                yield Path(own, _MADE)
                # By the open folder: if somebody has put another one at its path, the socket is not in here.
                made = os.lstat(_MADE, dir_fd=folder)
                if not stat.S_ISSOCK(made.st_mode) or {made.st_uid, os.fstat(folder).st_uid} != {os.geteuid()}:
                    raise TransportError(f"{path} cannot be listened on: somebody else puts something there")
                os.chmod(_MADE, 0o600, dir_fd=folder)
                os.rename(_MADE, path, src_dir_fd=folder)
            finally:
                os.close(folder)
    except OSError as error:
        # Python itself refuses a path that is too long, without a number.
        why = error.strerror or f"its path is too long ({error}); choose a shorter one"
        raise TransportError(f"{path} cannot be listened on: {why}; choose another with {setting}") from error


def close_at(path: Path, listening: socket.socket) -> None:
    """Close a Unix socket, and remove it unless somebody else listens there by now."""
    listening.close()
    remove_at(path)


def remove_at(path: Path) -> None:
    """Remove a Unix socket at which nobody listens (any more)."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)  # noqa: FBT003 - the name says it
        if asking.connect_ex(os.fspath(path)) == errno.ECONNREFUSED:
            path.unlink(missing_ok=True)


def check_free(path: Path, *, setting: str) -> None:
    """Look whether a Unix socket can be put at a path; what nobody listens at is in nobody's way.

    Raises:
        TransportError: Another program listens there, or something else stands there.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        why = f"{error.strerror}; choose another with {setting}"
        raise TransportError(f"{path} cannot be listened on: {why}") from error
    if not stat.S_ISSOCK(mode):
        raise TransportError(f"{path} is there and no socket; choose another with {setting}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        # With all of its queue full it does not answer, and is there all the same.
        asking.setblocking(False)  # noqa: FBT003 - the name says it
        if asking.connect_ex(os.fspath(path)) not in {errno.ECONNREFUSED, errno.ENOENT}:
            raise TransportError(f"another program listens at {path}; stop it, or choose another with {setting}")


def allow_connections() -> None:
    """Let this process have as many connections as the system allows it; what it starts with is often few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, _ENOUGH) if hard != resource.RLIM_INFINITY else _ENOUGH
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def most_connections() -> int:
    """Return how many strangers may be connected to a port: others, and files, need descriptors too."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _ENOUGH // 2 if soft == resource.RLIM_INFINITY else min(soft, _ENOUGH) // 2


class _CannotListenError(Exception):
    def __init__(self, host: str, error: OSError) -> None:
        super().__init__(host, error)
        self.host = host
        self.error = error


def _listen_on_all(hosts: Sequence[str], port: int) -> list[socket.socket]:
    found: dict[str, socket.socket] = {}
    # All are held until the last is open: a port of the kernel's choice must not be given away in between.
    with ExitStack() as undo:
        for host in hosts:
            try:
                port = _listen_on_host(host, port, found, undo)
            except OSError as error:
                raise _CannotListenError(host, error) from error
        undo.pop_all()
    return list(found.values())


def _listen_on_host(host: str, port: int, found: dict[str, socket.socket], undo: ExitStack) -> int:
    """Add a socket for each address of the host that has none yet, and return the port."""
    addresses = _resolve(host)
    for address in addresses:
        if address not in found and (opened := _listen_if_ours(address, port)) is not None:
            found[address] = undo.enter_context(opened)
            port = port_of([opened])
    if not found.keys() & addresses:
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return port


def _resolve(host: str) -> list[str]:
    if host == LOCALHOST:
        return list(_LOOPBACKS)
    if host in _WILDCARDS:
        return [_EVERY if socket.has_dualstack_ipv6() else _EVERY_IPV4]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        # What can be no name is not looked for.
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return [socket.getnameinfo(address, _NUMERIC)[0] for *_, address in found]


def _listen_if_ours(address: str, port: int) -> socket.socket | None:
    try:
        return _listen_on(address, port)
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS:
            return None
        raise


def _listen_on(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named, for asyncio sends small answers at once (TCP_NODELAY) only where it is: else each waits
    # 40 ms for the acknowledgement of what went before.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A port that is only waiting out old connections is free.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listening.family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != _EVERY)
        listening.bind((address, port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening


def _why(failed: _CannotListenError, port: int, *, port_setting: str, bind_setting: str) -> str:
    host, error = failed.host, failed.error
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken by another program; stop it, or choose another port with {port_setting}"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} needs privileges; choose another port with {port_setting}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; choose localhost or another with {bind_setting}"
    return f"port {port} on {host} cannot be listened on: {error.strerror or error}"
