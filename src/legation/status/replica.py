"""Replica: one other replica. It is asked by HTTP, and answers what its Envoys have, or which Envoys it has.

What it says is believed as far as it has the right shape; anything else counts as no answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from legation.errors import KubeError, KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.model import delivery_json
from legation.model.delivery import Deliveries
from legation.model.replicas import ReplicaPage

ANSWER = 1.0
"""Seconds for its counts."""
PAGE_ANSWER = 2.0
"""Seconds for the page of its Envoys."""


class Silence(Exception):
    """It does not answer, or not as a replica does."""


class Replica:
    """One other replica."""

    def __init__(self, address: str, *, port: int) -> None:
        """Take where it is; nothing is asked yet."""
        host = f"[{address}]" if ":" in address else address
        self.address = address
        self._client = Client(Connection(server=f"http://{host}:{port}"))
        self._epoch, self._number = "", 0

    async def deliveries(self) -> Deliveries:
        """Return what changed since it was last asked.

        Raises:
            Silence: There is no answer.
        """
        params = {"epoch": self._epoch, "since": str(self._number)}
        try:
            found = delivery_json.from_json(await self._ask("/delivery", params, limit=ANSWER))
        except ValueError as error:
            raise Silence(str(error)) from error
        if not found.whole and found.epoch != self._epoch:
            raise Silence("it tells changes of something that it never told")
        self._epoch, self._number = found.epoch, found.number
        return found

    async def page(self) -> ReplicaPage:
        """Return its Envoys.

        Raises:
            Silence: There is no answer.
        """
        found = await self._ask("/proxies", {}, limit=PAGE_ANSWER)
        proxies, turned_away = (_maps(found, name) for name in ("proxies", "turned_away"))
        return ReplicaPage(replica=self.address, proxies=proxies, turned_away=turned_away)

    async def records(self, path: str, name: str, params: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
        """Return the list of that name on one of its pages.

        Raises:
            Silence: There is no answer.
        """
        return _maps(await self._ask(path, params, limit=PAGE_ANSWER), name)

    def forget(self) -> None:
        """Have everything told anew the next time."""
        self._epoch, self._number = "", 0

    async def aclose(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _ask(self, path: str, params: Mapping[str, str], *, limit: float) -> Any:
        try:
            return json.loads(await self._client.request("GET", path, params=params, timeout=limit))
        except (KubeError, KubeUnreachable, ValueError) as error:
            raise Silence(str(error)) from error


def _maps(page: Any, name: str) -> tuple[Mapping[str, Any], ...]:
    found = page.get(name) if isinstance(page, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise Silence(f"its page has no {name}")
    return tuple(found)
