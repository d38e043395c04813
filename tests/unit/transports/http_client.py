"""HTTP by hand: one request on a connection of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.transports.loopback import PATIENCE


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class Asked:
    """A request that was written, and may not be answered yet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def answer(self) -> Answer:
        """Read all that the server says until it closes the connection."""
        try:
            async with asyncio.timeout(PATIENCE):
                said = await self._reader.read()
        finally:
            await self.close()
        head, _, body = said.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return Answer(int(status.split()[1]), headers, body)

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()


async def ask(
    port: int, path: str, body: bytes = b"", *, method: str = "POST", headers: Mapping[str, str] | None = None
) -> Asked:
    """Write a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = {"host": "localhost", "connection": "close", "content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return Asked(reader, writer)


async def post(port: int, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer to a request of JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await (await ask(port, path, data, headers=headers)).answer()
