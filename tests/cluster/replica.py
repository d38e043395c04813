"""One `legation serve --kubernetes`, and what its pages say."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo import web
from demo.programs import Program, free_ports
from demo.stage import LEGATION, legation
from tests.cluster.house import HOME
from tests.envoy.watching import PATIENCE

XDS_PORT = 5000
REPLICA_PORT = 18003


class Replica:
    """A replica at an address of its own; it comes back there when it is started again."""

    def __init__(self, programs: contextlib.ExitStack, folder: Path, kubeconfig: Path, address: str) -> None:
        """Prepare it in a folder that may be shared with others."""
        self.address = address
        self.log = folder / f"legation-{address}.log"
        self.state = folder / f"state-{address}"
        self._admin, self._health = free_ports(2)
        self._programs = programs
        self._command: tuple[str | Path, ...] = (
            # What its Pod would tell it.
            *("env", f"POD_NAME=legation-{address}", f"POD_NAMESPACE={HOME}", f"POD_IP={address}"),
            *(LEGATION, "serve", "--kubernetes", "--kubeconfig", kubeconfig, "--state-dir", self.state),
            *("--xds-bind", address, "--xds-port", str(XDS_PORT), "--log-format", "json", "--log-level", "debug"),
            *(
                "--replica-bind",
                address,
                "--replica-port",
                str(REPLICA_PORT),
                "--admin-port",
                str(self._admin),
                "--health-port",
                str(self._health),
            ),
        )
        self._program: Program

    async def start(self, *options: str) -> None:
        """Start it, and wait until it is ready."""
        program = Program(f"legation at {self.address}", *self._command, *options, log=self.log)
        self._program = self._programs.enter_context(program)
        await program.until(self.ready)

    async def stop(self) -> int:
        """End it in order and return its exit code."""
        return await asyncio.to_thread(self._program.stop)

    async def kill(self) -> None:
        """End it as a crash would."""
        await asyncio.to_thread(self._program.kill)

    async def until(self, look: Any, what: str) -> Any:
        """Wait until the look finds something."""
        try:
            return await web.until(look, within=PATIENCE, what=what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self._program.name}:\n{self._program.last_words()}") from error

    async def page(self, path: str) -> str:
        """Return a page of its admin port."""
        return await web.get(f"localhost:{self._admin}", path)

    async def ready(self) -> str:
        """Return what a probe is told.

        Raises:
            ConnectionError: It is not ready, and why.
        """
        return await web.get(f"localhost:{self._health}", "/readyz")

    async def metrics(self) -> str:
        """Return what Prometheus would read."""
        return await web.get(f"localhost:{self._health}", "/metrics")

    async def proxies(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the Envoys that are connected, by node id."""
        return {each["node"]: each for each in await self.all_proxies()}

    async def all_proxies(self) -> Sequence[Mapping[str, Any]]:
        """Return the Envoys that are connected; of one node id there may be several."""
        found: Sequence[Mapping[str, Any]] = json.loads(await self.page("/proxies"))["proxies"]
        return found

    async def turned_away(self, node: str) -> Mapping[str, Any]:
        """Wait until an Envoy of that id was turned away, and return how."""

        async def found() -> Mapping[str, Any] | None:
            listed: list[Mapping[str, Any]] = json.loads(await self.page("/proxies"))["turned_away"]
            return next((each for each in listed if each["node"] == node), None)

        told: Mapping[str, Any] = await self.until(found, f"{node} turned away")
        return told

    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Return what it has logged, without what may follow from libraries that log otherwise."""
        return [json.loads(each) for each in self.log.read_text().splitlines() if each.startswith("{")]

    def connected(self, node: str) -> int:
        """Return how often an Envoy of that id has come, by the log."""
        return sum(each["event"] == "client connected" and each["node"] == node for each in self.lines())

    async def problem(self, *words: str) -> str:
        """Wait for a problem whose line has all these words, and return it."""

        async def said() -> str | None:
            lines = (await self.page("/problems")).splitlines()
            return next((each for each in lines if all(word in each for word in words)), None)

        line: str = await self.until(said, f"a problem with {words}")
        return line

    async def no_problem(self, word: str) -> None:
        """Wait until no problem has this word in it, such as a namespace."""

        async def none() -> bool:
            return word not in await self.page("/problems")

        await self.until(none, f"no problem with {word}")

    async def said(self, command: str) -> str:
        """Return what a command of legation prints of it: `proxies`, `problems`."""
        return await legation(command, "--admin", f"localhost:{self._admin}")
