"""Requests with numbers: of a hundred in a row, as many go to a cluster as its weight says.

A weighted route that names a header (`header_name`) takes the number in it in place of chance, so few requests tell.
"""

from __future__ import annotations

import asyncio

from demo.load import Load

HEADER = "x-number"
"""What the `header_name` of the route has to be."""


class NumberedLoad(Load):
    """Continuous requests with numbers in a row, and who answered each."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.sent = 0
        """How many have been sent; the next has this number."""
        self._answered: dict[int, str] = {}

    def shares_of(self, first: int, count: int) -> dict[str, float] | None:
        """Return which part of these requests each backend answered, or None as long as one has no answer."""
        numbers = range(first, first + count)
        if not all(number in self._answered for number in numbers):
            return None
        names = [self._answered[number] for number in numbers]
        return {name: names.count(name) / count for name in names}

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bool]:
        number = self.sent
        self.sent += 1
        self._request = f"GET / HTTP/1.1\r\nhost: localhost\r\n{HEADER}: {number}\r\n\r\n".encode()
        # The request is written before anybody else's turn comes.
        name, closing = await super()._ask(reader, writer)
        self._answered[number] = name
        return name, closing
