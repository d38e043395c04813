"""Polls without HTTP: a feed in the hand, a clock that stands still, and clients that poll."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from legation.model.node import Peer
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, ResourceType
from legation.protocol.messages import Response, SotwResponse
from legation.protocol.sequence import Policy
from legation.testing import ManualClock
from legation.transports.rest_polls import Polls
from legation.transports.rest_request import RestRequest
from tests.unit.transports.loopback import PATIENCE, FakeFeed

HOST = Peer(address="ipv4:10.0.0.1", transport="rest")
IDLE = 60.0


class Poll:
    """One poll, which may be held."""

    def __init__(self, task: asyncio.Task[Response | None], gone: asyncio.Future[None]) -> None:
        self.task = task
        self._gone = gone

    async def result(self) -> SotwResponse | None:
        """Return what it is answered."""
        async with asyncio.timeout(PATIENCE):
            response = await self.task
        assert response is None or isinstance(response, SotwResponse)
        return response

    async def hang_up(self) -> None:
        """The client does not wait any more."""
        self._gone.set_result(None)
        assert await self.result() is None


class RestWorld:
    """A feed and its polls."""

    def __init__(self, feed: FakeFeed) -> None:
        self.feed = feed
        self.clock = ManualClock()
        self.polls = Polls(feed, policy=Policy(), clock=self.clock, idle=IDLE)

    def poll(
        self,
        *names: str,
        row: ResourceType = CLUSTER,
        version: str = "",
        nonce: str = "",
        error: str | None = None,
        node: str = "edge",
        peer: Peer = HOST,
        patience: float = 0.0,
    ) -> Poll:
        """Begin a poll."""
        body: dict[str, Any] = {}
        request = RestRequest(node_id=node, names=names, version=version, nonce=nonce, error=error, _node=body)
        gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self.polls.answer(row, request, peer, patience=patience, gone=gone))
        return Poll(task, gone)

    async def ask(self, *names: str, **said: Any) -> SotwResponse | None:
        """Return what a poll is answered."""
        return await self.poll(*names, **said).result()

    async def news(self, *names: str, **said: Any) -> SotwResponse:
        """Return what a poll is answered, which is something."""
        response = await self.ask(*names, **said)
        assert response is not None
        return response


@contextmanager
def rest_world(*resources: Resource) -> Iterator[RestWorld]:
    """Give polls of a feed that has these resources."""
    world = RestWorld(FakeFeed(*resources))
    try:
        yield world
    finally:
        world.polls.close()


def held(response: SotwResponse) -> list[str]:
    """Return the names in a response."""
    return [resource.name for resource in response.resources]
