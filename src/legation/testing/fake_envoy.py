"""FakeEnvoy: an `EnvoyMachine` on real gRPC streams, to test a control plane with: it says what it has and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from legation.envoy import codec
from legation.model.node import Node
from legation.model.resource import Resource
from legation.model.resource_types import BY_NAME, RESOURCE_TYPES, ResourceType
from legation.protocol.messages import DeltaResponse, Request
from legation.testing import wire
from legation.testing.envoy_machine import EnvoyMachine, Fault, Said

PATIENCE = 10.0
"""Seconds that a test waits for something before it fails; what is waited for takes milliseconds."""

_KINDS = {row.rest_path.rpartition(":")[2].replace("-", "_"): row for row in RESOURCE_TYPES if row.rest_path} | BY_NAME


def kind(name: str | ResourceType) -> ResourceType:
    """Return the type that goes by that name: `clusters`, `endpoints`, `listeners`, `routes`, or `Cluster`."""
    if isinstance(name, ResourceType):
        return name
    if name not in _KINDS:
        raise ValueError(f"{name!r} is no type of resource; the types are {', '.join(_KINDS)}")
    return _KINDS[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A response of the control plane, in short."""

    type: ResourceType
    names: tuple[str, ...]
    removed: tuple[str, ...] = ()
    ttls: Mapping[str, float] = field(default_factory=dict)
    """Seconds after which what it names is to be dropped, by name; without a body (`renewed`) too."""
    renewed: tuple[str, ...] = ()
    """What is to live on: the names of resources without bodies."""


@dataclass(slots=True, eq=False)
class _Stream:
    name: str
    call: Any
    outbox: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    spoke: bool = False


class FakeEnvoy:
    """An Envoy that speaks xDS to an address, takes what it gets as the real one does, and proxies nothing.

    Clusters with health checks are healthy at once. It does not connect again by itself when its streams end.

    Args:
        address: Where the control plane listens: `localhost:18000`.
        node: Who it says it is: an id, or a whole Node.
        delta: Speaks delta; else state of the world.
        separate: Opens streams of the services of each type in place of one ADS stream.
        layers: The runtime layers of its bootstrap.
        static_clusters: The names of clusters in its bootstrap.
        credentials: What it shows and whom it trusts, as of `grpc.ssl_channel_credentials`; None: nothing is encrypted.
        server_name: The name that the server's certificate has to have, if it is not that of the address.

    Example:
        async with FakeEnvoy("localhost:18000", node="edge-1") as envoy:
            await envoy.has("clusters", {"web"})
            assert not envoy.violations
    """

    def __init__(
        self,
        address: str,
        *,
        node: str | Node,
        delta: bool = False,
        separate: bool = False,
        layers: Collection[str] = (),
        static_clusters: Collection[str] = (),
        credentials: grpc.ChannelCredentials | None = None,
        server_name: str = "",
    ) -> None:
        self.violations: list[str] = []
        """What was wrong with what served, at any time: a route, cluster or endpoints that it needed and lacked."""
        self.responses: list[Heard] = []
        """Every response, in the order in which they came."""
        self.refusals: list[tuple[ResourceType, str]] = []
        """(type, what it said) of every response that it refused."""
        self.closed: tuple[str, str] | None = None
        """The gRPC status and details with which the control plane ended a stream last; None while all are open."""
        self._address = address
        self._node = node if isinstance(node, Node) else Node(id=node, user_agent="envoy")
        self._delta = delta
        self._separate = separate
        self._decode = wire.decoder(delta=delta)
        self._faults: dict[tuple[ResourceType, str], Fault] = {}
        self._machine = EnvoyMachine(
            delta=delta, separate=separate, layers=layers, static_clusters=static_clusters, judge=self._judge
        )
        self._credentials, self._server_name = credentials, server_name
        self._channel: grpc.aio.Channel | None = None
        self._streams: dict[str, _Stream] = {}
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()

    # The connection

    def connect(self, address: str | None = None) -> None:
        """Connect, and say what an Envoy says first: after `disconnect`, what it has.

        Args:
            address: Where to from now on; None: where to before.
        """
        self.closed = None
        self._address = address or self._address
        options = [
            ("grpc.max_receive_message_length", -1),
            # Each Envoy is a connection of its own.
            ("grpc.use_local_subchannel_pool", 1),
            *([("grpc.ssl_target_name_override", self._server_name)] if self._server_name else []),
        ]
        self._channel = (
            grpc.aio.insecure_channel(self._address, options=options)
            if self._credentials is None
            else grpc.aio.secure_channel(self._address, self._credentials, options=options)
        )
        self._say(self._machine.connect())

    async def disconnect(self) -> None:
        """Close the connection; what it has goes on serving."""
        for name in list(self._streams):
            await self._end(self._streams.pop(name))
        if self._channel is not None:
            await self._channel.close()
            self._channel = None
        if self._failure is not None:
            raise self._failure

    # What it has

    def holds(self, row: str | ResourceType) -> dict[str, str]:
        """Return name -> version of what is in use of a type."""
        return self._machine.holds(kind(row))

    def warming(self, row: str | ResourceType) -> dict[str, str]:
        """Return name -> version of the clusters or listeners that are not in use yet."""
        return self._machine.warming(kind(row))

    def json(self, row: str | ResourceType, name: str) -> dict[str, Any]:
        """Return a resource in use as Envoy JSON."""
        resource = self._machine.holdings.used[kind(row)].get(name)
        if resource is None:
            raise KeyError(name)
        return codec.to_json(resource, show_secrets=True)

    async def has(
        self, row: str | ResourceType, wanted: Collection[str] | Mapping[str, str], *, within: float = PATIENCE
    ) -> None:
        """Wait until exactly these are in use of a type.

        Args:
            row: The type: `clusters`, `endpoints`, `listeners`, `routes`, ...
            wanted: Names, or a map of names to versions.
            within: Seconds after which the test fails.
        """
        self._known(row)
        wanted = dict(wanted) if isinstance(wanted, Mapping) else set(wanted)

        def is_so() -> bool:
            held = self.holds(row)
            return (held if isinstance(wanted, dict) else set(held)) == wanted

        await self.until(is_so, f"{row} to be {wanted}", within=within)

    async def nacked(self, row: str | ResourceType, *, within: float = PATIENCE) -> str:
        """Wait until it refused a response of a type; return what it said the last time."""
        said: list[str] = []

        def is_so() -> bool:
            said[:] = [message for each, message in self.refusals if each is kind(row)]
            return bool(said)

        await self.until(is_so, f"a refusal of {row}", within=within)
        return said[-1]

    async def hung_up(self, *, within: float = PATIENCE) -> tuple[str, str]:
        """Wait until the control plane ended a stream; return the gRPC status and its details."""
        await self.until(lambda: self.closed is not None, "the control plane to end a stream", within=within)
        return self.closed or ("", "")

    async def until(self, is_so: Callable[[], bool], what: str, *, within: float = PATIENCE) -> None:
        """Wait until a condition on this Envoy holds; it is looked at whenever something came."""
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    if self._failure is not None:
                        raise self._failure
                    changed = self._changed
                    await changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {within:g} s for {what}; {self._summary()}") from None

    # What it does

    def refuse(
        self,
        row: str | ResourceType,
        name: str,
        reason: str = "it is bad",
        *,
        whole: bool = False,
        silent: bool = False,
    ) -> None:
        """Refuse the named resource from now on.

        Args:
            row: Its type.
            name: Its name.
            reason: What is said.
            whole: Together with all else in its response.
            silent: Do not say which one it is.
        """
        self._faults[kind(row), name] = Fault(reason, whole=whole, silent=silent)

    def accept(self, row: str | ResourceType, name: str) -> None:
        """Take back a `refuse`."""
        self._faults.pop((kind(row), name), None)

    def finish_draining(self) -> None:
        """Let the drain time of all old listeners pass."""
        self._say(self._machine.finish_draining())

    def give_up_waiting(self) -> None:
        """Let `initial_fetch_timeout` pass for all that warms."""
        self._say(self._machine.give_up_waiting())

    # How it does it

    def _judge(self, resource: Resource) -> Fault | None:
        return self._faults.get((resource.type, resource.name))

    def _known(self, row: str | ResourceType) -> None:
        kind(row)

    def _say(self, said: tuple[Said, ...]) -> None:
        for each in said:
            if each.request is None:
                stream = self._streams.pop(each.stream, None)
                if stream is not None:
                    stream.call.cancel()
                continue
            stream = self._streams.get(each.stream) or self._start(each.stream, each.request)
            node = None if stream.spoke else self._node
            stream.spoke = True
            stream.outbox.put_nowait(wire.encode(each.request, node=node))
            if each.request.error is not None:
                self.refusals.append((each.request.type, each.request.error))

    def _start(self, name: str, first: Request) -> _Stream:
        if self._channel is None:
            raise RuntimeError("this Envoy is not connected")
        path = wire.method(first.type, delta=self._delta, separate=self._separate)
        call: Any = self._channel.stream_stream(path)(wait_for_ready=True)
        stream = self._streams[name] = _Stream(name, call)
        stream.tasks = [asyncio.create_task(self._write(stream)), asyncio.create_task(self._read(stream))]
        return stream

    async def _write(self, stream: _Stream) -> None:
        try:
            while True:
                await stream.call.write(await stream.outbox.get())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            return  # the reader says why

    async def _read(self, stream: _Stream) -> None:
        try:
            while (data := await stream.call.read()) is not grpc.aio.EOF:
                self._hear(stream, data)
            code, details = await stream.call.code(), await stream.call.details()
        except grpc.aio.AioRpcError as error:
            code, details = error.code(), error.details()
        except Exception as error:  # noqa: BLE001 - whoever waits for this Envoy is told
            self._failure = error
            self._notify()
            return
        if self._streams.get(stream.name) is stream:
            del self._streams[stream.name]
            self.closed = (code.name, details or "")
            self._notify()

    def _hear(self, stream: _Stream, data: bytes) -> None:
        response = self._decode(data)
        names = tuple(each.name for each in response.resources)
        removed = response.removed if isinstance(response, DeltaResponse) else ()
        renewed = response.renewed if isinstance(response, DeltaResponse) else ()
        self.responses.append(
            Heard(
                type=response.type,
                names=names,
                removed=removed,
                ttls={each.name: each.ttl for each in (*response.resources, *renewed) if each.ttl is not None},
                renewed=tuple(each.name for each in renewed),
            )
        )
        self._say(self._machine.receive(response, stream.name))
        self._say(self._machine.finish_health_checks())
        self.violations += [each for each in self._machine.serving_violations() if each not in self.violations]
        self._notify()

    def _notify(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _end(self, stream: _Stream) -> None:
        stream.call.cancel()
        for task in stream.tasks:
            task.cancel()
        await asyncio.gather(*stream.tasks, return_exceptions=True)

    def _summary(self) -> str:
        held = {row.name: self.holds(row) for row in RESOURCE_TYPES if self.holds(row)}
        refused = [f"{row.name}: {message}" for row, message in self.refusals]
        return f"it has {held}, warming {self.warming('clusters')}, refused {refused}, stream ended: {self.closed}"
