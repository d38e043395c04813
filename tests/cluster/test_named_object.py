"""One object by its name at a real API server, with a Role of get and watch for that name alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from legation.clock import MonotonicClock
from legation.errors import KubeForbidden
from legation.kube import direct
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.kube.watch_policy import WatchPolicy
from legation.model.api_kinds import ApiKind
from tests.cluster.admin import PATIENCE, Admin, Object, Refused, reference
from tests.cluster.api_server import ApiServer

CONFIG_MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
SPLITS = ApiKind(group="split.smi-spec.io", version="v1alpha2", kind="TrafficSplit", plural="trafficsplits")
RBAC = "rbac.authorization.k8s.io/v1"
EAGER = WatchPolicy(first_pause=0.05, absent_pause=0.1)
USER = "legation"


class ConfigMap(msgspec.Struct):
    data: dict[str, str]


def decode(raw: msgspec.Raw) -> dict[str, str]:
    return msgspec.json.decode(raw, type=ConfigMap).data


class World:
    """The objects of a namespace, and a user who may do little with them."""

    def __init__(self, admin: Admin, client: Client, namespace: str) -> None:
        self.admin = admin
        self.client = client
        self.namespace = namespace
        self._told = asyncio.Event()
        self.kept: NamedObject[dict[str, str]]

    def config_map(self, **data: str) -> Object:
        return reference("v1", "ConfigMap", "xds", self.namespace) | {"data": data}

    async def put(self, **data: str) -> None:
        await asyncio.to_thread(self.admin.apply, self.config_map(**data))

    async def delete(self) -> None:
        await asyncio.to_thread(self.admin.delete, self.config_map())

    def allow(self, *verbs: str) -> None:
        """Give the user these verbs, for one name of each kind alone."""
        rules = [
            {"apiGroups": [each.group], "resources": [each.plural], "resourceNames": ["xds"], "verbs": list(verbs)}
            for each in (CONFIG_MAPS, SPLITS)
        ]
        self.admin.apply(reference(RBAC, "Role", "reader", self.namespace) | {"rules": rules})
        self.admin.apply(
            reference(RBAC, "RoleBinding", "reader", self.namespace)
            | {
                "subjects": [{"kind": "User", "name": USER, "apiGroup": "rbac.authorization.k8s.io"}],
                "roleRef": {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"},
            }
        )

    async def until_allowed(self) -> None:
        """Wait until the API server knows of the Role."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(KubeForbidden):
                    await self.keep().look()
                    return
                await asyncio.sleep(0.02)

    def keep(self, *, kind: ApiKind = CONFIG_MAPS, interval: float = 60.0) -> NamedObject[dict[str, str]]:
        self.kept = NamedObject(
            self.client,
            kind,
            namespace=self.namespace,
            name="xds",
            decode=decode,
            changed=self._told.set,
            clock=MonotonicClock(),
            chance=random.Random(1).random,
            interval=interval,
            policy=EAGER,
        )
        return self.kept

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._told.clear()
                await self._told.wait()

    async def until_it_is(self, **data: str) -> None:
        await self.until(lambda: self.kept.current and self.kept.object == (data or None))


@contextlib.asynccontextmanager
async def running(kept: NamedObject[dict[str, str]]) -> AsyncIterator[None]:
    task = asyncio.create_task(kept.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def world(api_server: ApiServer, admin: Admin, namespace: str, tmp_path: Path) -> AsyncIterator[World]:
    token = tmp_path / "token"
    token.write_text(api_server.tokens[USER])
    reached = direct.connection(server=f"{api_server.url}/", token_file=str(token), ca_file=str(api_server.ca_file))
    client = Client(reached)
    yield World(admin, client, namespace)
    await client.aclose()


async def test_get_and_watch_of_one_name_are_enough(world: World) -> None:
    world.allow("get", "watch")
    await world.until_allowed()
    with pytest.raises(KubeForbidden):
        await world.client.request("GET", CONFIG_MAPS.path(namespace=world.namespace))
    async with running(world.keep()):
        await world.until_it_is()
        await world.put(a="1")
        await world.until_it_is(a="1")
        assert world.kept.not_watched is None
        large = "\n" * 500_000
        await world.put(a=large)
        await world.until_it_is(a=large)
        await world.delete()
        await world.until_it_is()
        await world.put(a="2")
        await world.until_it_is(a="2")


async def test_a_kind_that_is_not_installed(world: World) -> None:
    world.allow("get", "watch")
    await world.until_allowed()
    kept = world.keep(kind=SPLITS)
    assert await kept.look() is None
    async with running(kept):
        await world.until_it_is()
        assert kept.asked


async def test_who_may_not_watch_asks_again_and_again(world: World) -> None:
    world.allow("get")
    await world.until_allowed()
    await world.put(a="1")
    async with running(world.keep(interval=0.1)):
        await world.until_it_is(a="1")
        assert "may not watch ConfigMap" in str(world.kept.not_watched)
        await world.put(a="2")
        await world.until_it_is(a="2")


async def test_who_may_do_nothing_is_told_what_it_takes(world: World) -> None:
    with pytest.raises(KubeForbidden, match=f'User "{USER}" cannot get resource "configmaps"'):
        await world.keep().look()
    async with running(world.keep()):
        await world.until(lambda: 'resourceNames: ["xds"], verbs: ["get", "watch"]' in str(world.kept.missing))
        await world.put(a="1")
        world.allow("get", "watch")
        await world.until_it_is(a="1")


async def test_one_that_is_older_than_what_the_server_remembers(world: World, api_server: ApiServer) -> None:
    world.allow("get", "watch")
    await world.put(a="1")
    await asyncio.to_thread(world.admin.apply, reference("v1", "ConfigMap", "other", world.namespace))
    await asyncio.to_thread(api_server.restart)
    await world.until_allowed()
    version = world.admin.get(world.config_map())["metadata"]["resourceVersion"]
    params = {"watch": "true", "fieldSelector": "metadata.name=xds", "resourceVersion": version}
    path = CONFIG_MAPS.path(namespace=world.namespace)
    async with asyncio.timeout(PATIENCE), world.client.stream(path, params=params) as lines:
        told = json.loads(await anext(lines))
    assert told["object"].get("code") == 410
    async with running(world.keep()):
        await world.until_it_is(a="1")
        await world.delete()
        await world.until_it_is()
    with contextlib.suppress(Refused):
        await world.delete()
