"""A bundle that somebody else keeps is handed out by who leads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from legation.api.keeping.handing_out import HandingOut
from legation.model.problems import Problem
from legation.pki import certificates
from legation.testing import ManualClock

NOW = 1_800_000_000.0
PATIENCE = 20.0


class Publisher:
    """Notes what is handed out."""

    def __init__(self) -> None:
        self.handed_out: list[bytes] = []
        self.rested = 0

    def listen(self, changed: Callable[[], None]) -> None:
        del changed

    async def run(self) -> None:
        return

    async def publish(self, bundle: bytes) -> bool:
        self.handed_out.append(bundle)
        return True

    def rest(self) -> None:
        self.rested += 1

    def due(self) -> float:
        return 2.0

    def problems(self) -> Sequence[Problem]:
        return ()


class World:
    """A file that somebody else writes."""

    def __init__(self, path: Path) -> None:
        self.path, self.clock, self.publisher, self.leads = path, ManualClock(), Publisher(), True
        self.handing_out = HandingOut(
            path.read_bytes,
            publisher=self.publisher,
            leads=lambda: self.leads,
            clock=self.clock,
            unix_time=lambda: NOW,
            code="tls",
            subject=str(path),
        )

    def words(self) -> list[str]:
        return [str(each) for each in self.handing_out.problems()]

    async def passing(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self.clock.advance(1.0)
            # Threads have no manual clock.
            await asyncio.sleep(0.001)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path / "ca.crt")
    async with asyncio.timeout(PATIENCE), contextlib.AsyncExitStack() as stack:
        task = asyncio.create_task(made.handing_out.run())

        async def end() -> None:
            task.cancel()
            await asyncio.wait([task])

        stack.push_async_callback(end)
        yield made


def authority(*, seconds: float = 3600.0) -> bytes:
    return certificates.authority(now=NOW, seconds=seconds).certificate


async def test_what_stands_there_is_handed_out_and_again_when_it_changes(world: World) -> None:
    await world.passing(lambda: bool(world.words()))
    assert "it cannot be read: no such file or directory" in world.words()[0]
    for _ in range(2):
        bundle = authority()
        world.path.write_bytes(bundle)
        await world.passing(lambda: world.publisher.handed_out[-1:] == [world.path.read_bytes()])
        await world.passing(lambda: not world.words())


@pytest.mark.parametrize("content", [b"", b"none", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
async def test_what_is_no_authority_is_told_and_what_was_handed_out_stays(world: World, content: bytes) -> None:
    bundle = authority()
    world.path.write_bytes(bundle)
    await world.passing(lambda: bool(world.publisher.handed_out))
    world.path.write_bytes(content)
    await world.passing(lambda: bool(world.words()))
    assert "Pods do not learn whom to trust" in world.words()[0]
    assert set(world.publisher.handed_out) == {bundle}


async def test_who_does_not_lead_hands_out_nothing(world: World) -> None:
    world.leads = False
    world.path.write_bytes(authority())
    await world.passing(lambda: world.publisher.rested > 2)
    handed_out = len(world.publisher.handed_out)
    await world.passing(lambda: world.publisher.rested > 5)
    assert len(world.publisher.handed_out) == handed_out
    assert world.words() == []
