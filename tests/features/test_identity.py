"""`legation serve --client-ca`: Envoys get what their certificate allows, by rules that are followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from legation.testing import FakeEnvoy
from tests.features.test_cli_serve import Server, legation, serving
from tests.kubelet import mount
from tests.unit.tls.signing import NAME, Authority

PATIENCE = 60.0
OF_ACCOUNT = "spiffe://legation/ns/shop/sa/cart"
OF_NODE = "spiffe://legation/node/edge"
RULES = """
rules:
- uri: spiffe://legation/ns/{namespace}/sa/{service_account}
  pods: {namespace: "{namespace}", serviceAccount: "{service_account}"}
"""
MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: NAME-1, namespace: shop, labels: {app: NAME}}
spec: {serviceAccountName: NAME}
---
apiVersion: bootes.io/v1
kind: Cluster
metadata: {name: of-NAME, namespace: shop}
spec:
  config: {name: of-NAME, connect_timeout: 1s}
  workloadSelector: {labels: {app: NAME}}
"""


class World:
    """A server with what is for two Envoys."""

    def __init__(self, root: Path) -> None:
        self.root, self.own = root, Authority()
        self.server: Server
        self.xds = self.admin = self.health = ""
        self.objects, self.rules = root / "objects", root / "rules.yaml"
        self.objects.mkdir()
        for name in ("cart", "bank"):
            (self.objects / f"{name}.yaml").write_text(MANIFEST.replace("NAME", name))
        pair = self.own.server(NAME, "localhost")
        mount(root / "tls", {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": self.own.pem})

    @asynccontextmanager
    async def serving(self, *more: str) -> AsyncIterator[None]:
        tls = self.root / "tls"
        with serving(self.objects, "--tls", str(tls), "--client-ca", str(tls / "ca.crt"), *more) as self.server:
            ready = await asyncio.to_thread(self.server.wait_event, "ready")
            self.xds, self.admin, self.health = ready["xds"], ready["admin"], ready["health"]
            yield
            assert await asyncio.to_thread(self.server.stop) == 0

    def envoy(self, *names: str, node: str = "cart-1.shop", own: Authority | None = None) -> FakeEnvoy:
        """Return one that shows a certificate with these names."""
        pair = (own or self.own).client(*names)
        credentials = grpc.ssl_channel_credentials(self.own.pem, pair.key, pair.certificate)
        address = self.xds.replace("localhost", "127.0.0.1")
        return FakeEnvoy(address, node=node, credentials=credentials, server_name=NAME)

    async def refused(self, *names: str, node: str = "cart-1.shop") -> tuple[str, str]:
        """Return how an Envoy is sent away."""
        async with self.envoy(*names, node=node) as envoy:
            return await envoy.hung_up(within=PATIENCE)

    async def denied(self) -> str:
        command = await asyncio.to_thread(
            legation, "proxies", "--denied", "--admin", self.admin.removeprefix("http://")
        )
        assert command.returncode == 0, command.stderr
        return command.stdout

    async def metrics(self) -> str:
        return (await asyncio.to_thread(self.server.get, f"{self.health}/metrics"))[1]


async def test_a_certificate_is_for_its_pods_and_for_no_others(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.serving():
        async with world.envoy(OF_ACCOUNT) as envoy:
            await envoy.has("clusters", {"of-cart"}, within=PATIENCE)
        status, words = await world.refused(OF_ACCOUNT, node="bank-1.shop")
        assert status == "PERMISSION_DENIED"
        assert "the Pods of the namespace shop with the service account cart" in words
        # It exists or not: that is told to nobody who is somewhere else.
        bank, nowhere = [
            await world.refused("spiffe://legation/ns/evil/sa/x", node=node) for node in ("bank-1.shop", "no-1.shop")
        ]
        assert bank[0] == nowhere[0] == "PERMISSION_DENIED"
        assert bank[1].replace("bank-1", "no-1") == nowhere[1]
        assert (await world.refused(OF_NODE))[0] == "PERMISSION_DENIED"
        assert (await world.refused("https://example.org/cart"))[0] == "PERMISSION_DENIED"
        shown = await world.denied()
        assert "bank-1.shop at ipv4:127.0.0.1:" in shown
        assert f"which showed the certificate of {OF_ACCOUNT}: other-node: PERMISSION_DENIED" in shown
        metrics = await world.metrics()
        assert 'legation_denied_total{cause="no-rule"} 1.0' in metrics
        assert "legation_proxies_connected 0.0" in metrics


async def test_a_certificate_of_a_node_is_for_its_id(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.serving():
        async with world.envoy(OF_NODE, node="edge") as envoy:
            await envoy.until(lambda: bool(envoy.responses), "an answer", within=PATIENCE)
        assert (await world.refused(OF_NODE, node="edge-2"))[0] == "PERMISSION_DENIED"


async def test_rules_are_followed_and_a_broken_file_leaves_the_good_ones(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.rules.write_text(RULES)
    async with (
        world.serving("--identity-rules", str(world.rules)),
        world.envoy(OF_ACCOUNT) as cart,
        world.envoy("spiffe://legation/ns/shop/sa/bank", node="bank-1.shop") as bank,
    ):
        await cart.has("clusters", {"of-cart"}, within=PATIENCE)
        await bank.has("clusters", {"of-bank"}, within=PATIENCE)
        world.rules.write_text("rules: [")
        await asyncio.to_thread(world.server.wait_event, "a file is not used; what it said before holds")
        world.rules.write_text(RULES.replace("{service_account}", "bank"))
        await cart.hung_up(within=PATIENCE)
        assert bank.closed is None
        assert (await world.refused(OF_ACCOUNT))[0] == "PERMISSION_DENIED"


async def test_a_dry_run_serves_everybody_and_tells_who_would_be_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.serving("--identity-check", "report"), world.envoy(OF_ACCOUNT, node="bank-1.shop") as envoy:
        await envoy.has("clusters", {"of-bank"}, within=PATIENCE)
        assert "would be denied" in await world.denied()
        assert 'legation_denied_reported_total{cause="other-node"} 1.0' in await world.metrics()
        await asyncio.to_thread(world.server.wait_event, "would be refused")


def test_a_server_does_not_begin_with_broken_rules(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.rules.write_text("rules:\n- uri: spiffe://d/x\n  node: [a]\n")
    tls = tmp_path / "tls"
    more = ("--tls", str(tls), "--client-ca", str(tls / "ca.crt"), "--identity-rules", str(world.rules))
    command = legation("serve", str(world.objects), "--xds-port", "0", *more)
    assert command.returncode != 0
    assert f"{world.rules}:3:" in command.stderr
    assert 'did you mean "nodes"?' in command.stderr
