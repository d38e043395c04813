"""The webhook as a part of a server: its port, and what becomes of it when its certificate is in trouble."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable

import pytest

from legation.api.admission.deciding import Deciding
from legation.api.admission.side import AdmissionSide
from legation.api.admission.webhook import Webhook
from legation.errors import TransportError
from legation.model.problems import Problem
from legation.pki import certificates
from legation.runtime.read import read
from legation.runtime.what_if import WhatIf
from legation.testing import ManualClock
from legation.tls.material import Material
from legation.tls.shown import Shown
from legation.translate.pipeline import API_KINDS
from tests.unit.api.admission.reviews import good, review

PATIENCE = 20.0


class Keeper:
    """Keeps one certificate, when it does not fail."""

    def __init__(self, *, failures: int = 0) -> None:
        self.shown = Shown()
        self.authority = certificates.authority(now=time.time(), seconds=3600)
        self._failures = failures

    def problems(self) -> tuple[Problem, ...]:
        return (Problem(code="webhook-certificate", message="it is old"),)

    async def run(self) -> None:
        if self._failures:
            self._failures -= 1
            raise RuntimeError("a fault")
        pair = certificates.issue(self.authority, names=["localhost"], now=time.time(), seconds=3600)
        self.shown.show(Material(certificate=pair.certificate, key=pair.key))
        await asyncio.get_running_loop().create_future()


class World:
    def __init__(self, keeper: Keeper) -> None:
        self.keeper, self.clock = keeper, ManualClock()
        self.faults: list[Exception] = []
        self.closed = 0
        webhook = Webhook(
            Deciding.of(API_KINDS),
            consider=lambda: WhatIf(read=read).problems,
            time_limit=60,
            refuse_unchecked=False,
            fault=self.faults.append,
        )
        self.side = AdmissionSide(
            webhook,
            keeper=keeper,
            shown=keeper.shown,
            bind="localhost",
            port=0,
            clock=self.clock,
            fault=self.faults.append,
            closed=self._close,
        )

    async def _close(self) -> None:
        self.closed += 1

    async def asked(self) -> bytes:
        """Return what it answers."""
        context = ssl.create_default_context(cadata=self.keeper.authority.certificate.decode())
        reader, writer = await asyncio.open_connection("localhost", self.side.port, ssl=context)
        body = review(good())
        head = f"POST /validate HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        return answer


async def running(world: World, then: Callable[[], Awaitable[None]]) -> None:
    """Run it until something was done."""
    started = asyncio.Event()
    task = asyncio.create_task(world.side.run(started=started.set))
    try:
        async with asyncio.timeout(PATIENCE):
            await started.wait()
            await then()
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert world.closed == 1


async def test_it_answers_over_tls_and_tells_what_is_in_the_way_of_its_certificate() -> None:
    world = World(Keeper())

    async def ask() -> None:
        assert b'"allowed":true' in await world.asked()
        assert world.side.url == f"https://localhost:{world.side.port}"
        assert [str(each) for each in world.side.problems()] == ["it is old"]

    await running(world, ask)
    assert world.faults == []


async def test_a_fault_in_keeping_the_certificate_is_told_and_it_is_tried_again() -> None:
    world = World(Keeper(failures=2))

    async def ask() -> None:
        while not world.keeper.shown.ready:
            await world.clock.advance(10)
        assert b'"allowed":true' in await world.asked()

    await running(world, ask)
    assert [str(each) for each in world.faults] == ["a fault", "a fault"]


async def test_a_port_that_is_taken_is_told_by_its_settings() -> None:
    world, other = World(Keeper()), World(Keeper())

    async def again() -> None:
        other.side._server.port = world.side.port
        with pytest.raises(TransportError, match="--webhook-port"):
            await other.side.run(started=lambda: None)
        assert other.closed == 1

    await running(world, again)
