"""Programs that write files end in order within two seconds after SIGTERM, whatever they are at; the files stay."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.admin import Object
from tests.cluster.conftest import needed
from tests.cluster.network import Network
from tests.cluster.own_disk import OwnDisk
from tests.cluster.sidecars import Sidecar, Sidecars, config_map, split
from tests.cluster.stage import Stage
from tests.envoy.watching import PATIENCE

pytestmark = pytest.mark.timeout(90)

PROGRAMS = pytest.mark.parametrize("program", ["crossover", "sync"])
SYN_SENT, DOMAIN = "02", ":0035"
"""As /proc writes the state of a socket, and the port that name servers have."""
NOBODY, NAME = "https://192.0.2.1", "https://kubernetes"
DATA = {"notes.txt": "one\n"}


def start(sidecars: Sidecars, program: str, *, server: str = "", disk: OwnDisk | None = None) -> Sidecar:
    if program == "sync":
        return sidecars.sync(server=server, disk=disk, output=disk.folder if disk else None)
    return sidecars.crossover(server=server, disk=disk, output=disk.folder if disk else None)


@pytest.fixture
def silence() -> Iterator[None]:
    """Be in a network where nobody else is, and nobody says so."""
    with needed(lambda: Network(loses=True)) as network, network.entered():
        yield


def asks(pid: int) -> bool:
    """Whether somebody in the network of a process is connecting, or asks for a name."""
    sockets = {each: Path(f"/proc/{pid}/net/{each}").read_text().splitlines()[1:] for each in ("tcp", "udp")}
    connecting = any(line.split()[3] == SYN_SENT for line in sockets["tcp"])
    return connecting or any(line.split()[2].endswith(DOMAIN) for line in sockets["udp"])


@pytest.mark.parametrize(
    ("program", "server"),
    [("crossover", NOBODY), ("crossover", NAME), ("sync", NOBODY), ("sync", NAME)],
    ids=["crossover-no-answer", "crossover-no-name", "sync-no-answer", "sync-no-name"],
)
async def test_while_nobody_answers(sidecars: Sidecars, silence: None, program: str, server: str) -> None:
    """Neither the API server, nor who knows names."""
    del silence
    sidecar = start(sidecars, program, server=server)

    async def stuck() -> bool:
        # Where a name server is on this machine, it is told at once that there is none.
        return asks(sidecar.program.pid) or any("kubernetes" in str(each) for each in sidecar.lines())

    await sidecar.until(stuck)
    assert await sidecar.stop() == 0


@PROGRAMS
async def test_while_the_api_server_says_nothing(sidecars: Sidecars, program: str) -> None:
    """It takes the connection, and that is all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        sidecar = start(sidecars, program, server=f"https://127.0.0.1:{server.getsockname()[1]}")
        async with asyncio.timeout(PATIENCE):
            connection, _ = await asyncio.get_running_loop().sock_accept(server)
        with connection:
            assert await sidecar.stop() == 0


@PROGRAMS
@pytest.mark.parametrize("is_split", [True, False], ids=["split", "split-missing"])
async def test_while_it_watches(sidecars: Sidecars, stage: Stage, program: str, *, is_split: bool) -> None:
    await sidecars.allow()
    if program == "sync":
        sidecars.allow_sync()
    splits: list[Object] = [split(stage.namespace, blue=1, green=1)] if is_split else []
    stage.apply(config_map(stage.namespace, DATA), *splits)
    sidecar = start(sidecars, program)
    await sidecar.stands(DATA)
    changed = {"notes.txt": "two\n"}
    stage.apply(config_map(stage.namespace, changed))
    await sidecar.stands(changed)
    assert await sidecar.stop() == 0
    assert sidecar.files() == {"notes.txt": b"two\n"}


@PROGRAMS
async def test_while_the_disk_is_read_only(sidecars: Sidecars, stage: Stage, program: str) -> None:
    """Files that stood there before stay; what is wrong is told; when it is over the newest is written."""
    await sidecars.allow()
    if program == "sync":
        sidecars.allow_sync()
    stage.apply(config_map(stage.namespace, DATA))
    disk = OwnDisk(sidecars.fresh())
    sidecar = start(sidecars, program, disk=disk)
    await sidecar.stands(DATA)
    pid = sidecar.program.pid
    for text in ("two\n", "three\n"):
        before, lines = sidecar.numbers(), len(sidecar.lines())
        disk.remount("ro", pid=pid)
        stage.apply(config_map(stage.namespace, {"notes.txt": text}))
        await sidecar.said("the file system is read-only", str(disk.folder), after=lines)
        assert sidecar.numbers() == before
        if text == "two\n":
            disk.remount("rw", pid=pid)
            await sidecar.stands({"notes.txt": text})
    assert await sidecar.stop() == 0
