"""Fellows: clients without ADS under one node id, which may be one Envoy that has several connections.

Nothing tells whether they are, for a node id may be shared. So each goes on by itself, and asks the others only for
what they hold before it removes something, or names what it does not carry itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, Self, TypeVar

MOST = 8
"""So many connections one Envoy may have; a node id that more clients share names no single Envoy."""


class Fellow(Protocol):
    """One of them."""

    def meet(self, others: Iterable[Self]) -> None:
        """Take the others."""
        ...


Client = TypeVar("Client", bound=Fellow)


class Fellows(Generic[Client]):
    """Those of all nodes."""

    def __init__(self) -> None:
        self._of: dict[str, dict[Client, None]] = {}

    def add(self, node: str, client: Client) -> None:
        """Take a client in, if it is not known."""
        clients = self._of.setdefault(node, {})
        if client in clients:
            return
        clients[client] = None
        if len(clients) <= MOST:
            _introduce(clients)
        elif len(clients) == MOST + 1:
            for each in clients:
                each.meet(())

    def remove(self, node: str, client: Client) -> None:
        """Take a client out that is gone, if it is known."""
        clients = self._of.get(node, {})
        if client not in clients:
            return
        del clients[client]
        client.meet(())
        if not clients:
            del self._of[node]
        elif len(clients) <= MOST:
            _introduce(clients)


def _introduce(clients: Iterable[Client]) -> None:
    clients = tuple(clients)
    for client in clients:
        client.meet(each for each in clients if each is not client)
