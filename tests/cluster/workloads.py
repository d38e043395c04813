"""Workloads with sidecars: Pods made of a Deployment's template, admitted by the API server, and run.

Nobody runs controllers here: a test says which Pods there are, and which endpoints their Services have.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from demo.programs import Program, free_ports
from tests.cluster import manifests, webhook
from tests.cluster.admin import Object, reference
from tests.cluster.chart import of_kind
from tests.cluster.pod_network import PodNetwork
from tests.cluster.pod_volumes import NotThere, PodVolumes, service_account
from tests.cluster.running_pod import RunningPod
from tests.cluster.stage import Stage
from tests.cluster.webhook import Hook
from tests.envoy.watching import PATIENCE

ENDING = 30
"""Seconds that a Pod has to end, as Kubernetes has it."""

STRICT: Object = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What a container has to say where the rules for Pods are strictest."""


class Workloads:
    """What runs in the stage's namespace, of the manifests of an example. `opened` makes it."""

    def __init__(self, stage: Stage, hook: Hook, stack: contextlib.ExitStack) -> None:
        self.stage = stage
        self.legation = hook
        """The server, which injects sidecars and serves them."""
        self.pods: list[RunningPod] = []
        self.management: str
        """Its management API."""
        self.address = next(stage.addresses)
        """Where Envoys find it."""
        self._stack = stack
        self._numbers = count(1)
        self._deployments: dict[str, Object] = {}

    def apply(self, *files: Path) -> None:
        """Apply manifests, in the namespace of the stage; Deployments are remembered, for nobody acts on them."""
        for file in files:
            made = list(yaml.safe_load_all(file.read_text()))
            # All of them are in one, or are that.
            (theirs,) = {each["metadata"].get("namespace", each["metadata"]["name"]) for each in made}
            objects = list(yaml.safe_load_all(yaml.safe_dump_all(made).replace(theirs, self.stage.namespace)))
            for each in of_kind(objects, "Namespace"):
                # It is there already.
                self.stage.admin.patch(each)
                objects.remove(each)
            self.stage.apply(*objects)
            self._deployments |= {each["metadata"]["name"]: each for each in of_kind(objects, "Deployment")}

    async def serve(self, *options: str, values: Sequence[str] = ()) -> None:
        """Install the chart with the injector, start legation, and wait until the API server asks it.

        Args:
            options: More flags of its own.
            values: More values of the chart.
        """
        hook, admin = self.legation, self.stage.admin
        port, (management, over_http) = hook.xds.rpartition(":")[2], free_ports(2)
        self.management = f"localhost:{management}"
        hook.install(
            self.stage.house.helm,
            *("tls.enabled=true", "injector.enabled=true", f'injector.xds="{self.address}:{port}"'),
            f'injector.defaults={{"server-name":"legation.{hook.home}.svc"}}',
            *("management.enabled=true", f"management.port={management}", f"management.httpPort={over_http}"),
            *values,
        )
        await hook.start("--xds-bind", self.address, *options)
        await hook.trusted(of=hook.injector)
        probe = manifests.pod(self.stage.namespace, "probe", {"legation.dev/inject": "enabled"})
        probe["spec"]["containers"][0] |= {"name": "program", "securityContext": STRICT}

        async def injected() -> bool:
            found = admin._ask("POST", admin._folder(probe), params={"dryRun": "All"}, json=probe)
            return bool(found["spec"].get("initContainers"))

        await hook.until(injected, "a sidecar in a Pod")

    async def run(self, workload: str, name: str, **annotations: str) -> RunningPod:
        """Start a Pod of a workload, and return it when it is ready; it is no endpoint yet."""
        made = await self.admit(workload, name, **annotations)
        made.sidecar = self.start(made, made.envoy)
        await made.sidecar.until(partial(made.probe, made.envoy, "startupProbe"), within=PATIENCE)
        made.program = self.start(made, made.app)
        for container, program in ((made.envoy, made.sidecar), (made.app, made.program)):
            await program.until(partial(made.probe, container, "readinessProbe"), within=PATIENCE)
        self.pods.append(made)
        return made

    async def admit(self, workload: str, name: str, **annotations: str) -> RunningPod:
        """Return a Pod of a workload with all that it takes to start it: nothing of it runs yet.

        Args:
            workload: Which one.
            name: Of the Pod.
            annotations: More of what it asks of its sidecar; dashes are written as underscores.
        """
        template = copy.deepcopy(self._deployments[workload]["spec"]["template"])
        pod = reference("v1", "Pod", name, self.stage.namespace) | {"spec": template["spec"]}
        pod["metadata"] |= template["metadata"]
        asked = {f"legation.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        pod["metadata"]["annotations"] = {**pod["metadata"].get("annotations", {}), **asked}
        # A Pod that no node has is deleted at once, whatever grace it has.
        pod["spec"]["nodeName"] = "node"
        pod["spec"]["serviceAccountName"] = service_account(self.stage.admin, self.stage.namespace)
        admitted = self.stage.admin.create(pod)
        network = self._stack.enter_context(PodNetwork(self.stage.house.network, next(self._numbers)))
        self.stage.admin.patch_status(manifests.pod_status(self.stage.namespace, name, network.address))
        volumes = PodVolumes(self.stage.admin, admitted, self.stage.folder / f"{name}-volumes")
        await self.until(partial(brought, volumes), f"the volumes of {name}")
        return RunningPod(admitted, network, volumes, of=workload, folder=self.stage.folder)

    def start(self, pod: RunningPod, container: Object) -> Program:
        """Start a container of a Pod, which ends with the test."""
        program = pod.start(container)
        self._stack.callback(program.kill)
        return program

    async def end(self, *pods: RunningPod, service: str, left: Iterable[RunningPod]) -> None:
        """End Pods in order: they drain, end when nobody sends them anything any more, and their endpoints go last."""
        named = [manifests.pod(self.stage.namespace, each.name) for each in pods]
        for name in named:
            self.stage.admin.delete(name, grace=ENDING)
        # At the same time, by others: what the Pods are told, and what the Service is.
        endpoints = asyncio.to_thread(self.endpoints, service, left, ending=pods)
        await asyncio.gather(endpoints, *(each.pre_stop() for each in pods))

        # That is what their programs wait for in their own preStop, by time.
        since = {each.name: len(each.answers()) for each in self.callers()}

        async def forgotten() -> bool:
            for caller in self.callers():
                told = (await caller.clusters())[service]
                late = {name for each in caller.answers()[since[caller.name] + 1 :][-1:] for name in each}
                if not late or late & {each.name for each in pods}:
                    return False
                if any(told.get(each.address) != "DRAINING" for each in pods):
                    return False
            return True

        await self.until(forgotten, f"no answer of {[each.name for each in pods]}")
        for each in pods:
            await asyncio.to_thread(each.program.stop)
            await asyncio.to_thread(each.sidecar.stop)
        # The Service is told later than they end, and they must not be missed.
        await self.seconds(2)
        self.endpoints(service, left)
        for name in named:
            self.stage.admin.delete(name)

    def endpoints(self, service: str, ready: Iterable[RunningPod], *, ending: Iterable[RunningPod] = ()) -> None:
        """Write the EndpointSlice of a Service."""
        found = self.stage.admin.get(reference("v1", "Service", service, self.stage.namespace))
        (port,) = found["spec"]["ports"]
        self.stage.apply(
            manifests.endpoint_slice(
                self.stage.namespace,
                service,
                [each.address for each in ready],
                ending=[each.address for each in ending],
                port={"name": port["name"], "port": port["targetPort"]},
            )
        )

    async def seconds(self, count: int) -> None:
        """Wait until callers have told of so many more seconds."""
        goal = {each.name: len(each.answers()) + count for each in self.callers()}

        async def over() -> bool:
            return all(len(each.answers()) >= goal[each.name] for each in self.callers())

        await self.until(over, f"{count} seconds of callers")

    def callers(self) -> list[RunningPod]:
        """Return the Pods whose programs say who answers them."""
        return [each for each in self.pods if each.answers()]

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        try:
            return await self.legation.until(look, what)
        except AssertionError as error:
            told = "".join(
                f"\n--- {each.name}\n{each.program.last_words(4)}\n{each.sidecar.last_words(6)}" for each in self.pods
            )
            raise AssertionError(f"{error}{told}") from error


async def brought(volumes: PodVolumes) -> bool:
    """Say whether all that a Pod cannot start without is there."""
    with contextlib.suppress(NotThere):
        volumes.bring()
        return True
    return False


@contextlib.asynccontextmanager
async def opened(stage: Stage) -> AsyncIterator[Workloads]:
    """Give a namespace in which nothing of an example is yet; end all that is started."""
    server = webhook.opened(stage.admin, stage.house.api, stage.namespace, stage.folder)
    async with server as hook:
        with contextlib.ExitStack() as stack:
            yield Workloads(stage, hook, stack)
