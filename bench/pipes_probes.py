"""Who looks at pipes from outside: a caller that notes when it is answered, and one that reads what a Pod is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from envoy.service.cluster.v3.cds_pb2_grpc import ClusterDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from envoy.service.listener.v3.lds_pb2_grpc import ListenerDiscoveryServiceStub

from tests.cluster.datagrams import Stream

_TYPES = "type.googleapis.com/envoy.config"
CLUSTER, LISTENER = f"{_TYPES}.cluster.v3.Cluster", f"{_TYPES}.listener.v3.Listener"
_LATE = 1.0
"""Seconds for which an answer may be under way."""

Method: TypeAlias = Any
"""A method of a stub: grpc's generated code has no types."""


class Probe(Stream):
    """A stream that is tried until it is answered. `probe` makes one."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.answered_at = 0.0
        """By the system's clock, as all moments here."""
        self._sent_at: list[float] = []
        self._refused_before = 0
        """All that were sent before that one met nobody."""

    async def reach(self, *, pause: float) -> None:
        """Send one after the other until one is answered.

        Args:
            pause: Seconds between two.
        """
        while not self.answered.is_set():
            self._sent_at.append(time.time())
            self.send()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.answered.wait()

    @property
    def taken_at(self) -> float:
        """When the first datagram was sent that was not refused."""
        return self._sent_at[self._refused_before]

    async def first_is_lost(self) -> bool:
        """Say whether that one was never answered, and wait a while for its answer."""
        if self._lost:
            await asyncio.sleep(_LATE)
        return self._lost

    @property
    def _lost(self) -> bool:
        return min(self.answers) > self._refused_before

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Note when the first came."""
        if not self.answered.is_set():
            self.answered_at = time.time()
        super().datagram_received(data, addr)
        self.answered.set()

    def error_received(self, exc: Exception) -> None:
        """Note which was refused; what is sent meanwhile is not sent at all."""
        super().error_received(exc)
        if not self.answered.is_set():
            self._refused_before = len(self._sent_at)


@asynccontextmanager
async def probe(address: str, port: int) -> AsyncIterator[Probe]:
    """Give one that sends to a port."""
    loop = asyncio.get_running_loop()
    transport, made = await loop.create_datagram_endpoint(Probe, remote_addr=(address, port))
    try:
        yield made
    finally:
        transport.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one response told."""

    type_url: str
    names: tuple[str, ...]
    """Of the resources that it has."""
    removed: int


class Reader:
    """One that asks for all clusters and listeners as an Envoy of l7mp does, accepts all and notes what it gets."""

    def __init__(self) -> None:
        self.responses: list[Response] = []

    @classmethod
    @asynccontextmanager
    async def connected(cls, address: str, node: str) -> AsyncIterator[Reader]:
        """Give one that has got its first answers."""
        made = cls()
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        async with grpc.aio.insecure_channel(address, options=options) as channel:
            clusters: Method = ClusterDiscoveryServiceStub(channel).DeltaClusters
            listeners: Method = ListenerDiscoveryServiceStub(channel).DeltaListeners
            asks = ((clusters, CLUSTER), (listeners, LISTENER))
            tasks = [asyncio.create_task(made._read(method, type_url, node)) for method, type_url in asks]
            try:
                yield made
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                for task in tasks:
                    if not task.cancelled():
                        task.result()

    async def _read(self, method: Method, type_url: str, node: str) -> None:
        answers: asyncio.Queue[DeltaDiscoveryRequest] = asyncio.Queue()
        first = DeltaDiscoveryRequest(type_url=type_url)
        first.node.id = node
        answers.put_nowait(first)

        async def requests() -> AsyncIterator[DeltaDiscoveryRequest]:
            while True:
                yield await answers.get()

        async for response in method(requests()):
            answers.put_nowait(DeltaDiscoveryRequest(type_url=type_url, response_nonce=response.nonce))
            names = tuple(each.name for each in response.resources)
            self.responses.append(Response(type_url=type_url, names=names, removed=len(response.removed_resources)))
