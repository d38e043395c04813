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
from legation.pki.certificates import Pair, Usage
from legation.testing import ManualClock
from legation.tls.material import Material

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
        self.authority = certificates.authority(now=NOW, seconds=3600.0)
        self.shown: Material | None = self.show(self.authority)
        self.handing_out = HandingOut(
            path.read_bytes,
            shown=lambda: self.shown,
            publisher=self.publisher,
            leads=lambda: self.leads,
            clock=self.clock,
            unix_time=lambda: NOW,
            code="tls",
            subject=str(path),
        )

    @staticmethod
    def show(signer: Pair) -> Material:
        pair = certificates.issue(signer, names=("xds",), now=NOW, seconds=600.0, usage=Usage.BOTH)
        return Material(certificate=pair.certificate, key=pair.key)

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
    for bundle in (world.authority.certificate, world.authority.certificate + authority()):
        world.path.write_bytes(bundle)
        await world.passing(lambda: world.publisher.handed_out[-1:] == [world.path.read_bytes()])
        await world.passing(lambda: not world.words())


@pytest.mark.parametrize("content", [b"", b"none", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"])
async def test_what_is_no_authority_is_told_and_what_was_handed_out_stays(world: World, content: bytes) -> None:
    bundle = world.authority.certificate
    world.path.write_bytes(bundle)
    await world.passing(lambda: bool(world.publisher.handed_out))
    world.path.write_bytes(content)
    await world.passing(lambda: bool(world.words()))
    assert "Pods do not learn whom to trust" in world.words()[0]
    assert set(world.publisher.handed_out) == {bundle}


async def test_what_did_not_sign_the_certificate_that_is_shown_is_not_handed_out(world: World) -> None:
    world.path.write_bytes(world.authority.certificate)
    await world.passing(lambda: bool(world.publisher.handed_out))
    other = certificates.authority(now=NOW, seconds=3600.0)
    world.path.write_bytes(other.certificate)
    await world.passing(lambda: bool(world.words()))
    assert "none of the authorities there has signed" in world.words()[0]
    assert set(world.publisher.handed_out) == {world.authority.certificate}
    # It comes first, and then what it has signed.
    world.shown = world.show(other)
    await world.passing(lambda: world.publisher.handed_out[-1] == other.certificate)
    assert world.words() == []


async def test_before_anything_is_shown_nothing_is_handed_out(world: World) -> None:
    shown, world.shown = world.shown, None
    world.path.write_bytes(world.authority.certificate)
    moment = world.clock.now()
    await world.passing(lambda: world.clock.now() > moment + 20.0)
    assert (world.publisher.handed_out, world.words()[1:]) == ([], [])
    world.shown = shown
    await world.passing(lambda: bool(world.publisher.handed_out))


async def test_only_certificates_are_handed_out(world: World) -> None:
    pair = world.authority
    world.path.write_bytes(b"# the password is secret\n" + pair.certificate)
    await world.passing(lambda: bool(world.publisher.handed_out))
    world.path.write_bytes(pair.certificate + pair.key)
    await world.passing(lambda: bool(world.words()))
    assert "a private key stands among" in world.words()[0]
    assert set(world.publisher.handed_out) == {pair.certificate}


async def test_who_does_not_lead_hands_out_nothing(world: World) -> None:
    world.leads = False
    world.path.write_bytes(authority())
    await world.passing(lambda: world.publisher.rested > 2)
    handed_out = len(world.publisher.handed_out)
    await world.passing(lambda: world.publisher.rested > 5)
    assert len(world.publisher.handed_out) == handed_out
    assert world.words() == []
