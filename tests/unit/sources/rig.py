"""What the tests of sources share: short manifests, and Inputs that a test waits on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.sources.base import Source, SourceState

PATIENCE = 20.0
"""Seconds until a test that waits in vain fails."""


def manifest(name: str, value: object = 1) -> str:
    """Return a document that holds one small object."""
    return f"---\napiVersion: v1\nkind: Thing\nmetadata:\n  name: {name}\nvalue: {value}\n"


def key(name: str) -> ObjectKey:
    """Return the key of such an object."""
    return ObjectKey("", "Thing", "default", name)


def names(state: SourceState) -> set[str]:
    """Return the names of all objects."""
    return {each.name for each in state.objects}


def values(state: SourceState) -> dict[str, object]:
    """Return each object's value by its name."""
    return {each.name: manifest.body.get("value") for each, manifest in state.objects.items()}


def codes(state: SourceState) -> set[str]:
    """Return the codes of all problems."""
    return {problem.code for problem in state.problems}


class Recorder:
    """Inputs that keep what was published."""

    def __init__(self) -> None:
        self.states: list[SourceState] = []
        self.obstacles: tuple[Problem, ...] = ()
        self._published = asyncio.Event()

    def publish(self, state: SourceState) -> None:
        self.states.append(state)
        self._published.set()

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        self.obstacles = problems
        self._published.set()

    @property
    def newest(self) -> SourceState:
        return self.states[-1]

    async def until(self, condition: Callable[[SourceState], bool]) -> SourceState:
        """Return the newest state when it fulfils the condition."""
        async with asyncio.timeout(PATIENCE):
            while not (self.states and condition(self.newest)):
                self._published.clear()
                await self._published.wait()
        return self.newest


@contextlib.asynccontextmanager
async def running(source: Source) -> AsyncIterator[Recorder]:
    """Run a source, and go on when it has published for the first time."""
    recorder = Recorder()
    task = asyncio.create_task(source.run(recorder))
    first = asyncio.create_task(recorder.until(lambda _: True))
    await asyncio.wait((task, first), return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            task.result()
        yield recorder
    finally:
        first.cancel()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
