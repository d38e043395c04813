"""A certificate out of a Secret of Kubernetes: renewed, broken, renewed again, before the eyes of TLS clients."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from functools import partial

from cryptography import x509

from tests.cluster import manifests
from tests.cluster.pairs import Pair, pair
from tests.cluster.stage import Proxy, Stage
from tests.envoy.world import GRACES

PAUSE = 0.01
"""Seconds between two clients."""


class Clients:
    """TLS clients, one after the other, and what they saw."""

    def __init__(self, port: int) -> None:
        self.serial = 0
        """Of the certificate that the last one was shown."""
        self.served = 0
        self.failures: list[str] = []
        self._port = port
        # Whose certificate it is matters here, not who vouches for it.
        self._context = ssl.create_default_context()
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    async def work(self) -> None:
        """Have one come after the other until cancelled."""
        while True:
            try:
                await self._come()
            except (OSError, EOFError) as error:
                self.failures.append(str(error))
            await asyncio.sleep(PAUSE)

    async def _come(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._context)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.write(b"GET / HTTP/1.1\r\nhost: edge.example\r\nconnection: close\r\n\r\n")
            answer = await reader.read()
            if not answer.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(answer[:80].decode())
            self.serial = x509.load_der_x509_certificate(shown).serial_number
            self.served += 1
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def shaking_hands(edge: Proxy, listener: str) -> AsyncIterator[Clients]:
    """Have clients come to a listener until the block ends; none may fail."""
    clients = Clients(await edge.until(partial(edge.envoy.listener_port, listener), listener))
    task = asyncio.create_task(clients.work())
    try:
        yield clients
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert clients.served
    assert not clients.failures, clients.failures


async def shown(edge: Proxy, clients: Clients, expected: Pair) -> None:
    """Wait until clients are shown that certificate."""

    async def right() -> bool:
        return clients.serial == expected.serial

    await edge.until(right, "the certificate")


async def more(edge: Proxy, clients: Clients, count: int = 20) -> None:
    """Wait until so many more clients were served."""
    goal = clients.served + count

    async def served() -> bool:
        return clients.served >= goal

    await edge.until(served, f"{count} more clients")


async def test_a_renewed_certificate_is_shown_and_a_broken_one_is_not(stage: Stage) -> None:
    """The key that does not fit is told, without a byte of it anywhere that legation or Envoy writes or shows."""
    namespace = stage.namespace
    first, second, third = pair(), pair(), pair()
    await stage.serve("--secrets", "--secret-namespaces", namespace, *stage.secured(), *GRACES)
    await stage.shop("web")
    stage.apply(
        manifests.tls_secret(namespace, "cert", first.certificate, first.key),
        manifests.listener(namespace, "secure", certificate=f"{namespace}/cert"),
    )
    edge = await stage.envoy(variant="sotw")
    await edge.serves()
    async with edge.load() as load, shaking_hands(edge, "secure") as clients:
        await shown(edge, clients, first)
        stage.apply(manifests.tls_secret(namespace, "cert", second.certificate, second.key))
        await shown(edge, clients, second)

        stage.apply(manifests.tls_secret(namespace, "cert", third.certificate, second.key))
        told = await stage.replica.problem(f"tls.key of Secret {namespace}/cert", "does not fit")
        assert told in await stage.replica.said("problems")
        await more(edge, clients)
        assert clients.serial == second.serial

        stage.apply(manifests.tls_secret(namespace, "cert", third.certificate, third.key))
        await shown(edge, clients, third)
        await stage.replica.no_problem(namespace)
        await edge.more_answers(load)
        dumps = [
            await edge.envoy.ask("/config_dump?include_eds"),
            *[await stage.replica.page(page) for page in ("/problems", "/proxies")],
            *[await stage.replica.said(command) for command in ("problems", "proxies")],
            await stage.replica.metrics(),
        ]
    assert _middle(third.certificate) in dumps[0]  # so would a key be found
    files = [each for each in stage.folder.rglob("*") if each.is_file()]
    assert stage.replica.log in files
    for needle in (needle for each in (first, second, third) for needle in _parts_of(each.key)):
        assert not [dump[:40] for dump in dumps if needle in dump]
        assert not [file for file in files if needle.encode() in file.read_bytes()]


def _parts_of(key: bytes) -> Iterator[str]:
    """Yield what would betray the key: its PEM lines, and what Secrets and Envoy's JSON make of them."""
    yield from key.decode().splitlines()[1:-1]
    yield _middle(key)


def _middle(text: bytes) -> str:
    return base64.b64encode(text).decode()[80:120]
