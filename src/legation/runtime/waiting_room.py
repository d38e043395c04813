"""The clients whose Pod nobody knows yet: each waits for a while, and is then turned away with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from legation.clock import Clock, set_or
from legation.model.node import Node, Peer
from legation.transports.base import Client, Refusal

PATIENCE = 30.0
"""Seconds: a Pod's Envoy may be up before the API server tells the Pod's address."""
STATUS = "NOT_FOUND"


class Guest(Protocol):
    """Who waits."""

    @property
    def peer(self) -> Peer:
        """Whom the connection comes from."""
        ...

    @property
    def node(self) -> Node:
        """Who it says it is."""
        ...

    @property
    def client(self) -> Client:
        """What can be dismissed."""
        ...

    @property
    def since(self) -> float:
        """When it came."""
        ...


class WaitingRoom:
    """Runs beside the sources; it is woken when somebody comes and when what is known has changed."""

    def __init__(
        self,
        *,
        clock: Clock,
        patience: float,
        guests: Callable[[], Iterable[Guest]],
        check: Callable[[Peer, Node], object],
        why: Callable[[Node], str | None],
        turned_away: Callable[[Peer, Node, Refusal], None],
    ) -> None:
        """Take what it asks.

        Args:
            clock: What the patience is measured by.
            patience: Seconds.
            guests: Who waits now.
            check: Raises `Refusal` for who may not be whom it says.
            why: Says why somebody was waited for in vain; None where nobody can say yet, so that it waits on.
            turned_away: Told of each that is dismissed, and why.
        """
        self._clock = clock
        self._patience = patience
        self._guests = guests
        self._check = check
        self._why = why
        self._turned_away = turned_away
        self._woken = asyncio.Event()
        self._dismissed: set[Guest] = set()
        """Those that were dismissed and whose streams had not ended yet at the last look."""

    def wake(self) -> None:
        """Have everybody who waits looked at soon."""
        self._woken.set()

    async def run(self) -> None:
        """Look after the guests until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while (due := self._look()) is not None:
                await set_or(self._woken, due, clock=self._clock)
                self._woken.clear()

    def _look(self) -> float | None:
        """Dismiss who has waited long enough or may not be here. Returns when the next one is due."""
        now = self._clock.now()
        guests = tuple(self._guests())
        self._dismissed.intersection_update(guests)
        due: list[float] = []
        for guest in guests:
            if guest in self._dismissed:
                continue
            refusal = self._refusal(guest, late=guest.since + self._patience <= now)
            if refusal is None:
                # Where nobody could say why, it waits as long once more.
                due.append(max(guest.since, now if guest.since + self._patience <= now else 0.0) + self._patience)
                continue
            self._dismissed.add(guest)
            self._turned_away(guest.peer, guest.node, refusal)
            guest.client.dismiss(refusal.status, str(refusal))
        return min(due, default=None)

    def _refusal(self, guest: Guest, *, late: bool) -> Refusal | None:
        try:
            self._check(guest.peer, guest.node)
        except Refusal as refusal:
            return refusal
        words = self._why(guest.node) if late else None
        return None if words is None else Refusal(STATUS, words)
