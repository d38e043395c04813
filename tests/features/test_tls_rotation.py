"""Certificates and authorities are replaced a hundred times while Envoys are served: none of them feels it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import grpc
import pytest

from legation.cli.tls_side import TlsSide
from legation.control_plane import ControlPlane
from legation.pki import certificates
from legation.pki.certificates import Pair, Usage
from legation.settings import Tls
from legation.sources.memory import MemorySource
from legation.testing import FakeEnvoy, ManualClock
from legation.tls.loading import load_pair
from legation.tls.pem import Pem
from legation.transports import grpc_tls
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport
from tests.features.stage import SHOP, SOON, cluster
from tests.kubelet import mount

pytestmark = pytest.mark.timeout(300)

NAME = "xds.home.svc"
PATIENCE = 60.0
TURNS = 100
HOUR = 3600.0


class Trust:
    """What the server and its Envoys show and trust; one authority for both, which is replaced now and then."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "tls"
        self.authorities = [self._authority()]
        """All that are trusted; the first one signs."""
        self.client = self._issue("spiffe://home/node/edge", usage=Usage.CLIENT)

    def _authority(self) -> Pair:
        return certificates.authority(now=time.time(), seconds=1000 * HOUR)

    def _issue(self, *names: str, usage: Usage) -> Pair:
        return certificates.issue(self.authorities[0], names=names, now=time.time(), seconds=HOUR, usage=usage)

    @property
    def bundle(self) -> bytes:
        return b"".join(each.certificate for each in self.authorities)

    def write(self, *, key: bytes | None = None) -> Pair:
        """Have the server show a new certificate."""
        pair = self._issue(NAME, usage=Usage.BOTH)
        mount(self.folder, {"tls.crt": pair.certificate, "tls.key": key or pair.key, "ca.crt": self.bundle})
        return pair

    def turn(self, number: int) -> None:
        """Go one step on: the old authority alone, both, the new one signs, the new one alone."""
        step = number % 4
        if step == 1:
            self.authorities.append(self._authority())
        elif step == 2:
            self.authorities.reverse()
            self.client = self._issue("spiffe://home/node/edge", usage=Usage.CLIENT)
        elif step == 3:
            self.authorities.pop()

    def channel(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.bundle, self.client.key, self.client.certificate)

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.bundle.decode())
        load_pair(context, certificate=Pem(data=self.client.certificate), key=Pem(data=self.client.key))
        return context


class World:
    """A control plane whose certificate is in a folder."""

    def __init__(self, trust: Trust) -> None:
        self.trust, self.clock, self.faults = trust, ManualClock(), list[Exception]()
        self.tls = TlsSide(
            Tls(tls=trust.folder, client_ca=trust.folder / "ca.crt"),
            tokens=False,
            fault=self.faults.append,
            clock=self.clock,
        )
        self.source = MemorySource()
        for each in SHOP:
            self.source.put(each)
        self.grpc = GrpcTransport(bind=("127.0.0.1",), port=0, policy=SOON, tls=self.tls.xds)
        self.rest = RestTransport(bind="127.0.0.1", port=0, policy=SOON, tls=self.tls.rest)
        self.plane = ControlPlane([self.source], transports=[self.grpc, self.rest])
        self.polls = Counter[str]()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        following = asyncio.create_task(self.tls.run())
        try:
            async with self.plane:
                await self.plane.wait_ready()
                yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait, and have the files looked at again and again meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self.clock.advance(5)

    def shows(self, pair: Pair) -> bool:
        """Say whether both ports show it, and trust all that are to be trusted."""
        found = [port.shown.material for port in (self.tls.xds, self.tls.rest)]
        return all(
            each is not None and each.certificate == pair.certificate and each.authorities == self.trust.bundle
            for each in found
        )

    def envoy(self, name: str, *, delta: bool) -> FakeEnvoy:
        (address,) = self.grpc.addresses
        return FakeEnvoy(address, node=name, delta=delta, credentials=self.trust.channel(), server_name=NAME)

    async def poll_for_ever(self, name: str, *, kept: int) -> None:
        """Poll over connections of so many requests each."""
        version = ""
        while True:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.rest.port, ssl=self.trust.context(), server_hostname=NAME
            )
            for _ in range(kept):
                body = json.dumps({"version_info": version, "node": {"id": name}}).encode()
                head = f"POST /v3/discovery:clusters HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                said = await reader.readuntil(b"\r\n\r\n")
                # Nothing is new, or a body comes.
                if not said.startswith(b"HTTP/1.1 304"):
                    assert said.startswith(b"HTTP/1.1 200")
                    (length,) = re.findall(rb"content-length: (\d+)", said)
                    answer = json.loads(await reader.readexactly(int(length)))
                    assert "web" in {each["name"] for each in answer["resources"]}
                    version = answer["version_info"]
                self.polls[name] += 1
                await asyncio.sleep(0)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def test_a_hundred_turns_break_no_stream_and_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A handshake waits so long before and after each turn, for the sake of a thousand others at that moment.
    monkeypatch.setattr(grpc_tls, "_MOMENT", 0.01)
    trust = Trust(tmp_path)
    pair = trust.write()
    world = World(trust)
    async with world.running(), contextlib.AsyncExitStack() as stack:
        polling = [asyncio.create_task(world.poll_for_ever(f"poll-{kept}", kept=kept)) for kept in (1, 50, 10**9)]
        try:
            old = [world.envoy(f"edge-{number}", delta=number % 2 == 1) for number in range(6)]
            for each in old:
                await stack.enter_async_context(each)
                await each.has("clusters", {"web"})
            for number in range(1, TURNS + 1):
                if number % 10 == 0:
                    # Somebody writes a key that belongs to another certificate, and sees to it a moment later.
                    trust.write(key=pair.key)
                    await world.until(world.tls.problems)
                    assert "belongs to another certificate" in world.tls.problems()[0].message
                trust.turn(number)
                pair = trust.write()
                await world.until(partial(world.shows, pair))
                assert world.tls.problems() == ()
                name = f"turn-{number}"
                world.source.put(cluster(name))
                async with world.envoy(f"new-{number}", delta=number % 2 == 1) as new:
                    await asyncio.gather(*(each.has("clusters", {"web", name}) for each in (*old, new)))
                    assert new.closed is None
                world.source.delete(kind="Cluster", name=name)
                # Twice, so that whoever connects for each one has seen what is shown now: it may be one turn behind.
                goal = Counter({poller: count + 2 for poller, count in world.polls.items()})
                await world.until(partial(_reached, world.polls, goal, polling))
                assert not [each.exception() for each in polling if each.done()]
            assert [each.closed for each in old] == [None] * len(old)
            assert [each.violations for each in old] == [[]] * len(old)
            await world.until(lambda: world.grpc.statistics().clients == len(old))
        finally:
            for task in polling:
                task.cancel()
            await asyncio.wait(polling)
    assert len(world.polls) == len(polling)
    assert min(world.polls.values()) >= TURNS
    assert world.faults == []


def _reached(polls: Counter[str], goal: Counter[str], polling: Sequence[asyncio.Task[None]]) -> bool:
    return polls >= goal or any(each.done() for each in polling)
