"""A world in which nobody is trusted unasked: authorities, certificates and tokens, where legation and Envoy read them.

All of it is made anew in each test, so that what is written here is worth nothing elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import yaml
from cryptography import x509

from demo import web
from demo.proxy import Envoy
from demo.stage import legation
from legation.pki.certificates import Pair, Usage, authority, issue
from tests.envoy.tokens import Issuer
from tests.envoy.world import World
from tests.kubelet import mount

NODE = "edge-0.default"
OTHER = "edge-0.shop"
"""Of another namespace."""
HOUR = 3600.0
YEAR = 365 * 24 * HOUR
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 begins with: https://www.rfc-editor.org/rfc/rfc9113#section-3.4."""
DENIED = "legation_denied_total"


def of_node(node_id: str) -> str:
    """Return the name that a certificate has for an Envoy of exactly this node id."""
    return f"spiffe://legation.test/node/{node_id}"


def new_authority() -> Pair:
    """Return another authority."""
    return authority(now=time.time(), seconds=YEAR)


def server_pair(signer: Pair, *, names: Sequence[str] = ("localhost", "127.0.0.1")) -> Pair:
    """Return what a server shows."""
    return issue(signer, names=names, now=time.time(), seconds=HOUR)


def client_pair(signer: Pair, name: str = "", *, begins: float = 0, seconds: float = HOUR) -> Pair:
    """Return what an Envoy shows; it begins so many seconds from now."""
    now = time.time() + begins
    return issue(signer, names=(name or of_node(NODE),), now=now, seconds=seconds, usage=Usage.CLIENT)


class Trusted:
    """Folders of legation and of its Envoy, each mounted by a kubelet."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.servers, self.clients, self.issuer = new_authority(), new_authority(), Issuer()
        """Who signs what is honest."""
        self._server, self._trusted = world.folder / "server", world.folder / "trusted"
        self._mounted: dict[str, bytes] = {}
        self.own = world.folder / "own"
        """What the Envoy trusts and shows."""
        self.show(server_pair(self.servers))
        self.trust(self.clients)
        self.first = client_pair(self.clients)
        """What the Envoy shows at first."""
        self.give(ca=[self.servers], pair=self.first, token=self.issuer.token(NODE))

    # Of legation

    def show(self, pair: Pair) -> None:
        """Have the server show another certificate."""
        mount(self._server, {"tls.crt": pair.certificate, "tls.key": pair.key})

    def trust(self, *authorities: Pair) -> None:
        """Have the server trust clients that these have signed."""
        mount(self._trusted, {"ca.crt": bundle(authorities)})

    @property
    def tls(self) -> tuple[str, ...]:
        """Options of a server with TLS."""
        return "--tls", str(self._server)

    @property
    def mutual(self) -> tuple[str, ...]:
        """Options of a server that wants certificates."""
        return *self.tls, "--client-ca", str(self._trusted / "ca.crt")

    @property
    def by_token(self) -> tuple[str, ...]:
        """Options of a server that wants tokens, and can look at them without asking anybody."""
        keys = self.world.folder / "jwks.json"
        keys.write_text(self.issuer.keys())
        check = ("--token-check", "jwks", "--token-jwks", str(keys), "--token-issuer", self.issuer.name)
        return *self.tls, "--token-audience", "legation", *check

    # Of the Envoy

    def give(self, *, ca: Sequence[Pair] = (), pair: Pair | None = None, token: str = "") -> None:
        """Have the Envoy trust and show this; what is not named stays."""
        if ca:
            self._mounted["ca.crt"] = bundle(ca)
        if pair is not None:
            self._mounted |= {"tls.crt": pair.certificate, "tls.key": pair.key}
        if token:
            self._mounted["token"] = token.encode()
        mount(self.own, self._mounted)

    async def bootstrap(
        self, auth: str, *options: str, host: str = "localhost", port: int = 0, node: str = NODE
    ) -> dict[str, Any]:
        """Return what `legation bootstrap` writes for an Envoy of this world."""
        folder = self.world.folder / "envoy"
        where = ("--node", node, "--xds", f"{host}:{port or self.world.xds}")
        trust = ("--auth", auth, "--trust-dir", str(self.own), "--write", str(folder))
        await legation("bootstrap", *where, *trust, *options)
        found: dict[str, Any] = yaml.safe_load((folder / "bootstrap.yaml").read_text())
        return found

    async def launch(self, auth: str, *options: str, host: str = "localhost", port: int = 0, node: str = NODE) -> Envoy:
        """Start an Envoy of this world, and do not wait until it is served."""
        return self.world.launch_envoy(await self.bootstrap(auth, *options, host=host, port=port, node=node))

    async def served(self) -> None:
        """Wait until the Envoy has its configuration, and answers requests by it."""
        await self.world.envoy.until(self.world.envoy.ready)
        port = await self.world.until(partial(self.world.envoy.listener_port, "front"), "its listener")
        assert await web.get(f"127.0.0.1:{port}", "/") in {"blue", "green"}

    async def connected(self) -> None:
        """Wait until the server has an Envoy."""

        async def there() -> bool:
            return "no Envoy is connected" not in await self.world.proxies()

        await self.world.until(there, "an Envoy that is connected")

    async def not_served(self) -> None:
        """See that the Envoy has got nothing, now that it has tried."""
        assert "LIVE" not in await self._state()
        assert await self.world.envoy.listener_port("front") is None
        text = await self.world.proxies()
        assert "no Envoy is connected" in text, text

    async def count(self, name: str, *, least: int = 1) -> None:
        """Wait until one of the Envoy's counters about its connection to the server has come that far."""
        name = f"cluster.xds_cluster.{name}"

        async def come() -> bool:
            found: Mapping[str, int] = await self.world.envoy.statistics(f"^{name}$")
            return found.get(name, 0) >= least

        await self.world.until(come, f"{name} of {least}")

    async def logged(self, words: str) -> None:
        """Wait until Envoy's log says something."""

        async def said() -> bool:
            return words in self.world.envoy.log.read_text(errors="replace")

        await self.world.until(said, f"{words!r} in Envoy's log")

    async def denied(self, cause: str, *, metric: str = DENIED) -> str:
        """Wait until the server has refused somebody for a cause, and return what it tells of that."""

        async def told() -> bool:
            return f'{metric}{{cause="{cause}"}}' in await self.world.metrics()

        await self.world.until(told, f"a refusal: {cause}")
        return await self.world.proxies("--denied")

    async def _state(self) -> str:
        with contextlib.suppress(ConnectionError):
            return await self.world.envoy.ask("/ready")
        return "not live"

    # A client that shows who the server is now

    async def serial(self, *, ca: Pair, pair: Pair) -> int:
        """Return the serial number of what the server shows to a new connection; an OSError says that it has none."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca.certificate.decode())
        files = self.world.folder / "probe.pem"
        files.write_bytes(pair.key + pair.certificate)
        context.load_cert_chain(files)
        context.set_alpn_protocols(["h2"])
        port, name = self.world.xds, "localhost"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        try:
            # In TLS 1.3 the server looks at our certificate when we are done: its first bytes say that it was content.
            writer.write(_PREFACE)
            if not await reader.read(1):
                raise ConnectionError("the server has closed the connection")
            return int(writer.get_extra_info("peercert")["serialNumber"], 16)
        finally:
            # A server need not answer a goodbye, and nobody waits for it here.
            writer.transport.abort()


def serial_of(pair: Pair) -> int:
    """Return the serial number of a certificate."""
    return x509.load_pem_x509_certificate(pair.certificate).serial_number


def bundle(authorities: Sequence[Pair]) -> bytes:
    """Return a file of authorities, without their keys."""
    return b"".join(each.certificate for each in authorities)


async def connections(world: World) -> int:
    """Return how many connections the Envoy has made to its server since its start."""
    name = "cluster.xds_cluster.upstream_cx_total"
    return (await world.envoy.statistics(f"^{name}$"))[name]
