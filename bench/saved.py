"""The benchmarks: how long a saved file takes to reach Envoy, and what the server needs for it and while it idles.

In brackets stands the 95th percentile.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

from bench.running import Server, clients, write_manifests
from demo import web
from demo.proxy import Envoy
from demo.stage import LEGATION, edit, legation

CLUSTERS = 1000
SAVES = 40
"""How often a change is measured."""
PAUSE = 0.25
"""Seconds between two saves: longer than any debouncing."""
CLIENTS = 10
IDLE = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure."""

    what: str
    measured: str
    target: str = ""


async def measure(folder: Path) -> None:
    """Measure all and print a row as soon as it is known."""
    _show(Row(what=f"median of {SAVES}", measured="measured", target="target"))
    for row in _help():
        _show(row)
    for files in (True, False):
        own = folder / ("files" if files else "file")
        own.mkdir()
        manifests = own / "manifests"
        write_manifests(manifests, count=CLUSTERS, files=files)
        with Server(manifests, folder=own) as server:
            begun = time.perf_counter()
            await server.ready()
            where = f"{CLUSTERS:,} files" if files else f"one file of {CLUSTERS:,} objects"
            _show(Row(what=f"start with {where}", measured=_ms(time.perf_counter() - begun)))
            saves = _saves(manifests / (f"cluster-{CLUSTERS // 2:04}.yaml" if files else "clusters.yaml"))
            for row in await _saved_to_envoy(server, saves, where=where, folder=own):
                _show(row)
            for row in await _saved_to_client(server, saves, where=where):
                _show(row)
            if files:
                for row in await _idle(server):
                    _show(row)


def _help() -> Iterator[Row]:
    took = []
    for _ in range(10):
        begun = time.perf_counter()
        subprocess.run([LEGATION, "--help"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - begun)
    yield Row(what="legation --help", measured=_ms(statistics.median(took)), target="300 ms")


def _saves(file: Path) -> Iterator[None]:
    """Save another connect_timeout of one cluster at each step."""
    for number in count(1):
        edit(
            file,
            rf"(?<=connect_timeout: )1\.{number - 1:03}s" if number > 1 else "(?<=timeout: )1.000s",
            f"1.{number:03}s",
        )
        yield


async def _saved_to_envoy(server: Server, saves: Iterator[None], *, where: str, folder: Path) -> list[Row]:
    """A real Envoy, delta: from the save to the moment at which the server has its ACK."""
    bootstrap = folder / "bootstrap.yaml"
    bootstrap.write_text(await legation("bootstrap", "--node", "bench", "--xds", f"127.0.0.1:{server.xds}"))
    took = []
    with Envoy(bootstrap, folder=folder) as envoy:
        await envoy.until(envoy.ready, within=60)
        for _ in range(SAVES):
            await asyncio.sleep(PAUSE)
            before = await server.accepted()
            begun = time.perf_counter()
            next(saves)
            await web.until(partial(_accepted_other, server, before), within=60, what="Envoy's ACK")
            took.append(time.perf_counter() - begun)
    return [Row(what=f"saved to a real Envoy's ACK, {where}", measured=spread(took), target="60 ms")]


async def _accepted_other(server: Server, before: str) -> bool:
    return await server.accepted() != before


async def _saved_to_client(server: Server, saves: Iterator[None], *, where: str) -> list[Row]:
    """A bare client: from the save to the response, and the processor time of the server for all of it.

    What the server uses when idle in the same time is taken off.
    """
    took, used = [], []
    async with clients(1, server.xds) as (client,):
        idle = await _idle_load(server, 4 * PAUSE)
        for _ in range(SAVES):
            await asyncio.sleep(PAUSE)
            before, begun = server.processor_seconds(), time.perf_counter()
            next(saves)
            await client.versions.get()
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE)
            used.append(server.processor_seconds() - before - idle * (time.perf_counter() - begun))
    return [
        Row(what=f"saved to a bare client, {where}", measured=spread(took)),
        Row(what=f"own work for one change (processor time), {where}", measured=spread(used), target="10 ms"),
    ]


async def _idle(server: Server) -> list[Row]:
    async with clients(CLIENTS, server.xds):
        await asyncio.sleep(1)
        used = await _idle_load(server, IDLE)
        what = f"idle, {CLUSTERS:,} clusters and {CLIENTS} clients"
        return [
            Row(what=f"{what}: memory", measured=f"{server.memory():.0f} MiB", target="110 MiB"),
            Row(what=f"{what}: processor", measured=f"{used:.2%}", target="nothing"),
        ]


async def _idle_load(server: Server, seconds: float) -> float:
    """Return the part of one processor that the server uses while nothing happens."""
    before = server.processor_seconds()
    await asyncio.sleep(seconds)
    return (server.processor_seconds() - before) / seconds


def _show(row: Row) -> None:
    print(f"{row.what:<75}{row.measured:>22}{row.target:>12}", flush=True)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def spread(took: list[float]) -> str:
    """Return the median, and the 95th percentile in brackets."""
    last = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return f"{statistics.median(took) * 1000:.1f} ms ({last * 1000:.1f})"
