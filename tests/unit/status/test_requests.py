"""What a failure of the API server means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.status.events import News
from legation.status.obstacles import Obstacles
from legation.status.requests import Counts, Requests
from legation.status.retries import Answer, Outcome
from legation.testing import ManualClock
from tests.unit.kube.loopback import Answer as Reply
from tests.unit.kube.loopback import Asked, Loopback, loopback
from tests.unit.status.worlds import CLUSTERS, state

STATUS = {"programmed": "1/1"}


class Script:
    """What the server says next, and the requests that it had."""

    def __init__(self) -> None:
        self.says: list[tuple[int, bytes]] = []
        self.headers: dict[str, str] = {}

    async def speak(self, asked: Asked, reply: Reply) -> None:
        status, body = self.says.pop(0)
        if body:
            await reply.whole(status, body, **self.headers)
        else:
            await reply.status(status, "", "no", **self.headers)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def server(script: Script) -> AsyncIterator[Loopback]:
    async with loopback(script.speak) as it:
        yield it


@pytest.fixture
async def requests(server: Loopback) -> AsyncIterator[Requests]:
    client = Client(Connection(server=server.url))
    yield Requests(
        client,
        obstacles=Obstacles(),
        counts=Counts(),
        instance="a",
        clock=ManualClock(),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
    )
    await client.aclose()


OURS = b'{"kind": "Cluster", "metadata": {"uid": "uid-of-web"}}'
OTHER = b'{"kind": "Cluster", "metadata": {"uid": "another"}}'


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ([(200, OURS)], Outcome.WRITTEN),
        ([(200, OTHER)], Outcome.AGAIN),
        ([(200, b"[]")], Outcome.HOLD),
        ([(200, b"<html>")], Outcome.HOLD),
        ([(401, b""), (401, b"")], Outcome.HOLD),
        ([(403, b"")], Outcome.EVENTS_ONLY),
        ([(404, b""), (404, b"")], Outcome.GONE),
        ([(404, b""), (200, OURS)], Outcome.EVENTS_ONLY),
        ([(404, b""), (200, OTHER)], Outcome.AGAIN),
        ([(404, b""), (403, b"")], Outcome.EVENTS_ONLY),
        ([(404, b""), (503, b"")], Outcome.HOLD),
        ([(404, b""), (200, b"<html>")], Outcome.HOLD),
        ([(409, b"")], Outcome.AGAIN),
        ([(422, b"")], Outcome.EVENTS_ONLY),
        ([(429, b"")], Outcome.HOLD),
        ([(500, b"")], Outcome.AGAIN),
        ([(503, b"")], Outcome.HOLD),
    ],
)
async def test_what_comes_of_a_status(
    requests: Requests, script: Script, says: list[tuple[int, bytes]], outcome: Outcome
) -> None:
    script.says = says
    assert (await requests.put(state(), CLUSTERS, STATUS)).outcome is outcome


async def test_it_is_applied_by_the_server_with_force(requests: Requests, script: Script, server: Loopback) -> None:
    script.says = [(200, OURS)]
    await requests.put(state(), CLUSTERS, STATUS)
    (asked,) = server.asked
    assert (asked.method, asked.headers["content-type"]) == ("PATCH", "application/apply-patch+yaml")
    path = "/apis/bootes.io/v1/namespaces/shop/clusters/web/status"
    assert asked.target == f"{path}?fieldManager=legation&force=true"


async def test_it_says_how_long_to_wait(requests: Requests, script: Script) -> None:
    script.says, script.headers = [(429, b"")], {"retry_after": "7"}
    assert await requests.put(state(), CLUSTERS, STATUS) == Answer(Outcome.HOLD, 7.0)


async def test_an_event_that_fails_is_dropped_and_logged_once(requests: Requests, script: Script) -> None:
    script.says = [(500, b""), (500, b""), (201, b'{"kind": "Event"}'), (500, b"")]
    with capture_logs() as logs:
        for _ in range(4):
            await requests.tell(News("Normal", "Programmed", "a note", "Deliver"), state(), CLUSTERS)
    assert [each["event"] for each in logs] == ["event not told"] * 2
    assert script.says == []
