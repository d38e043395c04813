"""Opens the ports of a gRPC server, with TLS or without, and starts it: gRPC itself only says that something failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from legation.errors import TransportError
from legation.listening import addresses_of, listen, port_of
from legation.transports.grpc_tls import server_credentials

if TYPE_CHECKING:
    import grpc.aio

    from legation.tls.shown import PortTls


def open_port(
    server: grpc.aio.Server,
    hosts: Sequence[str],
    port: int,
    *,
    tls: PortTls | None,
    port_setting: str,
    bind_setting: str,
) -> tuple[int, tuple[str, ...]]:
    """Have a server listen once it is started.

    Args:
        server: The server.
        hosts: Where, as `legation.listening.listen` takes it.
        port: 0 takes a free one.
        tls: What is shown there, and is there by now; None: nothing is encrypted.
        port_setting: What people call the setting of the port.
        bind_setting: The same of the hosts.

    Returns:
        The port, and the addresses.

    Raises:
        TransportError: It cannot be had, and why.
    """
    # gRPC opens sockets of its own, and only says that it failed: what can be wrong has shown with ours by then.
    sockets = listen(hosts, port, port_setting=port_setting, bind_setting=bind_setting)
    addresses, port = addresses_of(sockets), port_of(sockets)
    for each in sockets:
        each.close()
    for address in addresses:
        try:
            if tls is None:
                server.add_insecure_port(address)
            else:
                # Of its own for each: gRPC takes what is shown at first from them once.
                server.add_secure_port(address, server_credentials(tls))
        except RuntimeError as error:
            raise TransportError(f"{address} cannot be listened on; is the port taken by another program?") from error
    return port, addresses


async def start(server: grpc.aio.Server) -> None:
    """Start a server."""
    # Shielded, and waited for: a start that is cancelled half-way goes on inside gRPC, which then logs an error.
    starting = asyncio.create_task(server.start())
    try:
        await asyncio.shield(starting)
    finally:
        await starting
