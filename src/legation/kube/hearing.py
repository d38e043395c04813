"""Hearing: what comes of a stream is read as it comes, and taken burst by burst by who runs a machine of a watch.

It knows how to read while nobody listens, and how much of that is kept. It refuses to know what a line means: the
machine is told each, in order. The one invariant: a bug of the client, or of who reads, is raised by `feed`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeAlias, TypeVar

from legation.clock import Clock, set_or
from legation.errors import KubeError, KubeUnreachable
from legation.kube.known import Change, Object
from legation.kube.watch_asks import Follow

Object_co = TypeVar("Object_co", covariant=True)


class Api(Protocol):
    """What it takes of `legation.kube.client.Client` to keep something."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float = ...,  # noqa: ASYNC109 - the client's own
    ) -> bytes:
        """Return the body of an answer."""
        ...

    def stream(
        self, path: str, *, params: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Give the lines of an answer as they come."""
        ...


class Follower(Protocol[Object_co]):
    """A machine that follows a stream: `legation.kube.watch.Watch`, `legation.kube.named.Named`."""

    @property
    def following(self) -> bool:
        """Whether lines of the stream are still wanted."""
        ...

    def opened(self, *, now: float) -> None:
        """Note that the API server has begun to answer."""
        ...

    def line(self, line: bytes, *, now: float) -> Sequence[Change[Object_co]]:
        """Take one line, and return what changed."""
        ...

    def ended(self, *, now: float) -> None:
        """Note that the API server has ended the stream in order."""
        ...

    def failed(self, error: KubeError | KubeUnreachable, *, now: float) -> None:
        """Note that it was refused, or broke."""
        ...


class _Opened:
    """A stream has begun."""


_Heard: TypeAlias = bytes | KubeError | KubeUnreachable | _Opened | None
"""What comes of a stream: its beginning, lines, its end, a failure."""


class Hearing:
    """One stream; `hearing` makes it."""

    def __init__(self, client: Api, ask: Follow, *, burst: int) -> None:
        self._burst = burst
        self._heard: deque[_Heard] = deque()
        self._woken = asyncio.Event()
        self._taken = asyncio.Event()
        self._reading = asyncio.create_task(self._read(client, ask))
        self._reading.add_done_callback(lambda _: self._woken.set())

    def feed(self, machine: Follower[Object], now: Callable[[], float]) -> tuple[list[Change[Object]], bool]:
        """Tell a machine what was heard; return what that changed, and whether the stream is over."""
        changes: list[Change[Object]] = []
        over = False
        while self._heard and not over:
            moment, what = now(), self._heard.popleft()
            match what:
                case bytes():
                    changes += machine.line(what, now=moment)
                    over = not machine.following
                case _Opened():
                    machine.opened(now=moment)
                case None:
                    machine.ended(now=moment)
                    over = True
                case _:
                    machine.failed(what, now=moment)
                    over = True
        self._taken.set()
        if self._reading.done() and not over:
            # The server's fault would have been told to the machine: this is a bug.
            self._reading.result()
        return changes, over

    async def wait(self, until: float, *, clock: Clock) -> None:
        """Return when there is more, or at that moment."""
        await set_or(self._woken, until, clock=clock)
        self._woken.clear()

    async def end(self) -> None:
        """Read no further, and return when the stream is closed, whatever its end is."""
        self._reading.cancel()
        await asyncio.wait([self._reading])
        if not self._reading.cancelled():
            self._reading.exception()

    async def _read(self, client: Api, ask: Follow) -> None:
        """Note what comes: the beginning, lines, and the end or what it failed by."""
        try:
            async with client.stream(ask.path, params=ask.params) as lines:
                self._hear(_Opened())
                async for line in lines:
                    # What came in one piece is read without a pause: then it is told at once.
                    self._hear(line)
                    if len(self._heard) >= self._burst:
                        await self._taken.wait()
            self._hear(None)
        except (KubeError, KubeUnreachable) as error:
            self._hear(error)

    def _hear(self, what: _Heard) -> None:
        self._heard.append(what)
        self._taken.clear()
        self._woken.set()


@contextlib.asynccontextmanager
async def hearing(client: Api, ask: Follow, *, burst: int) -> AsyncIterator[Hearing]:
    """Read a stream for the time of a block.

    Args:
        client: Who speaks to the API server.
        ask: For what.
        burst: So many lines are kept until they are taken.
    """
    made = Hearing(client, ask, burst=burst)
    try:
        yield made
    finally:
        await made.end()
