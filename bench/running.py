"""What is measured: `legation serve` as a process of its own, what it uses, and clients that only acknowledge."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import grpc
from envoy.service.discovery.v3.ads_pb2_grpc import AggregatedDiscoveryServiceStub
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest

from demo import web
from demo.programs import Program, free_ports
from demo.stage import LEGATION

CLUSTER_URL = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


class Server(Program):
    """`legation serve` on a folder, or with the flags that say what else it reads."""

    def __init__(self, *sources: str | Path, folder: Path) -> None:
        self.xds, self.admin, self.health = free_ports(3)
        ports = ("--xds-port", self.xds, "--admin-port", self.admin, "--health-port", self.health)
        super().__init__("legation serve", LEGATION, "serve", *sources, *map(str, ports), log=folder / "legation.log")

    async def ready(self) -> None:
        """Return when Envoys can be served."""
        await self.until(partial(web.get, f"localhost:{self.health}", "/readyz"), within=60)

    async def accepted(self) -> str:
        """Return the version of all clusters that the one connected Envoy has accepted."""
        (proxy,) = json.loads(await web.get(f"localhost:{self.admin}", "/proxies"))["proxies"]
        return {each["type"]: str(each["accepted"]) for each in proxy["types"]}["Cluster"]

    def processor_seconds(self) -> float:
        """Return the processor time that all its threads have used."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(each.read_text().split()[0]) for each in threads) / 1e9

    def memory(self) -> float:
        """Return the resident memory in MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


class Client:
    """An Envoy that asks for clusters and accepts all it gets."""

    def __init__(self) -> None:
        self.versions: asyncio.Queue[str] = asyncio.Queue()
        """Each version when it came."""

    async def run(self, port: int, node: str) -> None:
        """Ask and accept until cancelled."""
        answers: asyncio.Queue[DiscoveryRequest] = asyncio.Queue()
        request = DiscoveryRequest(type_url=CLUSTER_URL)
        request.node.id = node
        answers.put_nowait(request)

        async def requests() -> AsyncIterator[DiscoveryRequest]:
            while True:
                yield await answers.get()

        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
            stub = AggregatedDiscoveryServiceStub(channel)
            async for response in stub.StreamAggregatedResources(requests()):
                version = response.version_info
                answers.put_nowait(
                    DiscoveryRequest(type_url=CLUSTER_URL, version_info=version, response_nonce=response.nonce)
                )
                self.versions.put_nowait(version)


@contextlib.asynccontextmanager
async def clients(count: int, port: int) -> AsyncIterator[list[Client]]:
    """Give connected clients that have all got their first answer."""
    made = [Client() for _ in range(count)]
    tasks = [asyncio.create_task(each.run(port, f"node-{number}")) for number, each in enumerate(made)]
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.versions.get() for each in made))
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def write_manifests(folder: Path, *, count: int, files: bool) -> None:
    """Write the manifests of that many clusters: each in a file of its own, or all in one."""
    folder.mkdir()
    for number in range(count):
        file = folder / (f"cluster-{number:04}.yaml" if files else "clusters.yaml")
        with file.open("a") as opened:
            opened.write(MANIFEST.format(number=number))


MANIFEST = """\
---
apiVersion: bootes.io/v1
kind: Cluster
metadata: {{name: cluster-{number:04}}}
spec:
  config:
    name: cluster-{number:04}
    type: STATIC
    connect_timeout: 1.000s
    lb_policy: ROUND_ROBIN
    load_assignment:
      cluster_name: cluster-{number:04}
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: 8080}}}}}}
"""
