"""How a server of the comparison hears what is to change: lines of kind, name and mark on its standard input."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator


async def changes() -> AsyncIterator[tuple[str, str, str]]:
    """Yield each change, until the input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        kind, name, mark = line.decode().split()
        yield kind, name, mark
