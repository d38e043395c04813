"""What each call asks of the API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from legation.errors import KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.model.api_kinds import ApiKind
from tests.unit.kube.loopback import Answer, Asked, Loopback, loopback

LISTENER = ApiKind(group="bootes.io", version="v1", kind="Listener", plural="listeners")
NODE = ApiKind(group="", version="v1", kind="Node", plural="nodes", namespaced=False)
FOLDER = "/apis/bootes.io/v1/namespaces/shop/listeners"


async def fine(asked: Asked, answer: Answer) -> None:
    kind = "Node" if "/nodes/" in asked.target else "Listener"
    await answer.whole(body=json.dumps({"kind": kind}).encode())


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """A server that likes everything."""
    async with loopback(fine) as made:
        yield made


@pytest.fixture
async def client(server: Loopback) -> AsyncIterator[Client]:
    """A client for it."""
    made = Client(Connection(server=server.url))
    yield made
    await made.aclose()


def asked(server: Loopback) -> tuple[str, str, Any]:
    """Return the one request: method, target, body."""
    (one,) = server.asked
    return one.method, one.target, json.loads(one.body) if one.body else None


async def test_get(client: Client, server: Loopback) -> None:
    assert await objects.get(client, kind=LISTENER, namespace="shop", name="a") == {"kind": "Listener"}
    assert asked(server) == ("GET", f"{FOLDER}/a", None)


async def test_get_without_a_namespace(client: Client, server: Loopback) -> None:
    await objects.get(client, kind=NODE, name="a", subresource="status")
    assert asked(server) == ("GET", "/api/v1/nodes/a/status", None)


async def test_create(client: Client, server: Loopback) -> None:
    await objects.create(client, kind=LISTENER, namespace="shop", value={"a": 1}, field_manager="us")
    assert asked(server) == ("POST", f"{FOLDER}?fieldManager=us", {"a": 1})
    assert server.asked[0].headers["content-type"] == "application/json"


async def test_merge_patch(client: Client, server: Loopback) -> None:
    value = {"metadata": {"annotations": {"a": None}}}
    await objects.merge_patch(client, kind=LISTENER, namespace="shop", name="a", value=value)
    assert asked(server) == ("PATCH", f"{FOLDER}/a", value)
    assert server.asked[0].headers["content-type"] == "application/merge-patch+json"


async def test_apply(client: Client, server: Loopback) -> None:
    await objects.apply(
        client,
        kind=LISTENER,
        namespace="shop",
        name="a",
        subresource="status",
        value={"metadata": {"labels": {"a": "b"}}, "status": {}},
        field_manager="us",
        force=True,
    )
    whole = {
        "apiVersion": "bootes.io/v1",
        "kind": "Listener",
        "metadata": {"name": "a", "labels": {"a": "b"}},
        "status": {},
    }
    assert asked(server) == ("PATCH", f"{FOLDER}/a/status?fieldManager=us&force=true", whole)
    assert server.asked[0].headers["content-type"] == "application/apply-patch+yaml"


async def test_apply_without_force(client: Client, server: Loopback) -> None:
    await objects.apply(client, kind=NODE, name="a", value={}, field_manager="us")
    assert asked(server)[1] == "/api/v1/nodes/a?fieldManager=us&force=false"


@pytest.mark.parametrize("name", ["", ".", "..", "../secrets/a", "a%2fb"])
async def test_no_name_leads_elsewhere(client: Client, server: Loopback, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an object"):
        await objects.get(client, kind=LISTENER, namespace="shop", name=name)
    if name:
        with pytest.raises(ValueError, match="cannot be the name of an object"):
            await objects.create(client, kind=LISTENER, namespace=name, value={})
    assert not server.asked


async def test_odd_names_stay_one_part_of_the_path(client: Client, server: Loopback) -> None:
    await objects.get(client, kind=NODE, name="system:node?watch#a b")
    assert asked(server)[1] == "/api/v1/nodes/system%3Anode%3Fwatch%23a%20b"


async def test_a_kind_has_a_namespace_or_has_none(client: Client, server: Loopback) -> None:
    with pytest.raises(ValueError, match=r"listeners\.bootes.io needs a namespace"):
        await objects.get(client, kind=LISTENER, name="a")
    with pytest.raises(ValueError, match="nodes has no namespace"):
        await objects.get(client, kind=NODE, name="a", namespace="shop")
    assert not server.asked


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[]", b"{}", b'{"kind": "Status"}'])
async def test_what_does_not_show_the_object_is_no_api_server(body: bytes) -> None:
    async def portal(asked: Asked, answer: Answer) -> None:
        await answer.whole(body=body)

    async with loopback(portal) as server:
        client = Client(Connection(server=server.url))
        with pytest.raises(KubeUnreachable, match="is no API server: it does not show a Listener"):
            await objects.get(client, kind=LISTENER, namespace="shop", name="a")
        await client.aclose()


async def test_an_object_that_is_nested_too_deep_is_told_as_far_as_it_can_be_read() -> None:
    """Its status is written all the same, and what comes of that is the whole object."""
    levels = 9000
    spec = b'{"a":' * levels + b"1" + b"}" * levels
    body = b'{"kind": "Listener", "spec": %b, "metadata": {"uid": "u1"}, "status": {"x": 1}}' % spec

    async def tell(asked: Asked, answer: Answer) -> None:
        await answer.whole(body=body)

    async with loopback(tell) as server:
        client = Client(Connection(server=server.url))
        found = await objects.apply(
            client, kind=LISTENER, namespace="shop", name="a", value={}, field_manager="us", subresource="status"
        )
        assert (found["metadata"], found["status"]) == ({"uid": "u1"}, {"x": 1})
        await client.aclose()


async def test_who_does_not_answer_in_time_is_not_waited_for() -> None:
    ended = asyncio.Event()

    async def slow(asked: Asked, answer: Answer) -> None:
        await ended.wait()

    async with loopback(slow) as server:
        client = Client(Connection(server=server.url))
        for call in (
            objects.get(client, kind=NODE, name="a", timeout=0.01),
            objects.create(client, kind=NODE, value={}, timeout=0.01),
            objects.merge_patch(client, kind=NODE, name="a", value={}, timeout=0.01),
            objects.apply(client, kind=NODE, name="a", value={}, field_manager="us", timeout=0.01),
        ):
            with pytest.raises(KubeUnreachable, match="does not answer in time"):
                await call
        ended.set()
        await client.aclose()
