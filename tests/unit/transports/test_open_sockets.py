"""The connections of this process: which are seen, and which are ended."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from legation.transports import open_sockets
from legation.transports.open_sockets import Remote, remote_of

PATIENCE = 10.0


class Port:
    """A port of ours, and who has connected to it."""

    def __init__(self, closing: ExitStack, *, family: socket.AddressFamily, host: str) -> None:
        self._closing = closing
        self._listening = closing.enter_context(socket.socket(family))
        self._listening.bind((host, 0))
        self._listening.listen()
        self.number: int = self._listening.getsockname()[1]

    def connected(self) -> tuple[socket.socket, Remote]:
        """Return the client's side of a connection that was accepted, and its address."""
        client = self._closing.enter_context(socket.socket(self._listening.family))
        client.settimeout(PATIENCE)
        client.connect(self._listening.getsockname())
        self._closing.enter_context(self._listening.accept()[0])
        host, port, *_ = client.getsockname()
        return client, (host, port)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def ipv4(closing: ExitStack) -> Port:
    return Port(closing, family=socket.AF_INET, host="127.0.0.1")


def test_connections_at_our_ports_are_seen_and_no_others(closing: ExitStack) -> None:
    first, second, other = ipv4(closing), ipv4(closing), ipv4(closing)
    seen = [port.connected()[1] for port in (first, second, first)]
    other.connected()
    assert sorted(open_sockets.remotes({first.number, second.number})) == sorted(seen)
    assert open_sockets.remotes(()) == []


def test_the_one_that_is_meant_is_ended_and_the_others_go_on(closing: ExitStack) -> None:
    port, other = ipv4(closing), ipv4(closing)
    (going, remote), (staying, _), (elsewhere, _) = port.connected(), port.connected(), other.connected()
    assert open_sockets.hang_up({port.number}, when=lambda each: each == remote) == 1
    assert going.recv(1) == b""
    assert open_sockets.hang_up({port.number}, when=lambda each: each[0] == "10.0.0.1") == 0
    for client in (staying, elsewhere):
        client.settimeout(0)
        with pytest.raises(BlockingIOError):
            client.recv(1)


def test_looking_opens_nothing_for_good(closing: ExitStack) -> None:
    port = ipv4(closing)
    port.connected()
    before = open_sockets.count()
    for _ in range(3):
        open_sockets.remotes({port.number})
    assert before == open_sockets.count() > 0


def test_where_the_system_has_no_such_folder_nothing_is_seen(
    closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = ipv4(closing)
    port.connected()
    monkeypatch.setattr(open_sockets, "_FOLDER", "/nowhere")
    assert (open_sockets.count(), open_sockets.remotes({port.number})) == (0, [])
    assert open_sockets.hang_up({port.number}, when=lambda _: True) == 0


@pytest.mark.parametrize(
    ("peer", "remote"),
    [
        ("ipv4:127.0.0.1:50312", ("127.0.0.1", 50312)),
        ("ipv6:[::1]:50312", ("::1", 50312)),
        ("ipv6:[::ffff:10.0.0.1]:7", ("10.0.0.1", 7)),
        ("unix:", ("", 0)),
    ],
)
def test_the_other_side_as_grpc_writes_it(peer: str, remote: Remote) -> None:
    assert remote_of(peer) == remote
