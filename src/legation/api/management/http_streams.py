"""Streams of messages over HTTP: JSON lines, or server-sent events for who asks for these.

It knows how a stream looks and how it ends. It refuses to know what is in it. The one invariant: what is refused before
anything was said is an answer with its own status; what is refused later is the last thing in the stream, so that no
client takes a broken stream for one that ended.

Sources: https://github.com/ndjson/ndjson-spec, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from legation.api.management import failures
from legation.api.management.apart import Apart
from legation.api.management.http_statuses import json_line, line
from legation.api.management.refused import Refused

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from google.rpc import status_pb2
    from starlette.types import Receive, Scope, Send

JSON_LINES = "application/x-ndjson"
EVENTS = "text/event-stream"
FIRST_WORD = 1.0
"""Seconds in which a refusal is still an answer of its own: a stream that has nothing to say begins after that."""
KEEP_ALIVE = 15.0
"""Seconds after which a stream of events that has nothing to say shows that it stands: proxies end what is silent."""

READ_WITHIN = 60.0
"""Seconds that a stream waits for a reader who takes nothing."""


async def streamed(
    messages: AsyncGenerator[Message],
    *,
    as_events: bool,
    fault: Callable[[Exception], None],
    apart: Apart,
    keep_alive: float = KEEP_ALIVE,
    read_within: float = READ_WITHIN,
) -> Streamed:
    """Return the answer that says each message when it comes.

    Args:
        messages: What is said; closed when the stream ends, whoever ends it.
        as_events: Whether as server-sent events.
        fault: Is told of an error of this program itself.
        apart: Who makes JSON of what is large.
        keep_alive: Seconds after which a stream of events without any says that it stands.
        read_within: Seconds that it waits for a reader who takes nothing.

    Raises:
        Refused: At once, before anything was said.
    """
    first = asyncio.ensure_future(anext(messages, None))
    try:
        await asyncio.wait([first], timeout=FIRST_WORD)
        if first.done():
            first.result()
    except BaseException:
        await _given_up(first)
        await messages.aclose()
        raise
    pause = keep_alive if as_events else None
    said = _said(messages, first, fault=fault, keep_alive=pause, as_events=as_events, apart=apart)
    # A page keeps nothing of it, and a proxy hands it on at once.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

    async def close() -> None:
        await said.aclose()
        # If nothing of it was said, that has closed nothing.
        await _given_up(first)
        await messages.aclose()

    kind = EVENTS if as_events else JSON_LINES
    return Streamed(said, close=close, media_type=kind, headers=headers, read_within=read_within)


class Streamed(StreamingResponse):
    """An answer that closes what it says when the client has gone: starlette leaves that to the collector."""

    def __init__(
        self,
        said: AsyncGenerator[bytes],
        *,
        close: Callable[[], Awaitable[None]],
        media_type: str,
        headers: dict[str, str],
        read_within: float,
    ) -> None:
        super().__init__(said, media_type=media_type, headers=headers)
        self._close, self._read_within = close, read_within
        self.said = said
        """The bytes as they come."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; who reads nothing is given up, for a stream that stands still holds the place of another one."""

        async def sending(message: Any) -> None:
            try:
                async with asyncio.timeout(self._read_within):
                    await send(message)
            except TimeoutError:
                # As if the client had gone.
                raise OSError from None

        try:
            with contextlib.suppress(ClientDisconnect, OSError):
                await super().__call__(scope, receive, sending)
        finally:
            await self._close()


async def _said(
    messages: AsyncGenerator[Message],
    first: asyncio.Future[Message | None],
    *,
    as_events: bool,
    keep_alive: float | None,
    fault: Callable[[Exception], None],
    apart: Apart,
) -> AsyncGenerator[bytes]:
    show, coming = (_event if as_events else line), first
    try:
        while True:
            await asyncio.wait([coming], timeout=keep_alive)
            if not coming.done():
                yield b":\n\n"
                continue
            message = coming.result()
            if message is None:
                return
            yield await apart.run(partial(show, message), size=message.ByteSize())
            coming = asyncio.ensure_future(anext(messages, None))
    except Refused as refused:
        yield _failure(refused.status, as_events=as_events)
    except Exception as error:  # noqa: BLE001 - the client must not take it for the end of what there is
        fault(error)
        yield _failure(failures.own_fault().status, as_events=as_events)
    finally:
        await _given_up(coming)
        await messages.aclose()


async def _given_up(coming: asyncio.Future[Message | None]) -> None:
    coming.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await coming


def _event(message: Message) -> bytes:
    """Return a message as an event, with what a browser sends when it comes back."""
    token = getattr(message, "resume_token", "")
    head = f"id: {token}\n" if token else ""
    kind = message.WhichOneof("event") if "event" in message.DESCRIPTOR.oneofs_by_name else None
    if kind:
        head += f"event: {kind}\n"
    return head.encode() + b"data: " + line(message) + b"\n"


def _failure(status: status_pb2.Status, *, as_events: bool) -> bytes:
    said = json_line({"error": json_format.MessageToDict(status)})
    return b"event: error\ndata: " + said + b"\n" if as_events else said
