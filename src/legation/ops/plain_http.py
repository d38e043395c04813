"""The health port without a framework: fixed pages over HTTP/1.1, one request a connection.

It refuses to know what the pages say. Whoever connects costs a bounded time and memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from legation.listening import listen, port_of

MOST_BYTES = 16_384
"""Of a request: its line and its headers. A body is not read."""
PATIENCE = 5.0
"""Seconds for a request to come, and for its answer to go."""
MOST_CONNECTIONS = 64
"""At a time; whoever comes then is turned away."""

PLAIN = "text/plain; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of Prometheus' text format."""

_REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a page says now."""

    text: str
    status: int = 200
    content_type: str = PLAIN


Page: TypeAlias = Callable[[], Answer]

_log = logging.getLogger(__name__)


def health_pages(*, missing: Callable[[], Sequence[str]], metrics: Callable[[], str]) -> dict[str, Page]:
    """Return the pages of a health port, with the same words as `health.health_app`.

    Args:
        missing: Why it is not ready (yet, or any more), a clause for each; empty when it is.
        metrics: Returns what /metrics shows, in Prometheus' text format.
    """

    def ready() -> Answer:
        lacks = missing()
        if lacks:
            return Answer(text="".join(f"not ready: {each}\n" for each in lacks), status=503)
        return Answer(text="ready\n")

    return {
        "/healthz": lambda: Answer(text="ok\n"),
        "/readyz": ready,
        "/metrics": lambda: Answer(text=metrics(), content_type=METRICS),
    }


class PlainHttpServer:
    """Fixed pages on one port."""

    def __init__(self, pages: Mapping[str, Page], *, bind: str, port: int, setting: str) -> None:
        """Take what to serve and where; nothing is opened yet.

        Args:
            pages: By path; each is asked at each request, in the event loop.
            bind: A host name or an IP address; `localhost` is both families.
            port: 0 takes any free one.
            setting: What the names of the two settings begin with: `--health` of `--health-bind` and `--health-port`.
        """
        self._pages = pages
        self._bind = bind
        self._setting = setting
        self._connections: set[asyncio.Task[None]] = set()
        self.port = port
        """Where it listens: the chosen port once it has started."""

    @property
    def url(self) -> str:
        """What a person opens."""
        host = f"[{self._bind}]" if ":" in self._bind else self._bind
        return f"http://{host}:{self.port}"

    async def run(self, *, started: Callable[[], None]) -> None:
        """Serve until cancelled.

        Args:
            started: Called once, when requests are answered.

        Raises:
            TransportError: The port cannot be listened on.
        """
        sockets = listen(
            (self._bind,),
            self.port,
            port_setting=f"{self._setting}-port",
            bind_setting=f"{self._setting}-bind",
        )
        self.port = port_of(sockets)
        servers: list[asyncio.Server] = []
        try:
            servers += [await asyncio.start_server(self._connected, sock=each, limit=MOST_BYTES) for each in sockets]
            started()
            await asyncio.get_running_loop().create_future()
        finally:
            for server in servers:
                server.close()
            for each in sockets:
                each.close()
            for connection in tuple(self._connections):
                connection.cancel()
            if self._connections:
                await asyncio.wait(tuple(self._connections))

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.transport.abort()
            return
        connection = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(await self._answer(reader))
                writer.write_eof()
                await writer.drain()
                # Until the client has closed too: what it still sends would otherwise have the answer thrown away.
                while await reader.read(MOST_BYTES):
                    pass
        except (OSError, TimeoutError):
            # It is gone, or it is too slow: nobody to tell.
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return _bytes(Answer(text="this is no HTTP request\n", status=400))
        except asyncio.LimitOverrunError:
            return _bytes(Answer(text=f"a request has at most {MOST_BYTES} bytes\n", status=431))
        line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(line) != 3 or not line[2].startswith("HTTP/1."):
            return _bytes(Answer(text="this is no HTTP/1.1 request\n", status=400))
        method, target, _ = line
        page = self._pages.get(target.partition("?")[0])
        if page is None:
            return _bytes(Answer(text="Not Found", status=404), bare=method == "HEAD")
        if method not in {"GET", "HEAD"}:
            return _bytes(Answer(text="Method Not Allowed", status=405), more="allow: GET, HEAD\r\n")
        try:
            said = page()
        except Exception:  # noqa: BLE001 - a bug in one page must not end the program
            _log.exception("page failed")
            said = Answer(text="Internal Server Error", status=500)
        return _bytes(said, bare=method == "HEAD")


def _bytes(answer: Answer, *, bare: bool = False, more: str = "") -> bytes:
    """Return an answer as it goes over the wire; `bare` without its body, which HEAD does not get."""
    body = answer.text.encode()
    head = (
        f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}\r\n"
        f"content-type: {answer.content_type}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{more}\r\n"
    )
    return head.encode() + (b"" if bare else body)
