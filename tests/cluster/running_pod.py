"""A Pod with a sidecar that runs: its containers as processes in a network of its own, as a kubelet has them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from demo import web
from demo.programs import Program
from demo.proxy import BINARY
from tests.cluster import kubelet
from tests.cluster.admin import Object
from tests.cluster.kubelet import Given
from tests.cluster.pod_network import PodNetwork
from tests.cluster.pod_volumes import PodVolumes

_SAID = re.compile(r"^(.*) ?failed=(\d+)(.*)$", re.MULTILINE)
"""What the example's caller says once a second."""


class RunningPod:
    """A Pod: its sidecar, the program beside it, and the network that both are in. `Workloads.run` makes one."""

    def __init__(self, admitted: Object, network: PodNetwork, volumes: PodVolumes, *, of: str, folder: Path) -> None:
        self.admitted = admitted
        self.of = of
        """The workload."""
        self.network = network
        self.volumes = volumes
        self.address = network.address
        self.name: str = admitted["metadata"]["name"]
        self.sidecar: Program
        self.program: Program
        self._folder = folder
        self._given = Given.of(admitted, ip=network.address)
        (self.app,) = admitted["spec"]["containers"]

    @property
    def envoy(self) -> Object:
        """The container of the sidecar."""
        return kubelet.container_of(self.admitted, "envoy")

    def start(self, container: Object) -> Program:
        """Start a container; the caller ends it."""
        command = kubelet.command_line(container, self._given)
        # What the image brings.
        program = [BINARY, *command] if container["name"] == "envoy" else [sys.executable, *command[1:]]
        environment = (f"{name}={value}" for name, value in kubelet.environment(container, self._given).items())
        with self.network.entered():
            log = self._folder / f"{self.name}-{container['name']}.log"
            inside = self.volumes.command(container)
            return Program(f"{container['name']} in {self.name}", *inside, "env", *environment, *program, log=log)

    async def inside(self, address: str, path: str) -> str:
        """Return what a page says that is asked from inside the Pod.

        Raises:
            ConnectionError: Nobody listens, or the answer is not 200.
        """

        def ask() -> str:
            with self.network.entered():
                # Threads that this one starts are inside, too.
                return asyncio.run(web.get(address, path))

        return await asyncio.to_thread(ask)

    async def probe(self, container: Object, name: str) -> bool:
        """Ask as a probe of a container does, if it has that; a ConnectionError says no, too."""
        if name in container:
            asked = container[name]["httpGet"]
            await web.get(f"{self.address}:{asked['port']}", asked["path"])
        return True

    async def pre_stop(self) -> None:
        """Do what the sidecar is to do when the Pod begins to end."""
        command = kubelet.pre_stop(self.envoy)
        assert command
        with self.network.entered():
            done = await asyncio.create_subprocess_exec(*command)
        assert not await done.wait()

    async def clusters(self) -> Mapping[str, Mapping[str, str]]:
        """Return the clusters of the sidecar by name: the addresses in each, with the health that it was told."""
        listed = json.loads(await self.inside("127.0.0.1:9901", "/clusters?format=json"))["cluster_statuses"]
        return {
            each["name"]: {
                host["address"]["socket_address"]["address"]: host["health_status"]["eds_health_status"]
                for host in each.get("host_statuses", ())
            }
            for each in listed
        }

    async def statistics(self, pattern: str) -> Mapping[str, int]:
        """Return the counters and gauges of the sidecar whose names match a regular expression."""
        found = json.loads(await self.inside("127.0.0.1:9901", f"/stats?format=json&filter={pattern}"))["stats"]
        return {each["name"]: each["value"] for each in found if "value" in each}

    def answers(self) -> list[Counter[str]]:
        """Return who answered the program in each second, the last one last."""
        told = _SAID.findall(self.program.log.read_text())
        return [
            Counter({name: int(many) for name, many in (each.split("=") for each in said.split())})
            for said, _, _ in told
        ]

    def failures(self) -> str:
        """Return what the program has said of failed requests last; empty for none."""
        *_, (_, failed, reasons) = [("", "0", ""), *_SAID.findall(self.program.log.read_text())]
        return f"{failed}:{reasons}" if int(failed) else ""
