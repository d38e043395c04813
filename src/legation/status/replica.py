"""Replica: one other replica. It is asked by HTTP, and answers what its Envoys have, or which Envoys it has.

What it says is believed as far as it has the right shape; anything else counts as no answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from legation.errors import KubeError, KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.model import delivery_json
from legation.model.delivery import Deliveries
from legation.model.replicas import ReplicaPage
from legation.tls.material import Material, Unusable, examine
from legation.tls.pem import Pem

ANSWER = 1.0
"""Seconds for its counts."""
PAGE_ANSWER = 2.0
"""Seconds for the page of its Envoys."""


Secured: TypeAlias = Callable[[], Material | None]
"""Returns what a replica shows the others, and whom it trusts; None while there is nothing."""


class Silence(Exception):
    """It does not answer, or not as a replica does."""


class Replica:
    """One other replica."""

    def __init__(self, address: str, *, port: int, secured: Secured | None = None) -> None:
        """Take where it is; nothing is asked yet.

        Args:
            address: Its IP address.
            port: Where it answers.
            secured: What both show each other and whom they trust; None: nothing is encrypted.
        """
        host = f"[{address}]" if ":" in address else address
        self.address = address
        self._where = f"{host}:{port}"
        self._secured = secured
        self._shown: Material | None = None
        self._client: Client | None = None
        self._before: Client | None = None
        """Who asked with what was shown before: perhaps somebody waits for an answer there."""
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
        # A replica of the release before tells nothing of these.
        denied = _maps(found, "denied") if isinstance(found, Mapping) and "denied" in found else ()
        return ReplicaPage(replica=self.address, proxies=proxies, turned_away=turned_away, denied=denied)

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
        for each in (self._client, self._before):
            if each is not None:
                await each.aclose()

    async def _ask(self, path: str, params: Mapping[str, str], *, limit: float) -> Any:
        client = await self._asking()
        try:
            return json.loads(await client.request("GET", path, params=params, timeout=limit))
        except (KubeError, KubeUnreachable, ValueError) as error:
            raise Silence(str(error)) from error

    async def _asking(self) -> Client:
        """Return who asks, with what is shown now."""
        shown = None if self._secured is None else self._secured()
        if self._secured is not None and shown is None:
            raise Silence("there is no certificate yet to show it")
        if self._client is not None and shown is self._shown:
            return self._client
        before, self._before = self._before, self._client
        self._client, self._shown = Client(_connection(self._where, shown)), shown
        if before is not None:
            await before.aclose()
        return self._client


def _connection(where: str, shown: Material | None) -> Connection:
    if shown is None:
        return Connection(server=f"http://{where}")
    try:
        # All replicas show the same certificate, or the one before or after it: the names stay.
        (name, *_) = examine(shown, now=time.time()).dns or ("",)
    except Unusable as error:
        raise Silence(str(error)) from error
    if not name or not shown.authorities:
        raise Silence("the certificate has no DNS name that another replica could be known by, or nobody is trusted")
    return Connection(
        server=f"https://{where}",
        authority=Pem(data=shown.authorities),
        tls_server_name=name,
        user=User(certificate=Pem(data=shown.certificate), key=Pem(data=shown.key)),
    )


def _maps(page: Any, name: str) -> tuple[Mapping[str, Any], ...]:
    found = page.get(name) if isinstance(page, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise Silence(f"its page has no {name}")
    return tuple(found)
