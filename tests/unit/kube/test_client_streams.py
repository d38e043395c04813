"""Answers that come line by line, from a server on loopback: how they go on, end and break."""

from __future__ import annotations

import asyncio
import contextlib
import gc

import pytest

from legation.errors import KubeUnreachable
from tests.unit.kube.loopback import Answer, Asked, client_of, loopback


async def test_the_lines_of_a_stream_come_one_by_one() -> None:
    go_on = asyncio.Event()

    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.part(b'{"a":1}\n{"b":')
        await go_on.wait()
        await answer.part(b'2}\n\n{"c":3}\n')
        await answer.end()

    async with (
        loopback(speak) as server,
        client_of(server) as client,
        client.stream("/x", params={"watch": "true"}) as lines,
    ):
        assert await anext(lines) == b'{"a":1}'
        go_on.set()
        assert [line async for line in lines] == [b'{"b":2}', b'{"c":3}']
    assert server.asked[0].target == "/x?watch=true"


async def test_no_line_is_too_long() -> None:
    long = [b"%d" % digit * 300_000 for digit in range(3)]

    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        for line in long:
            await answer.part(line + b"\n")
        await answer.end()

    async with loopback(speak) as server, client_of(server) as client, client.stream("/x") as lines:
        assert [line async for line in lines] == long


async def test_what_comes_before_the_end_is_a_line() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.whole(body=b"a\nb")

    async with loopback(speak) as server, client_of(server) as client, client.stream("/x") as lines:
        assert [line async for line in lines] == [b"a", b"b"]


async def test_a_stream_that_breaks_is_no_end() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.part(b"a\nb")
        answer.cut()

    async with loopback(speak) as server, client_of(server) as client, client.stream("/x") as lines:
        assert await anext(lines) == b"a"
        with pytest.raises(KubeUnreachable, match=f"the API server at {server.url} broke the connection off"):
            await anext(lines)


async def test_who_leaves_a_stream_closes_its_connection() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.part(b"a\n")

    async with loopback(speak) as server, client_of(server) as client:
        async with client.stream("/x") as lines:
            async for _ in lines:
                break
        await server.closed.wait()
    # What was left in the middle leaves nothing behind that complains later.
    gc.collect()


async def test_an_error_of_the_caller_stays_its_own() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        await answer.part(b"a\n")

    async def fail() -> None:
        async with client.stream("/x") as lines:
            async for _ in lines:
                raise TimeoutError

    async with loopback(speak) as server, client_of(server) as client:
        with pytest.raises(TimeoutError):
            await fail()
        await server.closed.wait()


async def test_a_stream_may_be_cancelled() -> None:
    begun = asyncio.Event()

    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        begun.set()

    async def listen() -> None:
        async with client.stream("/x") as lines:
            async for _ in lines:
                pytest.fail("nobody said anything")

    async with loopback(speak) as server, client_of(server) as client:
        task = asyncio.create_task(listen())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.closed.wait()


async def test_dozens_of_streams_leave_room_for_requests() -> None:
    async def speak(asked: Asked, answer: Answer) -> None:
        if asked.target == "/x":
            await answer.begin()
            await answer.part(b"a\n")
        else:
            await answer.whole()

    async with loopback(speak) as server, client_of(server) as client, contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(client.stream("/x")) for _ in range(120)]
        assert [await anext(each) for each in streams] == [b"a"] * 120
        await client.request("GET", "/y")


async def test_closing_ends_what_goes_on() -> None:
    begun = asyncio.Event()

    async def speak(asked: Asked, answer: Answer) -> None:
        await answer.begin()
        begun.set()

    async def listen() -> None:
        async with client.stream("/x") as lines:
            async for _ in lines:
                pytest.fail("nobody said anything")

    async with loopback(speak) as server, client_of(server) as client:
        task = asyncio.create_task(listen())
        await begun.wait()
        await client.aclose()
        with pytest.raises(KubeUnreachable):
            await task
