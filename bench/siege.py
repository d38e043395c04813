"""How Envoys are served while strangers attack: a change to the last ACK, alone and beside each attack.

`legation serve` with mutual TLS for its Envoys, and a second port with TLS of the server alone, where strangers get as
far as a stream. The attackers run on the same machine, and take their share of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import grpc.aio

from bench import manifests
from bench.programs import Load, Watching, finished, processor_seconds
from bench.running import Server
from bench.saved import Row, spread
from bench.side_by_side import build
from bench.trust import Authority
from demo.programs import free_ports
from legation.model.resource_types import ADS_DELTA_METHOD, ADS_SERVICE

ENVOYS = 200
CLUSTERS = 100
ROUNDS = 20
CONNECTIONS = 3000
"""Of each attack that holds connections."""
_BEGUN = 3.0
"""Seconds that an attack has to begin."""
_METHOD = f"/{ADS_SERVICE}/{ADS_DELTA_METHOD}"

Attack: TypeAlias = Callable[[int, int], None]
"""Attacks the mutual and the other port until it is ended."""


def silent(port: int, _other: int) -> None:
    """Hold connections on which nothing is said, and open anew those that are closed."""
    held: list[socket.socket] = []
    while True:
        for _ in range(CONNECTIONS - len(held)):
            with contextlib.suppress(OSError):
                held.append(socket.create_connection(("127.0.0.1", port), timeout=1))
        for each in held:
            each.setblocking(False)  # noqa: FBT003 - the name says it
        held = [each for each in held if not _ended(each)]
        time.sleep(0.05)


def _ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True


def garbage(port: int, _other: int) -> None:
    """Speak no TLS, as often as can be."""
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as each:
            each.sendall(b"GET / HTTP/1.1\r\n\r\n")
            each.recv(1024)


def handshakes(port: int, _other: int) -> None:
    """Begin TLS without a certificate, as often as can be."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1) as each,
            context.wrap_socket(each) as secure,
        ):
            secure.recv(1)


def streams(_port: int, other: int) -> None:
    """Open streams and ask nothing, as many as can be."""
    asyncio.run(_streams(other))


async def _streams(port: int) -> None:
    authority = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))
    trusting = grpc.ssl_channel_credentials(_trusted or authority.encode())
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", "localhost"))
    async with AsyncExitStack() as stack:
        opened: list[Any] = [
            await stack.enter_async_context(grpc.aio.secure_channel(f"127.0.0.1:{port}", trusting, options=options))
            for _ in range(10)
        ]
        while True:
            calls = [each.stream_stream(_METHOD)() for each in opened for _ in range(100)]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    # It is hung up on, and begins anew.
                    await asyncio.gather(*(each.wait_for_connection() for each in calls), return_exceptions=True)


_trusted = b""
ATTACKS: dict[str, Attack] = {
    f"{CONNECTIONS:,} silent connections": silent,
    "plaintext to the TLS port, without end": garbage,
    "handshakes without a certificate, without end": handshakes,
    "streams without requests, without end": streams,
}


@contextmanager
def attacking(attack: Attack, port: int, other: int, authority: bytes) -> Iterator[None]:
    """Attack meanwhile."""
    global _trusted  # noqa: PLW0603 - the process that is forked finds it there
    _trusted = authority
    process = multiprocessing.get_context("fork").Process(target=attack, args=(port, other), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


async def rows(programs: Path, folder: Path, *, rounds: int = ROUNDS, envoys: int = ENVOYS) -> AsyncIterator[Row]:
    """Measure without an attack, and beside each."""
    authority = Authority(folder, envoys=envoys)
    files = folder / "manifests"
    manifests.write(files, clusters=CLUSTERS, listeners=0, endpoints=False)
    (other,) = free_ports(1)
    flags = (*authority.of_server, "--xds-token-port", str(other), "--handshake-timeout", "5")
    with Server(files, *flags, folder=folder) as running:
        await running.ready()
        server = Watching(running, files)
        said = (f"-address={server.address}", f"-clients={envoys}", f"-clusters={CLUSTERS}", *authority.of_clients)
        async with Load.started(programs / "load", *said, log=folder / "load.log") as load:
            await load.seen()
            await finished(server.pid)
            yield Row(what="alone", measured=spread([each async for each in _pushes(server, load, "alone", rounds)]))
            for number, (name, attack) in enumerate(ATTACKS.items()):
                with attacking(attack, running.xds, other, authority.file.read_bytes()):
                    await asyncio.sleep(_BEGUN)
                    before, begun = processor_seconds(server.pid), time.time()
                    took = [each async for each in _pushes(server, load, str(number), rounds)]
                    busy = (processor_seconds(server.pid) - before) / (time.time() - begun)
                yield Row(what=f"beside {name}", measured=spread(took))
                yield Row(what="  processor, memory", measured=f"{busy:.2f} cores, {running.memory():.0f} MiB")
        lines = len((folder / "legation.log").read_bytes().splitlines())
        yield Row(what=f"lines of the log, {envoys} of each coming and going among them", measured=f"{lines:,}")


async def _pushes(server: Watching, load: Load, name: str, rounds: int) -> AsyncIterator[float]:
    for number in range(rounds):
        mark = f"mark-{name}-{number:03}-of-a-siege"
        load.tell(mark)
        await load.seen()
        began = time.time()
        server.change("Cluster", manifests.name_of((number * 379 + 17) % CLUSTERS), mark)
        yield (await load.seen()).last - began
        await asyncio.sleep(0.1)


async def measure(folder: Path) -> None:
    """Build, measure and show each as soon as it is known."""
    programs = folder / "programs"
    programs.mkdir()
    await asyncio.to_thread(build, programs)
    async for row in rows(programs, folder):
        print(f"{row.what:<85}{row.measured:>22}{row.target:>12}", flush=True)
