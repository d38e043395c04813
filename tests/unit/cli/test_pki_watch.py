"""`legation pki rotate --watch`: when it looks, and that nothing ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from legation.cli.pki_watch import keep
from legation.errors import PkiError
from legation.pki.place import Looked
from legation.testing import ManualClock

if TYPE_CHECKING:
    import pytest

NOW = 1_800_000_000.0
PATIENCE = 20.0


class Kept:
    """Tells what it is told to tell."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.looks: list[float] = []
        self.answer: Looked | PkiError = Looked(next=NOW + 10_000)

    def look(self, *, anew: bool = False, authority: bool = False) -> Looked:
        assert not anew
        assert not authority
        self.looks.append(self._clock.now())
        if isinstance(self.answer, PkiError):
            raise self.answer
        return self.answer


async def looks(kept: Kept, clock: ManualClock, count: int) -> None:
    """Let time pass until it has looked so often."""
    async with asyncio.timeout(PATIENCE):
        while len(kept.looks) < count:
            await clock.advance(1.0)
            # Threads have no manual clock.
            await asyncio.sleep(0.001)


async def test_it_looks_when_something_is_due_and_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    kept = Kept(clock)
    begun = Looked(done=["web: a new certificate"], next=NOW + 20)
    task = asyncio.create_task(keep(kept, begun, clock=clock, now=lambda: NOW + clock.now()))
    try:
        await looks(kept, clock, 1)
        assert 20 <= kept.looks[0] < 40
        await looks(kept, clock, 2)
        assert kept.looks[1] - kept.looks[0] >= 300
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert capsys.readouterr().out == "web: a new certificate\n"


async def test_what_fails_is_said_once_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock()
    kept = Kept(clock)
    kept.answer = PkiError("pki", "it cannot be read")
    task = asyncio.create_task(keep(kept, Looked(failed=["out: full"]), clock=clock, now=lambda: NOW + clock.now()))
    try:
        await looks(kept, clock, 3)
        assert kept.looks[0] >= 30
        kept.answer = Looked(done=["all is well"], next=NOW)
        await looks(kept, clock, 5)
    finally:
        task.cancel()
        await asyncio.wait([task])
    said = capsys.readouterr()
    assert said.err == "legation: out: full\nlegation: pki: it cannot be read\n"
    assert "all is well" in said.out
