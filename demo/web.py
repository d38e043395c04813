"""Asking a port of this machine, as `curl` would, and waiting for something to come true."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

STEP = 0.005
"""Seconds between two looks at something that cannot tell when it changes: another program."""


async def get(address: str, path: str) -> str:
    """Return what `http://address/path` answers.

    Raises:
        ConnectionError: Nobody listens, or the answer is not 200.
    """
    return await asyncio.to_thread(_get, address, path)


async def until(look: Callable[[], Awaitable[Found]], *, within: float, what: str) -> Found:
    """Look until something is found, and return it; a refused connection is nothing.

    Raises:
        TimeoutError: It was not found within these seconds.
    """
    try:
        async with asyncio.timeout(within):
            while not (found := await _quiet(look)):  # noqa: ASYNC110 - another program sets no event of ours
                await asyncio.sleep(STEP)
            return found
    except TimeoutError:
        raise TimeoutError(f"{what}: not within {within:g} s") from None


async def _quiet(look: Callable[[], Awaitable[Found]]) -> Found | None:
    try:
        return await look()
    except ConnectionError:
        return None


def _get(address: str, path: str) -> str:
    if not address:
        raise ConnectionError("nobody listens yet")
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(f"{address}{path}: {error}") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise ConnectionError(f"{address}{path}: {response.status} {body}")
    return body
