"""What a sidecar answers to whoever reaches its Pod: whether it is ready, and nothing that it has to keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from demo import web
from demo.programs import Program, free_ports
from demo.proxy import BINARY
from legation.api.injection.injecting import inject
from tests.cluster.kubelet import Given, command_line

PATIENCE = 60.0
HEAD = b"GET /ready HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture
async def ready(tmp_path: Path) -> AsyncIterator[int]:
    """The port at which a sidecar says that it is ready."""
    admin, port, nobody = free_ports(3)
    told = {"admin-port": str(admin), "ready-port": str(port), "wait": "100ms", "tls": "disabled"}
    pod = {
        "metadata": {
            "name": "web",
            "namespace": "home",
            "annotations": {f"legation.dev/{name}": value for name, value in told.items()},
        },
        "spec": {"containers": [{"name": "web", "image": "web"}]},
    }
    made = inject(pod, defaults={"xds": f"127.0.0.1:{nobody}"}).pod
    given = Given(name="web", namespace="home", ip="127.0.0.1")
    command = command_line(made["spec"]["initContainers"][0], given)
    with Program("envoy", BINARY, *command, log=tmp_path / "envoy.log") as envoy:

        async def is_ready() -> bool:
            await web.get(f"127.0.0.1:{port}", "/ready")
            return True

        await envoy.until(is_ready)
        yield port


@pytest.mark.parametrize(
    "said",
    [
        b"",
        HEAD,
        HEAD + b"a: " + b"b" * 4_000,
        b"POST /ready HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n",
        HEAD + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_nobody_stays(ready: int, said: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ready)
    writer.write(said)
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionResetError):
            await reader.read()
    writer.close()
    with suppress(ConnectionResetError):
        await writer.wait_closed()


async def test_a_head_of_more_than_the_kubelet_says_is_not_kept(ready: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", ready)
    writer.write(HEAD + b"a: " + b"b" * 2_000 + b"\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
    writer.close()
