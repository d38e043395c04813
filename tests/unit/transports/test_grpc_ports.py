"""Ports of a gRPC server: that they are had, or why not, and a start that is cancelled."""

from __future__ import annotations

import asyncio
import socket

import grpc.aio
import pytest

from legation.errors import TransportError
from legation.transports.grpc_ports import open_port, start

PATIENCE = 20.0
SETTINGS = {"port_setting": "--some-port", "bind_setting": "--some-bind"}


def opened(server: grpc.aio.Server, port: int = 0) -> tuple[int, tuple[str, ...]]:
    return open_port(server, ("127.0.0.1",), port, tls=None, **SETTINGS)


async def test_a_port_is_open_from_the_start_on() -> None:
    server = grpc.aio.server()
    port, addresses = opened(server)
    assert addresses == (f"127.0.0.1:{port}",)
    try:
        await start(server)
        async with grpc.aio.insecure_channel(addresses[0]) as channel, asyncio.timeout(PATIENCE):
            await channel.channel_ready()
    finally:
        await server.stop(None)


async def test_a_port_that_is_taken_is_an_error_that_names_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(TransportError, match="--some-port"):
            opened(grpc.aio.server(), taken.getsockname()[1])


async def test_a_start_that_is_cancelled_ends_when_grpc_has_started() -> None:
    server = grpc.aio.server()
    opened(server)
    starting = asyncio.create_task(start(server))
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await server.stop(None)
