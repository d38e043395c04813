"""A real Envoy, a real `legation serve` and real requests: what the tests of this tier play with."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from demo import web
from demo.backends import backend
from demo.programs import Program, free_ports
from demo.proxy import Envoy
from demo.stage import LEGATION, copy_manifests, edit, legation
from tests.envoy.watching import PATIENCE, Watching

AT_ONCE = ("--drain-time-s", "1", "--drain-strategy", "immediate")
"""Lets Envoy's old listeners go soon."""
GRACES = ("--removal-grace", "1s", "--drain-grace", "3s")
"""The same for legation, longer than Envoy's."""


class World(Watching):
    """A folder of manifests and what runs on it. `opened` makes one."""

    def __init__(self, folder: Path, programs: contextlib.ExitStack, backends: Mapping[str, int]) -> None:
        self.folder = folder
        self.backends = backends
        """The ports at which each of them answers."""
        self.manifests = folder / "manifests"
        self._serve: Program
        self._programs = programs
        self.xds, self._admin, self._health = free_ports(3)

    async def serve(self, *options: str | Path) -> None:
        """Start `legation serve` on the folder, at the same ports each time."""
        ports = ("--xds-port", self.xds, "--admin-port", self._admin, "--health-port", self._health)
        command = (LEGATION, "serve", self.manifests, *ports, *options)
        log = self.folder / "legation.log"
        self._serve = self._programs.enter_context(Program("legation serve", *map(str, command), log=log))
        await self._serve.until(partial(web.get, f"localhost:{self._health}", "/readyz"))

    def begin(self, name: str, *command: str) -> None:
        """Start another program of ours, in place of `legation serve`."""
        self._serve = self._programs.enter_context(Program(name, *command, log=self.folder / "legation.log"))

    async def stop_serving(self) -> int:
        """End `legation serve` in order and return its exit code."""
        return await asyncio.to_thread(self._serve.stop)

    async def kill_serving(self) -> None:
        """End `legation serve` without a word."""
        self._serve.process.kill()
        await asyncio.to_thread(self._serve.process.wait)

    async def start_envoy(self, bootstrap: dict[str, Any], *options: str) -> None:
        """Start Envoy with a bootstrap and wait until it has got its first configuration."""
        self.launch_envoy(bootstrap, *options)
        await self.envoy.until(self.envoy.ready)

    def launch_envoy(self, bootstrap: dict[str, Any], *options: str) -> Envoy:
        """Start Envoy with a bootstrap, and do not wait."""
        file = self.folder / "bootstrap.yaml"
        file.write_text(yaml.safe_dump(bootstrap))
        self.envoy = self._programs.enter_context(Envoy(file, *options, folder=self.folder))
        return self.envoy

    def another_envoy(self, bootstrap: dict[str, Any], *options: str) -> Envoy:
        """Start one beside the first, and do not wait."""
        folder = self.folder / "another"
        folder.mkdir()
        file = folder / "bootstrap.yaml"
        file.write_text(yaml.safe_dump(bootstrap))
        return self._programs.enter_context(Envoy(file, *options, folder=folder))

    async def bootstrap(self, variant: str, *options: str, host: str = "localhost") -> dict[str, Any]:
        """Return what `legation bootstrap` prints for the variant and the server's host."""
        printed = await legation("bootstrap", "--node", "test", "--xds", f"{host}:{self.xds}", f"--{variant}", *options)
        found: dict[str, Any] = yaml.safe_load(printed)
        return found

    def edit(self, file: str, pattern: str, *replacements: str) -> None:
        """Save a manifest with matches of a regular expression replaced, each by the next replacement."""
        edit(self.manifests / file, pattern, *replacements)

    def save(self, file: str, *objects: dict[str, Any]) -> None:
        """Save a manifest of these objects."""
        fresh = self.folder / file
        fresh.write_text(yaml.safe_dump_all(objects, sort_keys=False))
        fresh.rename(self.manifests / file)

    async def problem(self, *words: str) -> dict[str, Any]:
        """Wait for a problem whose line has all these words, and return it."""

        async def said() -> dict[str, Any] | None:
            found = json.loads(await legation("problems", "--admin", f"localhost:{self._admin}", "-o", "json"))
            return next((each for each in found["problems"] if all(word in each["text"] for word in words)), None)

        found: dict[str, Any] = await self.until(said, f"a problem with {words}")
        return found

    async def no_problems(self) -> None:
        """Wait until nothing is wrong any more."""

        async def none() -> bool:
            return await web.get(f"localhost:{self._admin}", "/problems") == "no problems\n"

        await self.until(none, "no problems")

    @property
    def admin(self) -> str:
        """The admin port of `legation serve`, as `host:port`."""
        return f"localhost:{self._admin}"

    async def proxies(self, *options: str) -> str:
        """Return the table that `legation proxies` prints."""
        return await legation("proxies", "--admin", f"localhost:{self._admin}", *options)

    async def metrics(self) -> str:
        """Return what Prometheus would read."""
        return await web.get(f"localhost:{self._health}", "/metrics")

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        try:
            return await web.until(look, within=PATIENCE, what=what)
        except TimeoutError as error:
            log = self.folder / "legation.log"
            words = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else ()
            raise AssertionError("\n".join((f"{error}", "legation:", *words))) from error


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    """Give a world with the demo's manifests, backends `blue` and `green`, and no split; end all that it started."""
    async with backend("blue") as blue, backend("green") as green:
        manifests = copy_manifests(folder / "manifests", {10000: 0, 8081: blue, 8082: green})
        # Most tests write weights into the route.
        (manifests / "split.yaml").unlink()
        with contextlib.ExitStack() as programs:
            yield World(folder, programs, {"blue": blue, "green": green})
