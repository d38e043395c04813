"""A signal ends `crossover` within two seconds, whatever it is at; the files stay as they are."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from legation.testing.fake_kube import FakeKube
from tests.features.crossover_process import RDS, Stage, config_map


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with FakeKube() as kube:
        found = Stage(kube, tmp_path)
        found.put(config_map("xds", {"rds.yaml": RDS}))
        yield found


def wait_for(condition: Callable[[], bool]) -> None:
    """Ask again until it holds."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)  # another process sets no event of ours


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_while_it_watches(stage: Stage, number: signal.Signals) -> None:
    async with stage.start("--watch", "--configmap=xds", "--trafficsplit=podinfo") as process:
        await process.event("ready")
        assert await process.stop(number) == 0
        assert process.log[-1]["event"] == "stopping"


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--watch",), 0), (("--onetime",), 1)])
async def test_a_signal_ends_it_while_nobody_answers(stage: Stage, arguments: tuple[str, ...], code: int) -> None:
    """An init container whose files are not there does not end well."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with stage.start(*arguments, "--configmap=xds", server=server) as process:
            taken, _ = await asyncio.to_thread(silent.accept)
            with taken:
                assert await process.stop() == code


async def test_a_signal_ends_it_while_the_connection_is_not_taken(stage: Stage) -> None:
    """A queue that is full is as good as a firewall that says nothing."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in (first, second):
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        async with stage.start(
            "--watch", "--configmap=xds", server=f"https://127.0.0.1:{full.getsockname()[1]}"
        ) as process:
            await process.event("ConfigMap shop/xds: the API server has not told of it yet")
            assert await process.stop() == 0


async def test_a_signal_ends_it_while_there_is_nothing_to_do(stage: Stage) -> None:
    async with stage.start() as process:
        await process.event("no --configmap is given")
        assert await process.stop() == 0


async def test_a_signal_ends_it_while_much_is_written(stage: Stage) -> None:
    """Each file is whole, be it the new one or none."""
    content = "x" * 4000
    stage.put(config_map("xds", {f"{number}.yaml": content for number in range(200)}))
    async with stage.start("--watch", "--configmap=xds") as process:
        await asyncio.to_thread(wait_for, (stage.output / "new").exists)
        assert await process.stop() == 0
        assert set(process.files.values()) <= {content}
