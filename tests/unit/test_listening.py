from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from legation.errors import TransportError
from legation.listening import (
    addresses_of,
    allow_connections,
    close_at,
    listen,
    listen_at,
    most_connections,
    port_of,
)


@contextmanager
def listening(hosts: Sequence[str], port: int = 0) -> Iterator[list[socket.socket]]:
    """Listen for the time of a block."""
    sockets = listen(hosts, port, port_setting="--xds-port", bind_setting="--xds-bind")
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def told(hosts: Sequence[str], port: int = 0) -> str:
    """Return why these cannot be listened on."""
    with pytest.raises(TransportError) as error, listening(hosts, port):
        pass
    return str(error.value)


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port where something listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have IPv4 alone."""

    class OnlyIPv4(socket.socket):
        def __init__(self, family: int, *rest: Any, **more: Any) -> None:
            if family == socket.AF_INET6:
                raise failure(errno.EAFNOSUPPORT)
            super().__init__(family, *rest, **more)

    monkeypatch.setattr(socket, "socket", OnlyIPv4)


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def failing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let no address be taken."""

    def bind(*_: object) -> None:
        raise failure(number)

    monkeypatch.setattr(socket.socket, "bind", bind)


# ------------------------------------------------------------------------------------------------------------- where


def test_localhost_is_both_families_on_one_free_port() -> None:
    with listening(["localhost"]) as sockets:
        port = port_of(sockets)

        assert port > 0
        assert addresses_of(sockets) == (f"127.0.0.1:{port}", f"[::1]:{port}")


def test_who_connects_is_heard() -> None:
    with listening(["localhost"]) as sockets:
        for each in sockets:
            with socket.create_connection(each.getsockname()[:2], timeout=20), closing(each.accept()[0]):
                pass


def test_a_port_that_is_given_is_the_one(taken: int) -> None:
    with listening(["127.0.0.1"]) as sockets:
        port = port_of(sockets)
    with listening(["localhost"], port) as sockets:
        assert port_of(sockets) == port


@pytest.mark.usefixtures("without_ipv6")
def test_a_machine_without_ipv6_listens_on_the_other_loopback() -> None:
    with listening(["localhost"]) as sockets:
        assert addresses_of(sockets) == (f"127.0.0.1:{port_of(sockets)}",)


@pytest.mark.parametrize("hosts", [["0.0.0.0"], ["::"], ["*"], ["127.0.0.1", "::"]])
def test_every_wildcard_is_every_address_of_both_families(hosts: list[str]) -> None:
    with listening(hosts) as sockets:
        assert addresses_of(sockets) == (f"[::]:{port_of(sockets)}",)
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port_of(sockets)), timeout=20).close()


@pytest.mark.usefixtures("without_ipv6")
def test_a_wildcard_without_ipv6_is_every_address_of_ipv4() -> None:
    with listening(["::"]) as sockets:
        assert addresses_of(sockets) == (f"0.0.0.0:{port_of(sockets)}",)


def test_an_address_that_is_given_twice_is_listened_on_once() -> None:
    with listening(["127.0.0.1", "localhost"]) as sockets:
        port = port_of(sockets)

        assert addresses_of(sockets) == (f"127.0.0.1:{port}", f"[::1]:{port}")


def test_a_name_is_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which 192.0.2.1, out of the block for documentation, is no machine's."""
    numeric = socket.getaddrinfo
    addresses = ("127.0.0.1", "192.0.2.1", "::1")
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, port, **how: [numeric(each, port, **how)[0] for each in addresses]
    )
    with listening(["edge.example.org"]) as sockets:
        port = port_of(sockets)

        assert addresses_of(sockets) == (f"127.0.0.1:{port}", f"[::1]:{port}")


# ----------------------------------------------------------------------------------------------------------- why not


def test_a_taken_port_is_told_with_the_mend(taken: int) -> None:
    assert told(["localhost"], taken) == (
        f"port {taken} on localhost is taken by another program; stop it, or choose another port with --xds-port"
    )


def test_what_was_opened_before_the_failure_is_closed(taken: int) -> None:
    """In the other family it would be free; a socket left open is a warning, and that an error."""
    assert "is taken by another program" in told(["::1", "127.0.0.1"], taken)
    with listening(["::1"], taken):
        pass


def test_a_port_that_is_free_in_one_family_only_is_not_taken_for_free(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EADDRINUSE)

    assert told(["localhost"]) == "no port is free on localhost"


def test_an_address_of_another_machine_is_told_with_the_mend() -> None:
    assert told(["192.0.2.1"]) == (
        "192.0.2.1 is not an address of this machine; choose localhost or another with --xds-bind"
    )


@pytest.mark.parametrize("host", ["no such host", "a..b"])
def test_a_name_that_is_no_address_is_told_with_the_mend(host: str) -> None:
    assert told([host]).startswith(f"{host} is not an address of this machine; choose localhost or another with")


def test_a_machine_without_a_loopback_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EADDRNOTAVAIL)

    assert told(["localhost"]).startswith("localhost is not an address of this machine")


def test_a_privileged_port_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EACCES)

    assert told(["localhost"], 80) == ("port 80 on localhost needs privileges; choose another port with --xds-port")


def test_any_other_failure_is_told_in_the_words_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, errno.EMFILE)

    assert told(["localhost"], 80) == "port 80 on localhost cannot be listened on: Too many open files"


def test_no_address_at_all_is_told() -> None:
    assert told([]) == "there is no address to listen on; choose localhost or another with --xds-bind"


def test_what_is_listened_on_names_its_protocol() -> None:
    """asyncio sends at once (TCP_NODELAY) only on connections whose socket says that it is TCP."""
    with listening(("127.0.0.1",)) as sockets:
        assert [each.proto for each in sockets] == [socket.IPPROTO_TCP]


# -------------------------------------------------------------------------------------------------------- Unix sockets


def refused_at(path: Path) -> str:
    with pytest.raises(TransportError) as error:
        listen_at(path, setting="--management-socket")
    return str(error.value)


def test_a_unix_socket_is_opened_by_its_owner_alone_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    listening_at = listen_at(path, setting="--management-socket")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(os.fspath(path))
    close_at(path, listening_at)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_program_left_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(os.fspath(path))
    listening_at = listen_at(path, setting="--management-socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(os.fspath(path))
    close_at(path, listening_at)


def test_another_program_that_listens_there_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    first = listen_at(path, setting="--management-socket")
    said = refused_at(path)
    assert said == f"another program listens at {path}; stop it, or choose another with --management-socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.connect(os.fspath(path))
    close_at(path, first)


def test_a_program_that_came_in_its_place_keeps_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    first = listen_at(path, setting="--management-socket")
    path.unlink()
    second = listen_at(path, setting="--management-socket")
    close_at(path, first)
    assert path.exists()
    close_at(path, second)


def test_what_is_no_socket_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("mine")
    assert refused_at(path) == f"{path} is there and no socket; choose another with --management-socket"
    assert path.read_text() == "mine"


def test_a_path_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    assert "No such file or directory" in refused_at(tmp_path / "none" / "api.sock")
    assert "too long" in refused_at(tmp_path / ("a" * 120))


def test_as_many_connections_as_the_system_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {"limit": (1024, 524_288)}
    monkeypatch.setattr("legation.listening.resource.getrlimit", lambda _: held["limit"])
    monkeypatch.setattr("legation.listening.resource.setrlimit", lambda _, limit: held.__setitem__("limit", limit))
    assert most_connections() == 512
    allow_connections()
    assert held["limit"] == (65_536, 524_288)
    assert most_connections() == 32_768

    held["limit"] = (1024, 4096)
    allow_connections()
    assert held["limit"] == (4096, 4096)

    held["limit"] = (100_000, 524_288)
    allow_connections()
    assert held["limit"] == (100_000, 524_288), "what it has is not taken away"
