"""What the demo plays with: two backends, `legation serve` on a folder of manifests, and a real Envoy."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from demo import web
from demo.backends import backend
from demo.programs import Program, free_ports
from demo.proxy import Envoy

LEGATION = Path(sys.executable).with_name("legation")
MANIFESTS = Path(__file__).with_name("manifests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that runs, and how to change it."""

    manifests: Path
    envoy: Envoy
    port: int
    """Where Envoy takes requests."""
    admin: str
    """The admin port of legation, as `host:port`."""

    def edit(self, file: str, pattern: str, *replacements: str) -> None:
        """Save a manifest with something in it replaced; see `edit`."""
        edit(self.manifests / file, pattern, *replacements)

    async def problems(self) -> str:
        """Return what `legation problems` prints."""
        return (await legation("problems", "--admin", self.admin)).strip()


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """Start everything in a folder of its own and, when the block ends, end everything."""
    xds, admin, health, listener = free_ports(4)
    async with contextlib.AsyncExitStack() as stack:
        blue = await stack.enter_async_context(backend("blue"))
        green = await stack.enter_async_context(backend("green"))
        manifests = copy_manifests(folder / "manifests", {10000: listener, 8081: blue, 8082: green})

        ports = ("--xds-port", str(xds), "--admin-port", str(admin), "--health-port", str(health))
        serve = Program("legation serve", LEGATION, "serve", manifests, *ports, log=folder / "legation.log")
        stack.enter_context(serve)
        await serve.until(lambda: web.get(f"localhost:{health}", "/readyz"))

        bootstrap = folder / "bootstrap.yaml"
        bootstrap.write_text(await legation("bootstrap", "--node", "demo", "--xds", f"localhost:{xds}"))
        envoy = stack.enter_context(Envoy(bootstrap, folder=folder))
        await envoy.until(envoy.ready)
        yield Stage(manifests=manifests, envoy=envoy, port=listener, admin=f"localhost:{admin}")


async def legation(*arguments: str) -> str:
    """Return what a command of legation prints.

    Raises:
        RuntimeError: It failed; with what it said.
    """
    process = await asyncio.create_subprocess_exec(LEGATION, *arguments, stdout=PIPE, stderr=PIPE)
    printed, said = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"legation {arguments[0]}: {(said or printed).decode()}")
    return printed.decode()


def edit(path: Path, pattern: str, *replacements: str) -> None:
    """Save a file with the first matches of a regular expression replaced, each by the next replacement.

    Raises:
        ValueError: There are fewer matches.
    """
    rest = iter(replacements)
    changed = re.sub(pattern, lambda _: next(rest), path.read_text(), count=len(replacements), flags=re.MULTILINE)
    if next(rest, None) is not None:
        raise ValueError(f"{path}: there is no {pattern!r} to edit, or not often enough")
    path.write_text(changed)


def copy_manifests(to: Path, ports: dict[int, int]) -> Path:
    """Copy the manifests, with ports that are free on this machine in place of those that they say."""
    shutil.copytree(MANIFESTS, to)
    for file in to.iterdir():
        file.write_text(re.sub(r"(?<=port_value: )\d+", lambda found: str(ports[int(found[0])]), file.read_text()))
    return to
