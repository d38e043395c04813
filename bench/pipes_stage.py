"""What the cases of pipes have in common: a network with Pods, legation in it, and an Envoy of l7mp in each Pod.

Each Pod has a network of its own, as a node's Pods have; making these takes root. The API server is in the network
around them.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import NamedTuple

import yaml
from prometheus_client.parser import text_string_to_metric_families

from bench.cluster import MERGE_PATCH, NAMESPACE, BenchCluster
from bench.cluster_objects import PODS
from bench.pipes_probes import Reader
from bench.programs import finished, memory, processor_seconds
from bench.running import Server
from demo import web
from demo.proxy import Envoy
from tests.cluster import datagrams, l7mp, manifests
from tests.cluster.admin import Admin
from tests.cluster.l7mp import HEALTH_PORT, INGRESS, MEDIA_PORT, WORKER, Call
from tests.cluster.network import Network
from tests.cluster.pod_network import PodNetwork
from tests.envoy.world import AT_ONCE

SERVICES = f"apis/servicemesh.l7mp.io/v1/namespaces/{NAMESPACE}/virtualservices"
PER_CALL = 4
"""Listeners of a call at each hop, and clusters."""
LOOK = 1.0
"""Seconds between two looks at pages that take their program's time."""
_STEP = 0.02
"""Between others."""
_OWN_STREAMS = 3
"""Of an Envoy of l7mp: clusters, listeners, runtime."""
_CHOSEN = 30_000
"""No call has a port that is as high."""
_PATIENCE = 180.0
_READER = "10.244.0.1"
"""What this process speaks from, when it speaks to an address around the Pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipesSize:
    """How large it is, and how long it takes."""

    workers: int = 2
    """Where calls are created one at a time."""
    rounds: int = 20
    """As many such calls."""
    few_workers: int = 1
    """Where there are many calls: each has all of them."""
    calls: int = 1000
    """As many those are."""
    pace: float = 50.0
    """Objects that are created, or deleted, in a second; a call has two."""
    watched: int = 50
    """Of the last calls, those that are tried."""
    joins: int = 3
    """How often a worker joins, or one more call is created."""
    seconds: float = 5.0
    """For which nothing is done, to see what that takes."""
    settled: float = 2.0
    """After which what is written late, status, is written too."""


class Pod:
    """A Pod of the team, in which nothing runs."""

    def __init__(self, admin: Admin, network: PodNetwork, name: str, labels: Mapping[str, str]) -> None:
        """Make it; it is not ready."""
        self.name = name
        self.labels = labels
        self.network = network
        self.address = network.address
        self.uid = _pod(admin, name, labels, self.address)


class EnvoyPod(Pod):
    """A Pod with an Envoy."""

    envoy: Envoy

    async def figures(self, *names: str) -> list[int]:
        """Return counters and gauges of it; what it has not is 0. To look is work for an Envoy with many clusters."""
        pattern = "|".join(f"^{each.replace('.', '[.]')}$" for each in names)
        found = await self.envoy.statistics(pattern)
        return [found.get(each, 0) for each in names]

    async def held(self) -> Held:
        """Return what it has of calls now."""
        listeners, clusters = "listener_manager.total_listeners", "cluster_manager"
        active, warming, draining, known, cold, streams = await self.figures(
            f"{listeners}_active",
            f"{listeners}_warming",
            f"{listeners}_draining",
            f"{clusters}.active_clusters",
            f"{clusters}.warming_clusters",
            "cluster.xds_cluster.upstream_rq_active",
        )
        # By its bootstrap it has a cluster, a listener of workers, and three streams.
        own = 1 if self.labels == WORKER else 0
        return Held(active + warming - own, draining, known - 1 + cold, streams - _OWN_STREAMS, self.ports())

    def ports(self) -> int:
        """Return at how many UDP ports it listens. To look costs it nothing."""
        # The first line is a headline.
        with self.network.entered():
            lines = Path("/proc/thread-self/net/udp").read_text().splitlines()[1:]
        found = Counter(int(line.split()[1].partition(":")[2], base=16) for line in lines)
        # Sessions have ports that the system chose.
        return sum(count for port, count in found.items() if MEDIA_PORT < port < _CHOSEN)


class Held(NamedTuple):
    """What an Envoy has of calls."""

    listeners: int
    draining: int
    clusters: int
    assignments: int
    """Streams of them: one for each cluster whose endpoints are Pods."""
    ports: int

    def __str__(self) -> str:
        return ", ".join(f"{each:,}" for each in self)


class PipesStage:
    """What runs; `opened` makes it: legation, an ingress and workers, all ready, and no call yet."""

    def __init__(self, network: Network, cluster: BenchCluster, server: Server, folder: Path, address: str) -> None:
        self.cluster = cluster
        self.server = server
        self.ingress: EnvoyPod
        self.workers: list[EnvoyPod] = []
        self._network = network
        self._folder = folder
        self._address = address
        self._numbers = count(1)

    async def begin(self, stack: AsyncExitStack, workers: int) -> None:
        """Start the Pods."""
        with Admin(self.cluster.server) as admin:
            self.ingress = self._launch(stack, admin, "ingress", INGRESS)
            self.workers = [self._launch(stack, admin, f"worker-{each + 1}", WORKER) for each in range(workers)]
        for worker in self.workers:
            with worker.network.entered():
                at = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            at.bind(("127.0.0.1", MEDIA_PORT))
            await stack.enter_async_context(datagrams.echo(worker.name, at))
        for pod in (self.ingress, *self.workers):
            await pod.envoy.until(pod.envoy.ready, within=60)
            await self.ready(pod)

    async def ready(self, pod: Pod, *, value: bool = True) -> None:
        """Say whether a Pod is ready."""
        conditions = [{"type": "Ready", "status": str(value)}]
        await self.cluster.patch(f"{PODS}/{pod.name}/status", {"status": {"conditions": conditions}}, MERGE_PATCH)

    def pod(self, stack: AsyncExitStack, name: str, labels: Mapping[str, str]) -> Pod:
        """Make one in which nothing runs."""
        with Admin(self.cluster.server) as admin:
            return Pod(admin, self._network_of_pod(stack), name, labels)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[Reader]:
        """Give one that reads what a worker's Envoy is told."""
        with Admin(self.cluster.server) as admin:
            uid = _pod(admin, "reader", WORKER, _READER)
        async with Reader.connected(f"{self._address}:{self.server.xds}", uid) as reader:
            yield reader

    # Calls

    async def create(self, call: Call) -> None:
        """Create the two objects of a call, the second hop first."""
        await self.cluster.create(SERVICES, [call.worker(NAMESPACE)])
        await self.cluster.create(SERVICES, [call.ingress(NAMESPACE)])

    async def delete(self, call: Call) -> None:
        """Delete them, the first hop first."""
        for made in (call.ingress(NAMESPACE), call.worker(NAMESPACE)):
            await self.cluster.delete(f"{SERVICES}/{made['metadata']['name']}")

    async def open(self, calls: int) -> None:
        """Return when all Envoys listen at the ports of so many calls, and at no others."""
        async with asyncio.timeout(_PATIENCE):
            for pod in (self.ingress, *self.workers):
                while pod.ports() != calls * PER_CALL:  # noqa: ASYNC110 - another program sets no event of ours
                    await asyncio.sleep(_STEP)

    async def has(self, calls: int) -> None:
        """Return when all Envoys have what so many calls take, and nothing else."""
        await self.open(calls)
        every = calls * PER_CALL
        async with asyncio.timeout(_PATIENCE):
            for pod in (self.ingress, *self.workers):
                wanted = Held(every, 0, every, every if pod is self.ingress else 0, every)
                while await pod.held() != wanted:  # noqa: ASYNC110 - another program sets no event of ours
                    await asyncio.sleep(LOOK)

    # What legation says

    async def told(self, name: str, **labels: str) -> float:
        """Return the sum of a metric of legation over all that have these labels."""
        page = await web.get(f"localhost:{self.server.health}", "/metrics")
        samples = (each for family in text_string_to_metric_families(page) for each in family.samples)
        return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())

    async def quiet(self, settled: float) -> None:
        """Return when legation has nothing to do any more."""
        await asyncio.sleep(settled)
        await finished(self.server.pid)

    def memory(self) -> float:
        """Return the memory of legation in MiB."""
        return memory(self.server.pid) / 1024

    def used(self) -> dict[str, float]:
        """Return the processor time of each program so far."""
        pids = {
            "legation": self.server.pid,
            "the API server": self.cluster.server.pid,
            "the Envoy of the ingress": self.ingress.envoy.pid,
            "the Envoy of a worker": self.workers[0].envoy.pid,
        }
        return {name: processor_seconds(pid) for name, pid in pids.items()}

    def _network_of_pod(self, stack: AsyncExitStack) -> PodNetwork:
        return stack.enter_context(PodNetwork(self._network, next(self._numbers)))

    def _launch(self, stack: AsyncExitStack, admin: Admin, name: str, labels: Mapping[str, str]) -> EnvoyPod:
        pod = EnvoyPod(admin, self._network_of_pod(stack), name, labels)
        made = l7mp.bootstrap(node_id=pod.uid, server=self._address, admin=pod.address, labels=labels)
        (server,) = made["static_resources"]["clusters"]
        (endpoint,) = server["load_assignment"]["endpoints"][0]["lb_endpoints"]
        endpoint["endpoint"]["address"]["socket_address"]["port_value"] = self.server.xds
        # Each EDS cluster has a stream of its own, and a stream is a request: docs/udp-pipes.md, Limits.
        server["circuit_breakers"] = {"thresholds": [{"max_requests": 100_000}]}
        (options,) = server["typed_extension_protocol_options"].values()
        # When clusters go so do their streams, all at once, and an Envoy that says so more than a thousand times
        # takes that for an attack of the other side.
        most = {"max_concurrent_streams": 20_000, "max_outbound_control_frames": 100_000}
        options["explicit_http_config"]["http2_protocol_options"] = most
        folder = self._folder / name
        folder.mkdir()
        file = folder / "bootstrap.yaml"
        file.write_text(yaml.safe_dump(made))
        with pod.network.entered():
            pod.envoy = stack.enter_context(Envoy(file, *AT_ONCE, folder=folder))
        return pod


@asynccontextmanager
async def opened(folder: Path, *flags: str, workers: int, settled: float = 2.0) -> AsyncIterator[PipesStage]:
    """Give what runs; flags are more of `legation serve`."""
    async with AsyncExitStack() as stack:
        network = stack.enter_context(Network())
        stack.enter_context(network.entered())
        cluster = await stack.enter_async_context(BenchCluster.running(folder))
        address = next(network.addresses())
        reach = ("--kubernetes", "--kubeconfig", cluster.kubeconfig, "--xds-bind", address)
        server = stack.enter_context(Server(*reach, "--status", "on", *flags, folder=folder))
        await server.ready()
        stage = PipesStage(network, cluster, server, folder, address)
        await stage.begin(stack, workers)
        await stage.quiet(settled)
        yield stage


def checked(number: int) -> Call:
    """Return a call whose workers are asked every half second whether they are there."""
    check = {"health_check": {"interval": 500, "protocol": "TCP"}}
    return Call(number=number, cluster=check, endpoint={"health_check_port": HEALTH_PORT})


def unchecked(number: int) -> Call:
    """Return a call whose workers are not asked."""
    return Call(number=number)


def _pod(admin: Admin, name: str, labels: Mapping[str, str], address: str) -> str:
    """Make a Pod that runs and is not ready, and return its UID."""
    uid: str = admin.create(manifests.pod(NAMESPACE, name, labels))["metadata"]["uid"]
    told = manifests.pod_status(NAMESPACE, name, address)
    told["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    admin.patch_status(told)
    return uid
