"""Everything is renamed under load, and a real Envoy learns it from files alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo import web
from demo.backends import backend
from demo.load import Load
from demo.programs import free_ports
from demo.proxy import Envoy
from legation.envoy.codec import encode
from legation.model.resource import Resource
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.by_type import ByType
from legation.transports.files.steps import FileSteps
from tests.envoy.renamed import Fleet
from tests.envoy.watching import PATIENCE, Watching

RENAMES = 6
SETTLE = 1.0
DRAIN = ("--drain-time-s", "2", "--drain-strategy", "immediate")
DRAIN_GRACE = 3.0
"""Longer than Envoy's draining."""
_TYPES = {
    "Cluster": "cluster.v3.Cluster",
    "Endpoint": "endpoint.v3.ClusterLoadAssignment",
    "Listener": "listener.v3.Listener",
    "Route": "route.v3.RouteConfiguration",
}


class Folder(Watching):
    """A folder that an Envoy watches, and the simplest program that can fill it."""

    def __init__(self, folder: Path, programs: contextlib.ExitStack) -> None:
        self.folder = folder / "current"
        self._spare = folder / "spare"
        self._plans = ByType(folder=str(self.folder))
        self.steps = FileSteps(settle=SETTLE, drain_grace=DRAIN_GRACE, render=self._plans.render)
        self._programs = programs
        self._woken = asyncio.Event()

    def publish(self, manifests: Iterable[dict[str, Any]]) -> None:
        """Have the files of these objects stand there soon."""
        planned = self._plans.plan(_snapshot(manifests))
        assert not planned.problems
        self.steps.retarget(planned.file_set, time.monotonic())
        self._woken.set()

    async def run(self) -> None:
        """Write each step as soon as it may be written."""
        while True:
            self._woken.clear()
            if (step := self.steps.next(time.monotonic())) is not None:
                for path, content in step.puts.items():
                    (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                    self._spare.write_bytes(content)
                    os.replace(self._spare, self.folder / path)  # noqa: PTH105 - what the product does
                for path in step.removes:
                    (self.folder / path).unlink()
                self.steps.written(time.monotonic())
                continue
            deadline = self.steps.deadline()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._woken.wait(), None if deadline is None else max(0.0, deadline - time.monotonic())
                )

    async def start_envoy(self) -> None:
        await self.until(self._stands, "the first files")
        sources = {
            name: {"path_config_source": {"path": str(self.folder / path)}, "resource_api_version": "V3"}
            for name, path in (("cds_config", "cds.json"), ("lds_config", "lds.json"))
        }
        bootstrap = {
            "node": {"id": "test", "cluster": "test"},
            "dynamic_resources": sources,
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
        }
        file = self.folder.parent / "bootstrap.yaml"
        file.write_text(yaml.safe_dump(bootstrap))
        self.envoy = self._programs.enter_context(Envoy(file, *DRAIN, folder=self.folder.parent))
        await self.envoy.until(self.envoy.ready)

    async def _stands(self) -> bool:
        return self.steps.complete

    async def settled(self) -> None:
        async def rests() -> bool:
            return self.steps.settled

        await self.until(rests, "exactly the newest files")

    async def until(self, look: Any, what: str) -> Any:
        return await web.until(look, within=PATIENCE, what=what)

    def names(self) -> set[str]:
        return {file.relative_to(self.folder).as_posix() for file in self.folder.rglob("*.json")}


def _snapshot(manifests: Iterable[dict[str, Any]]) -> Snapshot:
    found: list[Resource] = []
    for each in manifests:
        config = {"@type": f"type.googleapis.com/envoy.config.{_TYPES[each['kind']]}", **each["spec"]["config"]}
        resource = encode(config).resource
        assert resource is not None
        found.append(resource)
    rows = dict.fromkeys(each.type for each in found)
    return Snapshot.of([collect(row, [each for each in found if each.type is row]) for row in rows])


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Folder]:
    with contextlib.ExitStack() as programs:
        made = Folder(tmp_path, programs)
        running = asyncio.create_task(made.run())
        yield made
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.mark.timeout(180)
async def test_everything_is_renamed_in_files_and_no_request_fails(folder: Folder) -> None:
    """Kept and new connections, delayed requests, an EDS and a static cluster, inline routes, a moved listener."""
    routed, inline, moved = map(int, free_ports(3))
    async with backend("blue") as blue, backend("green") as green:
        backends = {"blue": blue, "green": green}
        fleet = Fleet(backends=backends, routed=routed, inline=inline, moved=moved, delay="0.5s")
        folder.publish(fleet.manifests(0))
        await folder.start_envoy()
        async with _loads((routed, "/slow"), (routed, "/"), (inline, "/"), (moved, "/")) as loads:
            for number in range(1, RENAMES + 1):
                folder.publish(fleet.manifests(number))
                await folder.clusters(has=fleet.clusters(number))
                await folder.until(lambda: _stands(folder), "all that is new")
                for load in loads[1:]:
                    await folder.more_answers(load, 30)
            old = [name for number in range(RENAMES) for name in fleet.clusters(number)]
            await folder.settled()
            await folder.clusters(has=fleet.clusters(RENAMES), lacks=old)
            for load in loads[1:]:
                await folder.shares(load, blue=0.5, green=0.5)
        refused = await folder.envoy.statistics("update_rejected")
        assert not any(refused.values()), refused
        assert folder.names() == {"cds.json", "lds.json", f"eds/blue-{RENAMES}.json", f"rds/routes-{RENAMES}.json"}


async def _stands(folder: Folder) -> bool:
    return folder.steps.complete


@contextlib.asynccontextmanager
async def _loads(*places: tuple[int, str]) -> AsyncIterator[list[Load]]:
    """Send requests to these ports and paths; at the end none may have failed."""
    async with contextlib.AsyncExitStack() as stack:
        loads = [await stack.enter_async_context(Load(port, path=path)) for port, path in places]
        yield loads
    failures = {place: load.failures for place, load in zip(places, loads, strict=True) if load.failures}
    assert not failures
