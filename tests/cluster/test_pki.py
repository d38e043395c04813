"""A certificate of our own at a real API server, with the rights of the chart: renewed again and again under load."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from demo import web
from legation.api.keeping import secret
from legation.api.keeping.config_maps import ConfigMaps
from legation.api.keeping.keeper import Keeper
from legation.api.keeping.secret import TLS
from legation.cli.pki_side import names
from legation.clock import MonotonicClock
from legation.envoy.trust import trust_files
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.pki import rotation
from legation.pki.authorities import Lives
from legation.pki.certificates import Usage
from legation.tls.material import Material
from legation.tls.pem import Pem
from legation.tls.ports import Ports, Whom
from legation.tls.shown import Ask
from tests.cluster.admin import Admin, Refused, reference
from tests.cluster.api_server import ApiServer
from tests.cluster.chart import apply_all, rendered, token_of
from tests.envoy.watching import PATIENCE

pytestmark = pytest.mark.timeout(180)

SHORT = Lives(authority=120, certificate=45, trusted_before=10)
"""Seconds of a clock that runs ahead of that by which connections are checked."""
AHEAD, STEP, FURTHEST = 20.0, 20.0, 280.0
"""As far as it may: a certificate is good five minutes before it is made."""
SECRET, CONFIG_MAP = "legation-tls", "legation-ca"


class Counting(Ports):
    """Counts what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.certificates: set[bytes] = set()

    def show(self, material: Material) -> None:
        super().show(material)
        self.certificates.add(material.certificate)


class Replica:
    """One of the replicas: it shows what the Secret holds at two ports."""

    def __init__(self, server: ApiServer, admin: Admin, home: str, *, now: Callable[[], float] = time.time) -> None:
        where = Connection(
            server=server.url, authority=Pem(file=str(server.ca_file)), user=User(token=token_of(admin, home))
        )
        clock = MonotonicClock()
        self.client, self.ports, self.leads = Client(where), Counting(), False
        self.keeper = Keeper(
            self.client,
            shown=self.ports,
            names=names("legation", home),
            namespace=home,
            name=SECRET,
            layout=TLS,
            publisher=ConfigMaps(
                self.client, name=CONFIG_MAP, namespaces=lambda: {home}, files=trust_files(), clock=clock
            ),
            leads=lambda: self.leads,
            clock=clock,
            chance=random.random,
            code="tls",
            subject="legation",
            usage=Usage.BOTH,
            unix_time=now,
            lives=SHORT,
        )
        self.plain = self.ports.trusting(Whom.NOBODY).port(Ask.NOTHING)
        self.mutual = self.ports.trusting(Whom.OWN).port(Ask.REQUIRED)
        self.numbers: tuple[int, ...] = ()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Replica]:
        """Run it."""
        task = asyncio.create_task(self.keeper.run())
        async with contextlib.AsyncExitStack() as stack:
            servers = [
                await asyncio.start_server(answer, "127.0.0.1", 0, ssl=each.context)
                for each in (self.plain, self.mutual)
            ]
            for each in servers:
                stack.callback(each.close)
            self.numbers = tuple(each.sockets[0].getsockname()[1] for each in servers)
            try:
                yield self
            finally:
                task.cancel()
                await asyncio.wait([task])
                await self.client.aclose()
        assert [str(each) for each in self.keeper.problems()] == []

    async def connects(self, bundle: str, home: str, *, own: Path | None) -> None:
        """Connect as an Envoy does that trusts this; with a certificate as another replica."""
        trusted = ssl.create_default_context(cadata=bundle)
        if own is not None:
            trusted.load_cert_chain(own)
        number = self.numbers[own is not None]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", number, ssl=trusted, server_hostname=f"legation.{home}.svc"
        )
        # With TLS 1.3 a client's certificate is looked at after its handshake.
        assert await reader.read() == b"welcome"
        writer.close()


async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"welcome")
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


@pytest.fixture
def home(admin: Admin, helm: Path, namespace: str) -> str:
    """The namespace of the chart."""
    apply_all(admin, rendered(helm, namespace))
    return namespace


async def said(admin: Admin, namespace: str) -> str:
    """Return whom the Pods of a namespace are told to trust; empty where they are not told yet."""
    try:
        found = await asyncio.to_thread(admin.get, reference("v1", "ConfigMap", CONFIG_MAP, namespace))
    except Refused:
        return ""
    assert found["data"].items() >= trust_files().items()
    return str(found["data"]["ca.crt"])


class Crowd:
    """Two replicas, and who connects to them: with the bundle of this look, and with that of the look before."""

    def __init__(self, admin: Admin, server: ApiServer, home: str, folder: Path) -> None:
        self.ahead = AHEAD
        self.admin, self.home, self._folder = admin, home, folder
        self.one, self.two = (Replica(server, admin, home, now=self.now) for _ in range(2))
        self.bundles: list[str] = []
        self.failed: list[Exception] = []

    def now(self) -> float:
        return time.time() + self.ahead

    async def connect(self) -> None:
        """Connect with each of both bundles to each replica, as an Envoy and as a replica."""
        for bundle, each in itertools.product(self.bundles[-2:], (self.one, self.two)):
            try:
                await each.connects(bundle, self.home, own=None)
                await each.connects(bundle, self.home, own=own(self.two, self._folder))
            except (OSError, AssertionError) as error:
                self.failed.append(error)

    async def settled(self) -> bool:
        """Say whether nothing is due, all are told, and both show it; who connects does so meanwhile."""
        await self.connect()
        found = await asyncio.to_thread(self.admin.get, reference("v1", "Secret", SECRET, self.home))
        kept = secret.read(msgspec.Raw(json.dumps(found).encode()), layout=TLS).kept
        if kept is None or any(each.published is None for each in kept.authorities):
            return False
        called = names("legation", self.home)
        if rotation.renewed(kept, names=called, now=self.now(), lives=SHORT, usage=Usage.BOTH) is not kept:
            return False
        shown = [each.ports.material for each in (self.one, self.two)]
        if any(each is None or each.certificate != kept.server.certificate for each in shown):
            return False
        return await said(self.admin, self.home) == kept.trusted.decode()


async def test_while_certificates_authorities_and_leaders_change_no_connection_fails(
    home: str, admin: Admin, api_server: ApiServer, tmp_path: Path
) -> None:
    crowd = Crowd(admin, api_server, home, tmp_path)
    async with crowd.one.running(), crowd.two.running():
        crowd.one.leads = True
        while crowd.ahead < FURTHEST:
            await web.until(crowd.settled, within=PATIENCE, what="the newest certificate, and that all trust it")
            crowd.bundles.append(await said(admin, home))
            await crowd.connect()
            crowd.ahead += STEP
            if crowd.ahead > FURTHEST / 2:
                crowd.one.leads, crowd.two.leads = False, True
    assert crowd.failed == []
    assert len(crowd.one.ports.certificates) > 5
    assert len(set(crowd.bundles)) > 3
    found = admin.get(reference("v1", "Secret", SECRET, home))
    assert found["type"] == "legation.dev/tls"
    assert set(found["data"]) == {"tls.crt", "tls.key", "ca.crt", "authorities.json"}


def own(replica: Replica, folder: Path) -> Path:
    """Write down what a replica shows."""
    shown = replica.ports.material
    assert shown is not None
    path = folder / "own.pem"
    path.write_bytes(shown.certificate + shown.key)
    return path


async def test_a_secret_that_somebody_empties_cuts_nobody_off(
    home: str, admin: Admin, api_server: ApiServer, tmp_path: Path
) -> None:
    replica = Replica(api_server, admin, home)
    kept = reference("v1", "Secret", SECRET, home)
    async with replica.running():
        replica.leads = True
        before: str = await web.until(partial(said, admin, home), within=PATIENCE, what="the ConfigMap")
        gone = dict.fromkeys(admin.get(kept)["data"])
        admin.patch(kept | {"data": gone})

        async def after() -> str:
            found = await said(admin, home)
            return found if found != before else ""

        bundle: str = await web.until(after, within=PATIENCE, what="another bundle")
        assert before in bundle
        for each in (before, bundle):
            await replica.connects(each, home, own=None)
        held = base64.b64decode(admin.get(kept)["data"]["ca.crt"]).decode()
        assert before in held


async def test_what_is_not_allowed_is_told_with_the_rule(home: str, admin: Admin, api_server: ApiServer) -> None:
    """In a namespace that the chart does not know."""
    replica = Replica(api_server, admin, home)
    for name in ("legation-tls-secret", f"{home}:legation", "legation"):
        with contextlib.suppress(Refused):
            admin.delete(reference("rbac.authorization.k8s.io/v1", "RoleBinding", name, home))
    for each in admin_bindings(admin, home):
        admin.delete(each)
    task = asyncio.create_task(replica.keeper.run())
    try:
        replica.leads = True

        async def told() -> bool:
            return any(SECRET in str(each) and "secrets" in str(each) for each in replica.keeper.problems())

        await web.until(told, within=PATIENCE, what="a problem")
    finally:
        task.cancel()
        await asyncio.wait([task])
        await replica.client.aclose()


def admin_bindings(admin: Admin, home: str) -> list[dict[str, object]]:
    """Return the RoleBindings of a namespace."""
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{home}/rolebindings"
    found = admin._ask("GET", path)["items"]
    return [reference("rbac.authorization.k8s.io/v1", "RoleBinding", each["metadata"]["name"], home) for each in found]
