"""Transports, and what has to run beside them, as one group of tasks: the common ground of both floors of the library.

Cancellation is the stop signal: it reaches the transports, which drain, and what runs beside them when they have ended:
the last call that a transport answers is answered as every other. Of several errors the first that a user can
understand comes out, alone.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Self

from legation.errors import LegationError
from legation.transports.base import Feed, Transport


class Serving:
    """Runs transports."""

    def __init__(self, transports: Sequence[Transport]) -> None:
        """Take the transports; nothing is opened yet."""
        self._transports = tuple(transports)
        self._closed = dict.fromkeys(self._transports)
        self._listening = asyncio.Event()
        self.draining = False
        """Whether it is being stopped: the transports end their streams."""

    @property
    def missing(self) -> tuple[Transport, ...]:
        """The transports to which no client can connect yet."""
        return tuple(self._closed)

    async def wait_listening(self) -> None:
        """Return when clients can connect to every transport."""
        await self._listening.wait()

    async def run(self, feed: Feed, *beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Serve, and run what belongs beside it, until cancelled or until one of all these fails.

        What belongs beside it is ended last.

        Raises:
            LegationError: A transport or one of the others cannot do its work.
        """
        with _one_error():
            async with asyncio.TaskGroup() as tasks:
                for each in beside:
                    tasks.create_task(each())
                with _one_error():
                    await self._serve(feed)

    async def _serve(self, feed: Feed) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_end())
            for transport in self._transports:
                tasks.create_task(transport.run(feed, started=self._opener(transport)))
            if not self._transports:
                self._listening.set()

    async def _note_end(self) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.draining = True

    def _opener(self, transport: Transport) -> Callable[[], None]:
        def started() -> None:
            self._closed.pop(transport, None)
            if not self._closed:
                self._listening.set()

        return started

    @asynccontextmanager
    async def in_background(self, run: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Run it while the body of an `async with` runs, which begins when clients can connect.

        If it fails the body is cancelled, and the error comes out; at the end of the body it is cancelled.
        """
        with _one_error():
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(run)
                await self.wait_listening()
                yield
                task.cancel()


class Service(ABC):
    """What both floors are: something that runs, by itself or beside the body of an `async with`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._background = AsyncExitStack()

    @abstractmethod
    async def run(self) -> None:
        """Serve until cancelled; then the streams are ended in order.

        Raises:
            LegationError: It cannot work: a port is taken, a source cannot be read at all.
        """

    async def __aenter__(self) -> Self:
        """Begin to serve, and return when Envoys can connect.

        Raises:
            LegationError: As `run`, which also ends the body.
        """
        await self._background.enter_async_context(self._serving.in_background(self.run()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Stop serving."""
        return await self._background.__aexit__(kind, error, trace)


@contextmanager
def _one_error() -> Iterator[None]:
    """Let the error that tells a user what is wrong, or the only one, stand for a group of them."""
    try:
        yield
    except BaseExceptionGroup as group:
        for_users = [each for each in group.exceptions if isinstance(each, LegationError)]
        if not for_users and len(group.exceptions) > 1:
            raise
        error = for_users[0] if for_users else group.exceptions[0]
        raise error from error.__cause__
