"""A small HTTP server on loopback that says what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from legation.kube.client import Client
from legation.kube.connection import Connection, User
from tests.unit.kube.certificates import Issued

TOKEN = "hush-hush"
PATIENCE = 10.0
"""Seconds for what takes none."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    """Counts from 1."""
    client_name: str = ""
    """Whose certificate the client has shown."""


@dataclass
class Answer:
    """The one answer to a request; written by hand where a test wants it broken."""

    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader

    async def whole(self, status: int = 200, body: bytes = b"{}", **headers: str) -> None:
        """Answer at once."""
        lines = {"content_type": "application/json", "content_length": str(len(body)), **headers}
        await self.raw(_head(status, lines) + body)

    async def status(self, status: int, reason: str, message: str, **headers: str) -> None:
        """Refuse as the API server does it."""
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message}
        await self.whole(status, json.dumps(body | {"code": status}).encode(), **headers)

    async def begin(self) -> None:
        """Begin an answer that comes in parts."""
        await self.raw(_head(200, {"content_type": "application/json", "transfer_encoding": "chunked"}))

    async def part(self, data: bytes) -> None:
        """Send a part."""
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def end(self) -> None:
        """End it in order."""
        await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        """Send these bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def cut(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


Speak: TypeAlias = Callable[[Asked, Answer], Awaitable[None]]


@dataclass
class Loopback:
    """The server."""

    speak: Speak
    port: int = 0
    host: str = "127.0.0.1"
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a connection has ended."""
    connections: int = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        number = self.connections
        try:
            while asked := await _read(reader, writer, number):
                self.asked.append(asked)
                await self.speak(asked, Answer(writer, reader))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed.set()
            writer.close()


@contextlib.asynccontextmanager
async def loopback(
    speak: Speak, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Loopback]:
    """Run a server for the time of a block."""
    made = Loopback(speak, host=host, scheme="https" if tls else "http")
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    # No coroutine: asyncio would complain of one that is cancelled.
    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[asyncio.create_task(made.serve(reader, writer))] = writer

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for each in connections:
            each.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        # Who was cancelled before it began has closed nothing.
        for writer in connections.values():
            writer.transport.abort()
        # A transport that was told to close does so in the next turn of the loop.
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def client_of(server: Loopback, user: User | None = None) -> AsyncIterator[Client]:
    """Give a client for a server, for the time of a block."""
    client = Client(Connection(server=server.url, user=user or User(token=TOKEN)))
    try:
        async with asyncio.timeout(PATIENCE):
            yield client
    finally:
        await client.aclose()


async def fine(asked: Asked, answer: Answer) -> None:
    """Answer, whatever was asked."""
    await answer.whole(body=b'{"kind":"Pod"}')


def server_tls(issued: Issued, folder: Path, *, clients: bytes = b"") -> ssl.SSLContext:
    """Return what a server with this certificate needs; with an authority for clients, they must have one too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issued.write(folder, "server"))
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.decode())
    return context


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        known = headers.get(name.lower())
        headers[name.lower()] = f"{known}, {value.strip()}" if known else value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    shown = (writer.get_extra_info("peercert") or {}).get("subject", ())
    return Asked(method, target, headers, body, number, client_name=shown[0][0][1] if shown else "")


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Some Phrase\r\n{lines}\r\n".encode()
