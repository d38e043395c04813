"""`legation serve --kubernetes` beside an API server: Envoys prove by the token of their Pod who they are."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest

from legation.model.api_kinds import ApiKind
from legation.testing import FakeEnvoy, FakeKube
from legation.translate.pipeline import API_KINDS
from tests.features.test_cli_serve import Server, serving
from tests.kubelet import mount
from tests.unit.tls.signing import NAME, Authority

PATIENCE = 30.0
PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")


class World:
    """A cluster with two Pods and what each of their Envoys gets; a server beside it."""

    def __init__(self, kube: FakeKube, root: Path) -> None:
        self.kube, self.root, self.own = kube, root, Authority()
        self.server: Server
        self.xds = self.rest = self.health = ""
        for kind in API_KINDS:
            kube.install(kind)
        # No token goes over a connection without TLS.
        kube.tokens[""] = "legation"
        for name in ("cart-1", "bank-1"):
            self.pod(name)
            app = name.partition("-")[0]
            config = {"name": f"of-{app}", "connect_timeout": "1s"}
            selector = {"labels": {"app": app}}
            kube.put(
                {
                    "apiVersion": "bootes.io/v1",
                    "kind": "Cluster",
                    "metadata": {"namespace": "shop", "name": f"of-{app}"},
                    "spec": {"config": config, "workloadSelector": selector},
                }
            )

    def pod(self, name: str) -> None:
        app = name.partition("-")[0]
        self.kube.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"namespace": "shop", "name": name, "labels": {"app": app}},
                "spec": {"serviceAccountName": app},
                "status": {"podIP": "127.0.0.1"},
            }
        )

    def token(self, pod: str = "cart-1", **changes: Any) -> str:
        return self.kube.account_token("shop", pod.partition("-")[0], pod=pod, **changes)

    @asynccontextmanager
    async def serving(self, *more: str) -> AsyncIterator[None]:
        server = {"cluster": {"server": self.kube.url}, "name": "a"}
        context = {"context": {"cluster": "a"}, "name": "a"}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "a"}
        file = self.root / "kubeconfig"
        file.write_text(json.dumps({**config, "clusters": [server], "contexts": [context]}), encoding="utf-8")
        pair = self.own.server(NAME, "localhost")
        mount(self.root / "tls", {"tls.crt": pair.certificate, "tls.key": pair.key})
        objects = self.root / "objects"
        objects.mkdir()
        arguments = (
            *("--kubernetes", "--kubeconfig", str(file), "--tls", str(self.root / "tls")),
            *("--token-audience", "legation", "--rest-port", "0", "--log-level", "debug", *more),
        )
        with serving(objects, *arguments) as self.server:
            ready = await asyncio.to_thread(self.server.wait_event, "ready")
            self.xds, self.rest, self.health = ready["xds"], ready["rest"], ready["health"]
            yield
            assert await asyncio.to_thread(self.server.stop) == 0

    def envoy(self, token: str | None, *, node: str = "cart-1.shop") -> FakeEnvoy:
        credentials = grpc.ssl_channel_credentials(self.own.pem)
        if token is not None:
            shown = grpc.access_token_call_credentials(token)
            credentials = grpc.composite_channel_credentials(credentials, shown)
        return FakeEnvoy(
            self.xds.replace("localhost", "127.0.0.1"), node=node, credentials=credentials, server_name=NAME
        )

    async def refused(self, token: str | None, *, node: str = "cart-1.shop") -> tuple[str, str]:
        """Return how an Envoy is sent away."""
        async with self.envoy(token, node=node) as envoy:
            return await envoy.hung_up(within=PATIENCE)


def has_heard(envoy: FakeEnvoy) -> bool:
    return envoy.closed is not None or bool(envoy.responses)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with FakeKube() as kube:
        yield World(kube, tmp_path)


async def test_an_envoy_gets_what_its_pod_gets_and_nothing_of_another(world: World) -> None:
    async with world.serving():
        async with world.envoy(world.token()) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)
        assert (await world.refused(world.token(), node="bank-1.shop"))[0] == "PERMISSION_DENIED"
        assert (await world.refused(None))[0] == "UNAUTHENTICATED"
        status, words = await world.refused(world.token(audiences=["other"]))
        assert (status, "audience" in words) == ("UNAUTHENTICATED", True)
        status, words = await world.refused(world.token(seconds=-1))
        assert (status, "expired" in words) == ("UNAUTHENTICATED", True)
        assert (await world.refused(world.token(pod_uid="of-the-one-before")))[0] == "UNAUTHENTICATED"


async def test_the_streams_of_a_pod_end_with_it_and_its_token_is_worth_nothing(world: World) -> None:
    async with world.serving("--pod-wait", "20"):
        token = world.token()
        async with world.envoy(token) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)
            world.kube.delete(PODS, "shop", "cart-1")
            await envoy.hung_up(within=PATIENCE)
        # Another Pod that is called the same.
        world.pod("cart-1")
        await world.refused(token)
        async with world.envoy(world.token()) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)


async def test_while_the_api_server_is_away_those_who_were_here_come_back(world: World) -> None:
    async with world.serving():
        token, late = world.token(), world.token("bank-1")
        async with world.envoy(token) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)
            await world.kube.stop()
            async with world.envoy(token) as again:
                await again.has("clusters", {"of-cart"}, within=PATIENCE)
            assert (await world.refused(late, node="bank-1.shop"))[0] == "UNAVAILABLE"
            assert envoy.closed is None
        await world.kube.start()


class Polling:
    """An Envoy that polls, or somebody who says so."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def poll(self, token: str | None) -> int:
        body = {"node": {"id": "cart-1.shop"}, "type_url": "type.googleapis.com/envoy.config.cluster.v3.Cluster"}
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return (await self._client.post("/v3/discovery:clusters", json=body, headers=headers)).status_code


@asynccontextmanager
async def polling(world: World) -> AsyncIterator[Polling]:
    context = ssl.create_default_context(cadata=world.own.pem.decode())
    async with httpx2.AsyncClient(verify=context, base_url=world.rest, trust_env=False, timeout=PATIENCE) as client:
        yield Polling(client)


async def test_polls_are_looked_at_each_by_its_own_token(world: World) -> None:
    async with world.serving(), polling(world) as envoy:
        assert [await envoy.poll(each) for each in (world.token(), None, world.token("bank-1"))] == [200, 401, 403]


async def test_a_flood_of_tokens_that_somebody_made_up_does_not_reach_the_api_server(world: World) -> None:
    def asked() -> int:
        return world.kube.count("create", "tokenreviews")

    async with world.serving(), polling(world) as stranger:
        head, said, signature = world.token().split(".")
        forged = [f"{head}.{said}.{signature[:-8]}{number:08}" for number in range(100)]
        assert {await stranger.poll(each) for each in forged} == {401}
        assert asked() == 0

        # Of keys that nobody knows a few are asked about, as the API server may know them.
        async with FakeKube() as other:
            strange = []
            for _ in range(100):
                other.rotate_token_key()
                strange.append(other.account_token("shop", "cart"))
        began = time.monotonic()
        flood = asyncio.gather(*(stranger.poll(each) for each in strange))
        async with world.envoy(world.token()) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)
        assert set(await flood) <= {401, 503}
        assert asked() <= (time.monotonic() - began) * 10 + 3


async def test_nothing_that_is_said_holds_a_token(world: World) -> None:
    tokens = [world.token(), world.token("bank-1"), world.token(audiences=["other"]), world.token(seconds=-1)]
    async with world.serving():
        for each in (*tokens, f"{tokens[0]}x"):
            async with world.envoy(each) as envoy:
                await envoy.until(partial(has_heard, envoy), "anything", within=PATIENCE)
                assert each not in str(envoy.closed)
        metrics = await asyncio.to_thread(world.server.get, f"{world.health}/metrics")
    for each in tokens:
        for part in each.split(".")[1:]:
            assert part not in json.dumps(world.server.events)
            assert part not in metrics[1]
