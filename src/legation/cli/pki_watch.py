"""`legation pki rotate --watch`: a folder of certificates is kept up to date until a signal comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import click

from legation.clock import Clock, MonotonicClock
from legation.errors import PkiError
from legation.leaving import Leaving
from legation.pki.place import Looked

_LONGEST = 300.0
"""Seconds between two looks: the clock may be set, and somebody may delete what was made."""
_SHORTEST = 1.0
_AGAIN = 30.0
"""Seconds until what failed is tried again."""


class Kept(Protocol):
    """What is kept up to date."""

    def look(self, *, anew: bool = False, authority: bool = False) -> Looked:
        """Do what is due."""
        ...


def watch(place: Kept, *, force: bool, new_authority: bool) -> None:
    """Keep it until a signal comes; the first look has to succeed.

    Raises:
        PkiError: There is no authority, or the folder cannot be read or written.
    """
    leaving = Leaving()
    first = place.look(anew=force, authority=new_authority)
    leaving.run(lambda: keep(place, first, clock=MonotonicClock()), stopping=lambda _: None)


async def keep(place: Kept, looked: Looked | None, *, clock: Clock, now: Callable[[], float] = time.time) -> int:
    """Keep it until cancelled.

    Args:
        place: What is kept.
        looked: What came of the first look.
        clock: What pauses are measured by.
        now: Returns Unix seconds.
    """
    said: set[str] = set()
    while True:
        failed = ["no look"] if looked is None else looked.failed
        if looked is not None:
            for each in looked.done:
                click.echo(each)
            said = _say(looked.failed, said=said)
        pause = _AGAIN if failed or looked is None else min(max(looked.next - now(), _SHORTEST), _LONGEST)
        await clock.sleep_until(clock.now() + pause)
        try:
            looked = await asyncio.to_thread(place.look)
        except PkiError as error:
            looked = None
            said = _say([str(error)], said=said)


def _say(failed: list[str], *, said: set[str]) -> set[str]:
    """Say each of them once, until it is mended."""
    for each in failed:
        if each not in said:
            click.echo(f"legation: {each}", err=True)
    return set(failed)
