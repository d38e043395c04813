"""Rows A7: discovery over REST, as requests and responses of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from legation.model.events import Accepted, Refused
from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    RUNTIME,
    ResourceType,
)
from legation.transports.rest_server import RestTransport
from tests.spec.variants import spoken_rest
from tests.unit.transports.http_client import Answer, ask, post
from tests.unit.transports.loopback import PATIENCE, FakeFeed, until

POLLED = tuple(row for row in RESOURCE_TYPES if row.rest_path)
WAITS = {"prefer": "wait=20"}


class Server:
    """REST on a port, and what it serves."""

    def __init__(self, feed: FakeFeed, port: int) -> None:
        self.feed = feed
        self.port = port

    async def poll(self, row: ResourceType = CLUSTER, *, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        """Return the answer to a poll of a node."""
        return await post(self.port, row.rest_path, {"node": {"id": "edge"}, **body}, headers=headers)


@asynccontextmanager
async def serving(*resources: Resource) -> AsyncIterator[Server]:
    """Serve these over REST."""
    spoken_rest()
    feed = FakeFeed(*resources)
    transport = RestTransport(port=0)
    started = asyncio.Event()
    task = asyncio.create_task(transport.run(feed, started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        yield Server(feed, transport.port)
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
        assert task.cancelled()


def empty(name: str, *, row: ResourceType = CLUSTER, version: str = "1") -> Resource:
    """Return a resource whose message says nothing but its name, if it has a field for one."""
    return Resource(type=row, name=name, body=b"", version=version)


@pytest.mark.parametrize("row", POLLED, ids=lambda row: row.name)
async def test_a7_1_a_type_is_asked_at_its_path_with_json_and_answered_in_json(row: ResourceType) -> None:
    """The path implies the type."""
    async with serving(empty("one", row=row)) as server:
        answer = await server.poll(row, resource_names=["one"])
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        said = answer.json()
        assert said["type_url"] == row.url
        assert said["version_info"]
        assert said["nonce"]
        assert said["resources"] == [{"@type": row.url}]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/v3/discovery:virtual-hosts", b"{}", 404, "/v3/discovery:clusters"),
        ("/", b"{}", 404, "nothing is served here"),
        (CLUSTER.rest_path, b'{"node": {"id": "edge"},}', 400, "in line 1, column"),
        (CLUSTER.rest_path, b"{}", 400, "node.id is empty"),
        (CLUSTER.rest_path, b'{"node": {"id": "edge"}, "version_info": 5}', 400, "version_info is a number"),
    ],
)
async def test_a7_1_what_is_no_request_is_refused_with_words(path: str, body: bytes, status: int, words: str) -> None:
    """An unknown path is not found."""
    async with serving(empty("web")) as server:
        answer = await post(server.port, path, body)
        assert answer.status == status
        assert words in answer.body.decode()
        assert not server.feed.seats


async def test_a7_1_discovery_is_asked_with_post_alone() -> None:
    """Any other method is not allowed."""
    async with serving() as server:
        answer = await (await ask(server.port, CLUSTER.rest_path, method="GET")).answer()
        assert (answer.status, answer.headers["allow"]) == (405, "post")


async def test_a7_2_an_unchanged_version_is_304_with_an_empty_body() -> None:
    """At once for a client that does not say that it waits."""
    async with serving(empty("web")) as server:
        version = (await server.poll()).json()["version_info"]
        answer = await server.poll(version_info=version)
        assert (answer.status, answer.body) == (304, b"")


async def test_a7_2_a_poll_of_a_client_that_waits_is_held_until_something_changes() -> None:
    """It is answered with the change."""
    async with serving(empty("web")) as server:
        version = (await server.poll()).json()["version_info"]
        polling = asyncio.create_task(server.poll(version_info=version, headers=WAITS))
        await until(lambda: any(isinstance(each, Accepted) for each in server.feed.seats[0].events))
        server.feed.publish(empty("web", version="2"))
        assert (await polling).json()["version_info"] != version


async def test_a7_2_a_poll_is_over_before_the_client_gives_it_up() -> None:
    """Envoy says in a header how long it waits: the answer is there in less."""
    async with serving(empty("web")) as server:
        version = (await server.poll()).json()["version_info"]
        answer = await server.poll(version_info=version, headers={"x-envoy-expected-rq-timeout-ms": "50"})
        assert answer.status == 304


async def test_a7_3_names_select_as_in_state_of_the_world() -> None:
    """Wildcard types give all to who names nothing; of the others only what is named."""
    hosts = (empty(name, row=CLUSTER_LOAD_ASSIGNMENT) for name in "ab")
    async with serving(empty("a"), empty("b"), *hosts) as server:
        assert len((await server.poll()).json()["resources"]) == 2
        assert len((await server.poll(resource_names=["b"])).json()["resources"]) == 1
        named = await server.poll(CLUSTER_LOAD_ASSIGNMENT, resource_names=["a"])
        assert len(named.json()["resources"]) == 1
        assert (await server.poll(CLUSTER_LOAD_ASSIGNMENT)).status == 304


@pytest.mark.parametrize(("names", "version"), [("resource_names", "version_info"), ("resourceNames", "versionInfo")])
async def test_a7_3_both_spellings_of_fields_are_read_and_unknown_ones_passed_over(names: str, version: str) -> None:
    """A newer Envoy says more."""
    async with serving(empty("a"), empty("b")) as server:
        body: dict[str, Any] = {"node": {"id": "edge"}, names: ["a"], "of_tomorrow": {"x": [1]}}
        first = await post(server.port, CLUSTER.rest_path, body)
        assert len(first.json()["resources"]) == 1
        second = await post(server.port, CLUSTER.rest_path, {**body, version: first.json()["version_info"]})
        assert second.status == 304


async def test_a7_3_error_detail_in_the_next_poll_is_a_nack() -> None:
    """The refused content does not come again; what mends it does."""
    async with serving(empty("web")) as server:
        version = (await server.poll()).json()["version_info"]
        assert (await server.poll(version_info=version)).status == 304
        server.feed.publish(empty("web", version="2"))
        assert (await server.poll(version_info=version)).status == 200
        error = {"code": 13, "message": "web is bad"}
        assert (await server.poll(version_info=version, error_detail=error)).status == 304
        assert [each.message for each in server.feed.seats[0].events if isinstance(each, Refused)] == ["web is bad"]
        assert (await server.poll(version_info=version)).status == 304
        server.feed.publish(empty("web", version="3"))
        assert (await server.poll(version_info=version)).status == 200


async def test_a7_4_whatever_a_snapshot_holds_is_served() -> None:
    """Each type from the same snapshot, each at its own version."""
    async with serving(*(empty("one", row=row) for row in POLLED)) as server:
        for row in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, RUNTIME):
            names = [] if row.wildcard else ["one"]
            said = (await server.poll(row, resource_names=names)).json()
            assert [each["@type"] for each in said["resources"]] == [row.url]
            again = await server.poll(row, resource_names=names, version_info=said["version_info"])
            assert again.status == 304
