"""Watch over HTTP: lines of JSON, server-sent events, and how both end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TYPE_CHECKING

import pytest
from google.rpc import code_pb2

from legation.api.management.apart import Apart
from legation.api.management.http_streams import streamed
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from tests.unit.api.management.served import PATIENCE, Served, reason, serving

if TYPE_CHECKING:
    from google.protobuf.message import Message

SYNCED = pb.WatchEvent(resume_token="t1", synced=pb.Synced())
PUT = pb.WatchEvent(resume_token="t2", object=pb.ObjectChange(change=pb.ObjectChange.PUT))
COMPACTED = Refused.of(code_pb2.OUT_OF_RANGE, "list anew", reason="COMPACTED")
EVENTS = {"accept": "text/event-stream"}


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as made:
        yield made


async def test_each_event_is_a_line(served: Served) -> None:
    async with served.client.stream("GET", "/v1/watch?kind=Cluster") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/x-ndjson"
        lines = response.aiter_lines()
        for event in (SYNCED, PUT):
            await served.service.events.put(event)
            found = json.loads(await anext(lines))
            assert found["resumeToken"] == event.resume_token
        await served.service.events.put(None)
        assert [each async for each in lines] == []
    assert served.service.last == pb.WatchRequest(kind="Cluster")


async def test_a_browser_gets_events_and_goes_on_after_the_last(served: Served) -> None:
    for event in (SYNCED, PUT, None):
        await served.service.events.put(event)
    response = await served.client.get("/v1/watch", headers={**EVENTS, "last-event-id": "t0"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert served.service.last.resume_token == "t0"
    first, second, rest = response.text.split("\n\n")
    assert rest == ""
    assert first.splitlines() == ["id: t1", "event: synced", 'data: {"resumeToken":"t1","synced":{}}']
    assert second.splitlines()[:2] == ["id: t2", "event: object"]


async def test_what_is_refused_at_once_has_its_own_status(served: Served) -> None:
    await served.service.events.put(COMPACTED)
    response = await served.client.get("/v1/watch?resume_token=x")
    assert response.status_code == 400
    assert reason(response) == "COMPACTED"
    assert served.service.watching == 0


@pytest.mark.parametrize("headers", [{}, EVENTS], ids=["lines", "events"])
@pytest.mark.parametrize(
    ("error", "code"),
    [(COMPACTED, code_pb2.OUT_OF_RANGE), (ValueError("secret"), code_pb2.INTERNAL)],
    ids=["no", "fault"],
)
async def test_what_is_refused_later_is_the_last_that_is_said(
    served: Served, headers: dict[str, str], error: Exception, code: int
) -> None:
    for event in (SYNCED, error):
        await served.service.events.put(event)
    response = await served.client.get("/v1/watch", headers=headers)
    assert response.status_code == 200
    last = response.text.rstrip().splitlines()[-1].removeprefix("data: ")
    assert json.loads(last)["error"]["code"] == code
    assert "secret" not in response.text
    assert bool(served.faults) == (code == code_pb2.INTERNAL)


async def test_when_the_client_goes_the_stream_is_closed(served: Served) -> None:
    await served.service.events.put(SYNCED)
    async with served.client.stream("GET", "/v1/watch") as response:
        await anext(response.aiter_lines())
    async with asyncio.timeout(PATIENCE):
        await served.service.ended.wait()
    assert served.service.watching == 0


async def test_a_stream_of_events_that_is_silent_shows_that_it_stands() -> None:
    silent = asyncio.Event()

    async def messages() -> AsyncGenerator[Message]:
        yield SYNCED
        await silent.wait()

    faults: list[Exception] = []
    answer = await streamed(messages(), as_events=True, fault=faults.append, apart=Apart(), keep_alive=0.01)
    said = answer.said
    async with asyncio.timeout(PATIENCE):
        found = [await anext(said) for _ in range(3)]
    assert found[1:] == [b":\n\n", b":\n\n"]
    await said.aclose()
    assert not faults


async def test_who_reads_nothing_is_given_up() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def messages() -> AsyncGenerator[Message]:
        try:
            while True:
                yield SYNCED
        finally:
            ended.set()

    async def receive() -> dict[str, str]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: object) -> None:
        del message
        begun.set()
        await asyncio.Event().wait()

    answer = await streamed(messages(), as_events=False, fault=lambda _: None, apart=Apart(), read_within=0.01)
    scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}}
    async with asyncio.timeout(PATIENCE):
        await answer(scope, receive, send)
    assert begun.is_set()
    assert ended.is_set()
