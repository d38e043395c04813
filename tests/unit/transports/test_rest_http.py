"""What HTTP itself brings: large bodies, clients that hang up, patience in headers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.model.resource_types import CLUSTER, ResourceType
from legation.testing import ManualClock
from legation.transports.base import Refusal
from legation.transports.conduct import LINE_RATE, LINES, Conduct
from legation.transports.rest_http import RECEIVE_LIMIT, rest_app

if TYPE_CHECKING:
    from starlette.types import Message


class Poller:
    """Answers every poll with what a test says, and remembers what it was asked."""

    def __init__(self, answer: bytes | Exception | None = None) -> None:
        self.answer = answer
        self.bodies: list[bytes] = []
        self.peers: list[Peer] = []
        self.patience: list[float] = []

    async def __call__(
        self, row: ResourceType, body: bytes, peer: Peer, *, patience: float, gone: asyncio.Future[Message]
    ) -> bytes | None:
        assert row is CLUSTER
        assert not gone.done()
        self.bodies.append(body)
        self.peers.append(peer)
        self.patience.append(patience)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def ask(
    poller: Poller, *parts: bytes, headers: dict[str, str] | None = None, host: str = "10.0.0.1", ends: bool = True
) -> tuple[int, bytes]:
    """Return status and body of the answer to a POST that comes in parts; it breaks off if it does not end."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": CLUSTER.rest_path,
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": (host, 1234),
    }
    said: list[Message] = []
    coming: list[Message] = [
        {"type": "http.request", "body": part, "more_body": not ends or index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]

    async def receive() -> Message:
        if coming:
            return coming.pop(0)
        if not ends:
            return {"type": "http.disconnect"}
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await never

    async def send(message: Any) -> None:
        said.append(message)

    await rest_app(poller, conduct=Conduct(ManualClock()))(scope, receive, send)
    return said[0]["status"], said[1]["body"]


async def test_a_body_may_come_in_parts() -> None:
    poller = Poller(b"{}")
    assert await ask(poller, b"a", b"b", b"") == (200, b"{}")
    assert poller.bodies == [b"ab"]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused_before_it_is_read_whole(*, announced: bool) -> None:
    poller = Poller()
    part = b" " * (RECEIVE_LIMIT // 2 + 1)
    headers = {"content-length": str(2 * len(part))} if announced else {}
    status, words = await ask(poller, part, part, headers=headers)
    assert status == 413
    assert b"larger than 4 MiB" in words
    assert not poller.bodies


async def test_a_client_that_breaks_off_asks_nothing() -> None:
    poller = Poller(b"{}")
    await ask(poller, b"a", ends=False)
    assert not poller.bodies


@pytest.mark.parametrize(
    ("headers", "patience"),
    [
        ({}, 0),
        ({"x-envoy-expected-rq-timeout-ms": "1000"}, 0.8),
        ({"x-envoy-expected-rq-timeout-ms": "soon"}, 0),
        ({"prefer": "respond-async, Wait=10; x=y"}, 10),
        ({"prefer": 'wait="3"'}, 3),
        ({"prefer": "wait=-3"}, 0),
        ({"prefer": "waits=3"}, 0),
        ({"prefer": "wait=" + "9" * 400}, 0),
    ],
)
async def test_how_long_a_client_waits_stands_in_its_headers(headers: dict[str, str], patience: float) -> None:
    poller = Poller()
    await ask(poller, b"{}", headers=headers)
    assert poller.patience == [pytest.approx(patience)]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.1", "ipv4:10.0.0.1"),
        ("2001:db8::1", "ipv6:[2001:db8::1]"),
        ("::1", "ipv4:127.0.0.1"),
        ("127.0.0.1", "ipv4:127.0.0.1"),
    ],
)
async def test_a_client_is_known_by_its_host(host: str, address: str) -> None:
    poller = Poller()
    await ask(poller, b"{}", host=host)
    assert poller.peers == [Peer(address=address, transport="rest")]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RemoteProtocolError("INVALID_ARGUMENT", "words"), 400),
        (Refusal("PERMISSION_DENIED", "words"), 403),
        (RemoteProtocolError("NOT_FOUND", "words"), 404),
        (Refusal("UNAVAILABLE", "words"), 503),
        (RemoteProtocolError("INTERNAL", "words"), 500),
    ],
)
async def test_errors_have_a_status_and_words(error: Exception, status: int) -> None:
    assert await ask(Poller(error), b"{}") == (status, b"words\n")


async def test_a_host_that_is_wrong_at_every_poll_is_logged_now_and_then() -> None:
    app = Poller(RemoteProtocolError("INVALID_ARGUMENT", "words"))
    clock = ManualClock()
    rest = rest_app(app, conduct=Conduct(clock))

    async def poll(host: str) -> None:
        scope = {"type": "http", "method": "GET", "path": CLUSTER.rest_path, "headers": [], "client": (host, 1)}

        async def receive() -> Message:
            raise AssertionError

        async def send(_: Any) -> None:
            pass

        await rest(scope, receive, send)

    async def said(host: str, *, polls: int = 1) -> int:
        with capture_logs() as lines:
            for _ in range(polls):
                await poll(host)
        return sum(line["event"] == "poll refused" for line in lines)

    assert await said("10.0.0.1", polls=200) == LINES
    assert await said("10.0.0.2") == 1, "others are heard"
    await clock.advance(1 / LINE_RATE)
    assert await said("10.0.0.1") == 1, "and it is, later"
