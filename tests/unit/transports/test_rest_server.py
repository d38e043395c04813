"""REST on a real port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from legation.errors import TransportError
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.transports.rest_server import RestTransport
from tests.unit.transports.http_client import ask, post
from tests.unit.transports.loopback import PATIENCE, FakeFeed, until

MANY = 400
"""Both ends are here, and a process may often open a thousand files and no more."""


def web(version: str = "1") -> Resource:
    """Return a cluster."""
    return Resource(type=CLUSTER, name="web", body=b"\x0a\x03web", version=version)


@asynccontextmanager
async def serving(feed: FakeFeed, **options: Any) -> AsyncIterator[tuple[RestTransport, asyncio.Task[None]]]:
    """Run a transport on a free port."""
    transport = RestTransport(port=0, **options)
    started = asyncio.Event()
    task = asyncio.create_task(transport.run(feed, started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        yield transport, task
    finally:
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])


async def test_many_held_polls_are_answered_when_something_changes() -> None:
    """Without a thread for any of them."""
    feed = FakeFeed(web())
    async with serving(feed) as (transport, _):

        async def poll(number: int) -> int:
            body = {"node": {"id": f"edge-{number}"}}
            path = CLUSTER.rest_path
            version = (await post(transport.port, path, body)).json()["version_info"]
            held = await post(transport.port, path, {**body, "version_info": version}, headers={"prefer": "wait=30"})
            return held.status

        polls = [asyncio.create_task(poll(number)) for number in range(MANY)]
        await until(lambda: transport.statistics().traffic.get("Cluster"))
        await until(lambda: transport.statistics().traffic["Cluster"].messages_in == 2 * MANY)
        feed.publish(web("2"))
        async with asyncio.timeout(PATIENCE):
            assert set(await asyncio.gather(*polls)) == {200}
        statistics = transport.statistics()
        assert (statistics.clients, statistics.streams) == (MANY, {("Cluster", "rest"): MANY})
        assert statistics.traffic["Cluster"].messages_out == 2 * MANY


async def test_when_it_is_stopped_held_polls_are_told_that_nothing_is_new() -> None:
    """At once, and every client leaves."""
    feed = FakeFeed(web())
    async with serving(feed) as (transport, task):
        body = {"node": {"id": "edge"}}
        version = (await post(transport.port, CLUSTER.rest_path, body)).json()["version_info"]
        body["version_info"] = version
        held = asyncio.create_task(post(transport.port, CLUSTER.rest_path, body, headers={"prefer": "wait=30"}))
        await until(lambda: transport.statistics().traffic["Cluster"].messages_in == 2)
        task.cancel()
        assert (await held).status == 304
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])
        assert not feed.seats
        assert transport.statistics().clients == 0


async def test_a_client_that_hangs_up_is_not_held() -> None:
    """What changes then is there for its next poll."""
    feed = FakeFeed(web())
    async with serving(feed) as (transport, _):
        body = b'{"node": {"id": "edge"}}'
        version = (await post(transport.port, CLUSTER.rest_path, body)).json()["version_info"]
        again = b'{"node": {"id": "edge"}, "version_info": "%b"}' % version.encode()
        asked = await ask(transport.port, CLUSTER.rest_path, again, headers={"prefer": "wait=30"})
        await until(lambda: transport.statistics().traffic["Cluster"].messages_in == 2)
        await asked.close()
        feed.publish(web("2"))
        assert (await post(transport.port, CLUSTER.rest_path, again)).status == 200


async def test_no_poll_is_held_longer_than_the_setting_says() -> None:
    """However patient its client is."""
    async with serving(FakeFeed(web()), hold=0.05) as (transport, _):
        body = {"node": {"id": "edge"}}
        body["version_info"] = (await post(transport.port, CLUSTER.rest_path, body)).json()["version_info"]
        assert (await post(transport.port, CLUSTER.rest_path, body, headers={"prefer": "wait=9999"})).status == 304


async def test_a_port_that_is_taken_is_said_in_words() -> None:
    """With the setting that mends it."""
    async with serving(FakeFeed()) as (transport, _):
        other = RestTransport(port=transport.port)
        with pytest.raises(TransportError, match="--rest-port"):
            await other.run(FakeFeed(), started=lambda: None)
