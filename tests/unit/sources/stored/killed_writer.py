"""A program that is there to be killed: many callers put objects in, and say what was promised to them.

It forks a child for each order that it reads: `<folder> <caller's next number> ... | <seed>`. The child runs a store
with the callers, each of which goes through its own sequence of transactions one by one, and writes a line
`<caller> <number>` when one was promised. Some children kill themselves between two steps of the disk; the others are
killed by who reads. Each line is one write, so none is ever half there.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from legation.model.objects import ObjectKey
from legation.model.stored import NO_PRECONDITION
from legation.sources.base import SourceState
from legation.sources.stored.disk import FolderDisk
from legation.sources.stored.store import StoredObjects

CALLERS = 8
PARTS = 3
"""Objects of one transaction."""


def name_of(caller: int, part: int) -> str:
    return f"of-{caller}-{part}"


def value_of(number: int) -> int | None:
    """Return what all objects of a caller say after so many transactions; None where they are deleted."""
    return None if number % 5 == 0 else number


class Deadly(FolderDisk):
    """A disk that ends the process at one of its steps, some of them half done."""

    def __init__(self, folder: Path, *, steps: float, chance: random.Random) -> None:
        super().__init__(folder)
        self._left = steps
        self._chance = chance

    def write(self, data: bytes) -> None:
        self._step(lambda: FolderDisk.write(self, data[: self._chance.randrange(len(data) + 1)]))
        super().write(data)

    def sync(self) -> None:
        self._step()
        super().sync()
        self._step()

    def write_anew(self, data: bytes) -> None:
        self._step(lambda: FolderDisk.write_anew(self, data[: self._chance.randrange(len(data) + 1)]))
        super().write_anew(data)

    def put_anew(self, *, aside: str = "") -> None:
        self._step()
        super().put_anew(aside=aside)
        self._step()

    def _step(self, half: Callable[[], object] = lambda: None) -> None:
        self._left -= 1
        if self._left <= 0:
            half()
            os.kill(os.getpid(), signal.SIGKILL)


class Nobody:
    """Inputs of which nothing comes."""

    def publish(self, state: SourceState) -> None: ...

    def blocked(self, problems: Any) -> None: ...


async def call(store: StoredObjects, caller: int, number: int) -> None:
    while True:
        value = value_of(number)
        if value is None:
            keys = [ObjectKey("", "Thing", "default", name_of(caller, part)) for part in range(PARTS)]
            await store.delete([(key, NO_PRECONDITION) for key in keys], missing_ok=True)
        else:
            bodies = [
                {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": name_of(caller, part)}, "spec": value}
                for part in range(PARTS)
            ]
            await store.apply(bodies, manager="caller")
        os.write(1, b"%d %d\n" % (caller, number))
        number += 1


async def write(folder: Path, numbers: list[int], seed: int) -> None:
    chance = random.Random(seed)
    steps = chance.randrange(1, 60) if seed % 2 else float("inf")
    store = StoredObjects(folder, disk=Deadly(folder, steps=steps, chance=chance), slack=10_000)
    await asyncio.gather(store.run(Nobody()), *(call(store, *each) for each in enumerate(numbers)))


def main() -> None:
    for order in sys.stdin:
        folder, *numbers, seed = order.split()
        child = os.fork()
        if not child:
            asyncio.run(write(Path(folder), [*map(int, numbers)], int(seed)))
            os._exit(1)
        os.write(1, b"child %d\n" % child)
        _, status = os.waitpid(child, 0)
        os.write(1, b"ended %d\n" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
