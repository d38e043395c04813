"""A media team's Pods: an ingress and workers, an Envoy in each, in a network of its own; and callers around them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count

import yaml

from demo.proxy import Envoy
from tests.cluster import datagrams, l7mp, manifests
from tests.cluster.admin import Object
from tests.cluster.datagrams import Stream
from tests.cluster.l7mp import INGRESS, MEDIA_PORT, SERVER_PORT, WORKER, Call
from tests.cluster.pod_network import PodNetwork
from tests.cluster.replica import Replica
from tests.cluster.stage import Proxy, Stage
from tests.envoy.watching import PATIENCE
from tests.envoy.world import AT_ONCE


class MediaPod:
    """A Pod of the team; `Media.pod` makes one. It is not ready until somebody says so."""

    proxy: Proxy
    """The Envoy in it, once it has been launched."""

    def __init__(self, stage: Stage, name: str, labels: Mapping[str, str], network: PodNetwork) -> None:
        self.name = name
        self.labels = labels
        self.network = network
        self.address = network.address
        self._stage = stage
        made = manifests.pod(stage.namespace, name, labels)
        # A Pod that no node has is deleted at once, whatever grace it has.
        made["spec"]["nodeName"] = "node"
        self.uid: str = stage.admin.create(made)["metadata"]["uid"]
        """By which its Envoy is known."""
        self.ready(value=False)

    @property
    def reference(self) -> Object:
        """As much as names the Pod."""
        return manifests.pod(self._stage.namespace, self.name, self.labels)

    def ready(self, *, value: bool = True) -> None:
        """Have the kubelet say whether it is ready."""
        told = manifests.pod_status(self._stage.namespace, self.name, self.address)
        told["status"]["conditions"] = [{"type": "Ready", "status": str(value)}]
        self._stage.admin.patch_status(told)

    def socket(self, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
        """Return a socket of this process that is at an address in the Pod."""
        with self.network.entered():
            made = socket.socket(socket.AF_INET, kind)
        made.bind((address, port))
        return made

    async def until_statistic(self, name: str, value: int) -> None:
        """Wait until a counter or gauge of its Envoy has this value."""

        async def right() -> bool:
            return (await self.proxy.envoy.statistics(f"^{re.escape(name)}$")).get(name) == value

        await self.proxy.until(right, f"{name} {value}")


class Media:
    """What the team has; `opened` makes it, with nothing in it yet."""

    def __init__(self, stage: Stage, stack: contextlib.AsyncExitStack) -> None:
        self.stage = stage
        self.admin = stage.admin
        self.namespace = stage.namespace
        self.ingress: MediaPod
        self.workers: list[MediaPod] = []
        """All of whom calls may reach."""
        self._stack = stack
        self._numbers = count(1)

    @property
    def replica(self) -> Replica:
        """The only one."""
        return self.stage.replica

    async def begin(self, workers: int, *options: str) -> None:
        """Start legation, an ingress and some workers, all of which are ready."""
        await self.stage.serve("--xds-port", str(SERVER_PORT), *options)
        self.ingress = self.pod("ingress", INGRESS)
        self.workers = [self.pod(f"worker-{each}", WORKER) for each in range(1, workers + 1)]
        for pod in (self.ingress, *self.workers):
            self.launch(pod)
            pod.ready()
        for worker in self.workers:
            await self.program(worker)
        for pod in (self.ingress, *self.workers):
            await pod.proxy.ready()

    def pod(self, name: str, labels: Mapping[str, str]) -> MediaPod:
        """Make a Pod in which nothing runs."""
        network = self._stack.enter_context(PodNetwork(self.stage.house.network, next(self._numbers)))
        return MediaPod(self.stage, name, labels, network)

    def launch(self, pod: MediaPod) -> None:
        """Start the Envoy of a Pod; do not wait."""
        folder = self.stage.folder / pod.name
        folder.mkdir()
        file = folder / "bootstrap.yaml"
        server = self.replica.address
        made = l7mp.bootstrap(node_id=pod.uid, server=server, admin=pod.address, labels=pod.labels)
        file.write_text(yaml.safe_dump(made))
        with pod.network.entered():
            envoy = Envoy(file, *AT_ONCE, folder=folder)
        # In order it would take its time for hundreds of listeners.
        self._stack.callback(envoy.kill)
        pod.proxy = Proxy(pod.name, envoy, self.replica.until)

    async def program(self, worker: MediaPod) -> None:
        """Start the program beside a worker's Envoy: it answers with the worker's name, by UDP and TCP."""
        at = worker.socket(socket.SOCK_DGRAM, "127.0.0.1", MEDIA_PORT)
        await self._stack.enter_async_context(datagrams.echo(worker.name, at))

        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(worker.name.encode())
            writer.close()

        at = worker.socket(socket.SOCK_STREAM, "127.0.0.1", MEDIA_PORT)
        await self._stack.enter_async_context(await asyncio.start_server(answer, sock=at))

    async def join(self, name: str, calls: Sequence[Call]) -> MediaPod:
        """Start one more worker, which is ready once it has what the calls need; wait until they may reach it."""
        worker = self.pod(name, WORKER)
        self.launch(worker)
        await self.program(worker)
        await self.has(worker, calls)
        worker.ready()
        self.workers.append(worker)
        await self.healthy(calls, len(self.workers))
        return worker

    async def take(self, calls: Sequence[Call]) -> None:
        """Write the objects of calls, and wait until all Envoys have them and no others."""
        for call in calls:
            self.stage.apply(*self.objects(call))
        for pod in (*self.workers, self.ingress):
            await self.has(pod, calls)

    def objects(self, call: Call) -> tuple[Object, Object]:
        """Return the two of a call, the second hop first."""
        return call.worker(self.namespace), call.ingress(self.namespace)

    async def has(self, pod: MediaPod, calls: Sequence[Call]) -> None:
        """Wait until a Pod's Envoy has the listeners of these calls, and of no others."""
        hop, static = ("ingress", []) if pod.labels == INGRESS else ("worker", [l7mp.HEALTH_LISTENER])
        names = [*static, *(name for call in calls for name in call.names(hop))]
        # The names of thousands are not asked for in vain.
        await pod.until_statistic("listener_manager.total_listeners_active", len(names))
        await pod.proxy.listeners(*names)

    async def healthy(self, calls: Sequence[Call], workers: int) -> None:
        """Wait until each cluster of these calls at the ingress has so many workers that get something."""
        names = [f"cluster.{name}.membership_healthy" for call in calls for name in call.names("ingress")]

        async def right() -> bool:
            found = await self.ingress.proxy.envoy.statistics(r"^cluster\.ingress-.*\.membership_healthy$")
            return all(found.get(name) == workers for name in names)

        await self.ingress.proxy.until(right, f"{workers} workers for each of {len(calls)} calls")

    async def dial(self, calls: Sequence[Call], *, ports: int = 4) -> dict[str, list[Stream]]:
        """Open the streams of calls, or the first of them, from fresh ports."""
        return {call.name: [await self.stream(self.ingress, port) for port in call.ports[:ports]] for call in calls}

    async def stream(self, to: MediaPod, port: int) -> Stream:
        """Open a stream to a port of a Pod, from a fresh one."""
        made = await datagrams.opened(to.address, port)
        self._stack.callback(made.close)
        return made

    async def connected(self, port: int) -> str:
        """Connect to a port of the ingress, and return which worker answered."""
        reader, writer = await asyncio.open_connection(self.ingress.address, port)
        with contextlib.closing(writer):
            return (await reader.read()).decode()

    async def figures(self, name: str) -> dict[str, float]:
        """Return a metric of legation by its first label, without what is 0."""
        found = re.findall(rf'^{name}{{\w+="(\w+)".*}} (\S+)$', await self.replica.metrics(), re.MULTILINE)
        return {label: float(value) for label, value in found if float(value)}

    async def answers(self, *ports: int) -> None:
        """Send to ports of the ingress until somebody listens, and wait until the first there is answered."""
        streams = [await self.stream(self.ingress, each) for each in ports]
        _, pending = await asyncio.wait([asyncio.create_task(each.first()) for each in streams], timeout=PATIENCE)
        for each in pending:
            each.cancel()
        lost = [port for port, stream in zip(ports, streams, strict=True) if stream.missing]
        assert not lost, f"lost the first datagram that a listener took at {lost}"
        assert not pending, f"nobody listens at all of {ports}"

    async def closed(self, *ports: int) -> None:
        """Wait until nobody listens at ports of the ingress."""
        streams = [await self.stream(self.ingress, each) for each in ports]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(each.last() for each in streams))

    async def workers_of(self, streams: Mapping[str, Sequence[Stream]]) -> dict[str, str]:
        """Send a datagram on each stream, wait until nothing is missing, and return the only worker of each call."""
        everything = [each for some in streams.values() for each in some]
        for each in everything:
            each.send()
        await self.answered(everything)
        found = {name: {each.worker for each in some} for name, some in streams.items()}
        several = {name: workers for name, workers in found.items() if len(workers) != 1}
        assert not several, several
        return {name: workers.pop() for name, workers in found.items()}

    async def answered(self, streams: Sequence[Stream]) -> None:
        """Wait until each datagram that was sent is answered."""

        async def right() -> bool:
            return not any(each.missing for each in streams)

        await self.replica.until(right, "an answer to each datagram")
        assert not any(each.refused for each in streams)


@contextlib.asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[Media]:
    """Give a team that has nothing yet; end all that it started."""
    async with contextlib.AsyncExitStack() as stack:
        # Who watches the whole cluster later has nothing to do with them.
        stack.callback(stage.admin.delete_all, l7mp.API_VERSION, l7mp.KIND, stage.namespace)
        # Streams are closed by the next turn of the loop.
        stack.push_async_callback(asyncio.sleep, 0)
        yield Media(stage, stack)
