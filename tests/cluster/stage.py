"""A namespace of a real cluster and what runs in it: backends, Envoys in Pods, and legation, all at Pods' addresses."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from demo import web
from demo.backends import backend
from demo.proxy import Envoy
from legation.envoy.bootstrap import Variant, bootstrap
from legation.envoy.trust import Trust, trust_files
from legation.pki import certificates
from tests.cluster import manifests
from tests.cluster.admin import Object, Refused
from tests.cluster.house import HOME, House
from tests.cluster.replica import REPLICA_PORT, XDS_PORT, Replica
from tests.envoy.watching import PATIENCE, Watching
from tests.envoy.world import AT_ONCE

_NAME = "legation.home.svc"
"""In the certificate of replicas that have one."""


class Proxy(Watching):
    """An Envoy that is, or says that it is, in a Pod."""

    def __init__(self, node: str, envoy: Envoy, look_after: Callable[[Any, str], Any]) -> None:
        self.node = node
        self.envoy = envoy
        self._until = look_after

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        return await self._until(look, f"{self.node}: {what}")

    async def ready(self) -> None:
        """Wait until it has got its first configuration."""
        await self.until(self.envoy.ready, "its first configuration")

    async def get(self, listener: str = "front") -> str:
        """Return what it answers.

        Raises:
            ConnectionError: There is no such listener, or the answer is not 200.
        """
        if (port := await self.envoy.listener_port(listener)) is None:
            raise ConnectionError(f"no listener {listener}")
        return await web.get(f"127.0.0.1:{port}", "/")

    async def serves(self, listener: str = "front") -> None:
        """Wait until a request is answered as it should be."""
        await self.until(partial(self.get, listener), f"an answer of {listener}")

    async def listeners(self, *names: str) -> None:
        """Wait until it has these listeners and no others."""

        async def right() -> bool:
            found = json.loads(await self.envoy.ask("/listeners?format=json")).get("listener_statuses", [])
            return {each["name"] for each in found} == set(names)

        await self.until(right, f"listeners {names}")


class Stage:
    """A namespace and what runs there. `opened` makes one."""

    def __init__(
        self,
        house: House,
        namespace: str,
        folder: Path,
        *,
        programs: contextlib.ExitStack,
        backends: contextlib.AsyncExitStack,
    ) -> None:
        self.house = house
        self.admin = house.admin
        self.namespace = namespace
        self.folder = folder
        self.addresses = house.addresses
        """Fresh addresses for Pods."""
        self.replicas: list[Replica] = []
        self._programs = programs
        self._backends = backends
        self._trust: Trust | None = None

    @property
    def replica(self) -> Replica:
        """The only one."""
        (found,) = self.replicas
        return found

    async def serve(self, *options: str) -> Replica:
        """Start one more replica of legation."""
        kubeconfig = self.house.api.kubeconfig(self.folder / "kubeconfig", self.house.token, HOME)
        replica = Replica(self._programs, self.folder, kubeconfig, next(self.addresses))
        self.replicas.append(replica)
        await replica.start(*options)
        return replica

    def secured(self) -> tuple[str, ...]:
        """Return the options by which replicas have TLS; Envoys that are started from now on see it."""
        now, folder = time.time(), self.folder / "tls"
        signer = certificates.authority(now=now, seconds=3600)
        pair = certificates.issue(signer, names=(_NAME,), now=now, seconds=3600)
        files = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": signer.certificate}
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name, text in trust_files(str(folder), auth="none").items():
            (folder / name).write_text(text)
        self._trust = Trust(server_name=_NAME, auth="none", sds_folder=str(folder))
        return ("--tls", str(folder))

    @contextlib.asynccontextmanager
    async def without_api(self, *, crash: bool = False) -> AsyncIterator[None]:
        """Have no API server until the block ends; then it comes back with all that it had."""
        await asyncio.to_thread(self.house.api.kill if crash else self.house.api.stop)
        try:
            yield
        finally:
            await asyncio.to_thread(self.house.api.start)

    def join(self, *replicas: Replica) -> None:
        """Let these replicas find each other, by the endpoints of the chart's headless Service."""
        addresses = [each.address for each in replicas]
        self.apply(
            manifests.endpoint_slice(HOME, "legation", addresses, port={"name": "replicas", "port": REPLICA_PORT})
        )

    async def backend(self, name: str) -> str:
        """Have somebody answer with the name, until the test ends, and return where."""
        address = next(self.addresses)
        await self._backends.enter_async_context(backend(name, host=address, port=manifests.PORT))
        return address

    def apply(self, *objects: Object) -> None:
        """Apply objects, in their order."""
        for each in objects:
            self.admin.apply(each)

    async def until_gone(self, value: Object) -> None:
        """Wait until an object that was deleted is there no more."""

        async def gone() -> bool:
            try:
                self.admin.get(value)
            except Refused as refused:
                return refused.reason == "NotFound"
            return False

        await web.until(gone, within=PATIENCE, what=f"{value['metadata']['name']} gone")

    async def condition(self, of: Object, kind: str, status: str, *words: str) -> Mapping[str, Any]:
        """Wait until an object has a condition for its newest generation, with these words, and return its status."""

        async def right() -> Mapping[str, Any] | None:
            found = self.admin.get(of)
            wanted = (kind, status, found["metadata"]["generation"])
            told: Mapping[str, Any] = found.get("status") or {}
            for each in told.get("conditions", ()):
                said = (each["type"], each["status"], each["observedGeneration"])
                if said == wanted and all(word in each["message"] for word in words):
                    return told
            return None

        told: Mapping[str, Any] = await self.replicas[0].until(right, f"{kind} {status} of {of['metadata']['name']}")
        return told

    def pod(self, name: str, labels: Mapping[str, str] = manifests.EDGE, *, address: str = "") -> str:
        """Make a Pod that runs, and return its address."""
        address = address or next(self.addresses)
        self.admin.create(manifests.pod(self.namespace, name, labels))
        self.admin.patch_status(manifests.pod_status(self.namespace, name, address))
        return address

    def launch(
        self, name: str, address: str, *, variant: Variant = "delta", node: str = "", of: Sequence[Replica] = ()
    ) -> Proxy:
        """Start an Envoy that speaks from that address; do not wait.

        Args:
            name: Of the Pod that it says it is in.
            address: Where it is.
            variant: How it asks.
            node: Its node id, if that is another one.
            of: The replicas that it knows; else all of them.
        """
        node = node or f"{name}.{self.namespace}"
        replicas = of or self.replicas
        made = bootstrap(node_id=node, xds_address=(replicas[0].address, XDS_PORT), variant=variant, trust=self._trust)
        (server,) = made["static_resources"]["clusters"]
        server["upstream_bind_config"] = {"source_address": {"address": address, "port_value": 0}}
        server["load_assignment"]["endpoints"] = [{"lb_endpoints": _endpoints(replicas)}]
        folder = self.folder / f"{name}-{address}"
        folder.mkdir()
        file = folder / "bootstrap.yaml"
        file.write_text(yaml.safe_dump(made))
        envoy = self._programs.enter_context(Envoy(file, *AT_ONCE, folder=folder))
        return Proxy(node, envoy, self.replicas[0].until)

    async def envoy(
        self, name: str = "edge-0", labels: Mapping[str, str] = manifests.EDGE, *, variant: Variant = "delta"
    ) -> Proxy:
        """Start an Envoy in a Pod of its own, and wait until it has got its first configuration."""
        proxy = self.launch(name, self.pod(name, labels), variant=variant)
        await proxy.ready()
        return proxy

    async def shop(self, *names: str) -> dict[str, str]:
        """Make Services with a backend each and their clusters, and a listener whose route leads to the first."""
        found = {name: await self.backend(name) for name in names}
        for name, address in found.items():
            self.apply(
                manifests.service(self.namespace, name),
                manifests.endpoint_slice(self.namespace, name, [address]),
                manifests.cluster(self.namespace, name),
            )
        self.apply(manifests.route(self.namespace, names[0]), manifests.listener(self.namespace))
        return found


def _endpoints(replicas: Sequence[Replica]) -> list[Object]:
    addresses = [{"socket_address": {"address": each.address, "port_value": XDS_PORT}} for each in replicas]
    return [{"endpoint": {"address": each}} for each in addresses]


@contextlib.asynccontextmanager
async def opened(house: House, namespace: str, folder: Path) -> AsyncIterator[Stage]:
    """Give a namespace in which nothing runs yet; end all that is started there."""
    async with contextlib.AsyncExitStack() as backends:
        with contextlib.ExitStack() as programs:
            yield Stage(house, namespace, folder, programs=programs, backends=backends)
