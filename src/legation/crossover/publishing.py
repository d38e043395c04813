"""Has the ConfigMaps `X-gen` show what is written, for as long as anybody lets it.

It knows how to read, create and replace one. It refuses to know what is in it. Invariant: files never wait for it,
and it writes only what is new.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from legation.clock import Clock, set_or
from legation.crossover import log
from legation.crossover.generated import Generated, made, merged
from legation.crossover.objects import CONFIG_MAP
from legation.errors import KubeConflict, KubeError, KubeNotFound, KubeUnreachable, LegationError
from legation.kube import objects
from legation.kube.client import Client

_ATTEMPTS = 5
"""How often it is read again because somebody else was faster: other replicas write the same."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Publishing:
    """All of them."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        """Publish nothing yet."""
        self._client = client
        self._clock = clock
        self._wanted: dict[str, Generated] = {}
        self._done: dict[str, Generated] = {}
        self._woken = asyncio.Event()

    def offer(self, wanted: Generated) -> None:
        """Take what is newest."""
        before = self._wanted.get(wanted.name)
        if before is None or not _same(before, wanted):
            self._wanted[wanted.name] = wanted
            self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled; what is refused is tried again, at longer and longer intervals."""
        pause, told = 0.0, ""
        while True:
            moment = self._clock.now() + pause if pause else float("inf")
            await set_or(self._woken, moment, clock=self._clock)
            self._woken.clear()
            trouble = await self.publish()
            if trouble and trouble != told:
                log.warning("not published", reason=trouble)
            told = trouble
            pause = min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE) if trouble else 0.0

    async def publish(self) -> str:
        """Publish what is not published yet. Returns why something is not; empty if all is."""
        trouble = ""
        for name, wanted in list(self._wanted.items()):
            if self._done.get(name) is not wanted:
                try:
                    await self._publish(wanted)
                except (KubeError, KubeUnreachable) as error:
                    trouble = _with_mend(error)
                else:
                    self._done[name] = wanted
        return trouble

    async def _publish(self, wanted: Generated) -> None:
        for left in reversed(range(_ATTEMPTS)):
            try:
                await self._write(wanted)
                return
            except KubeConflict:
                if not left:
                    raise

    async def _write(self, wanted: Generated) -> None:
        namespace = wanted.template.key.namespace
        try:
            found = await objects.get(self._client, kind=CONFIG_MAP, name=wanted.name, namespace=namespace)
        except KubeNotFound:
            await objects.create(self._client, kind=CONFIG_MAP, value=made(wanted), namespace=namespace)
            log.info("published", config_map=wanted.name)
            return
        new = merged(wanted, found)
        if new != found:
            await self._replace(new, namespace=namespace, name=wanted.name)
            log.info("published", config_map=wanted.name)

    async def _replace(self, value: dict[str, Any], *, namespace: str, name: str) -> None:
        # PUT, for roles that were made for crossover have the verb update and not patch.
        path = CONFIG_MAP.path(namespace=namespace, name=name)
        await self._client.request("PUT", path, body=json.dumps(value).encode())


def _same(one: Generated, other: Generated) -> bool:
    uids = [(each.template.body.get("metadata") or {}).get("uid") for each in (one, other)]
    return one.data == other.data and one.binary == other.binary and uids[0] == uids[1]


def _with_mend(error: LegationError) -> str:
    if isinstance(error, KubeError) and error.status == 403:
        return f"{error} (--publish-gen takes the verbs get, create and update on configmaps)"
    return str(error)
