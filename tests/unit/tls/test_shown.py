"""What connections show: another certificate from one to the next, and never one that cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator

import pytest

from legation.pki import certificates
from legation.pki.certificates import Pair
from legation.tls.shown import ShownCertificate

NAME = "hook.home.svc"


class Authority:
    """Signs, and is trusted by who connects."""

    def __init__(self) -> None:
        self._pair = certificates.authority(now=time.time(), seconds=3600)

    def issue(self, *names: str) -> Pair:
        return certificates.issue(self._pair, names=names or (NAME,), now=time.time(), seconds=3600)

    async def trusts(self, port: int, *, name: str = NAME) -> bool:
        """Say whether who trusts it alone gets an answer."""
        context = ssl.create_default_context(cadata=self._pair.certificate.decode())
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        except (ssl.SSLError, ConnectionError):
            return False
        writer.write(b"a")
        answer = await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return answer == b"a"


@contextlib.asynccontextmanager
async def serving(shown: ShownCertificate) -> AsyncIterator[int]:
    """Give the port of a server that repeats a letter."""
    others = asyncio.all_tasks()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=shown.context)
    async with server:
        yield server.sockets[0].getsockname()[1]
    # Answers, and handshakes that came to nothing: what is open when the event loop ends is blamed on a later test.
    await asyncio.gather(*(asyncio.all_tasks() - others), return_exceptions=True)


async def test_while_there_is_none_no_connection_comes_about() -> None:
    shown = ShownCertificate()
    async with serving(shown) as port:
        assert not shown.ready
        assert not await Authority().trusts(port)


async def test_another_one_is_shown_from_the_next_connection_on() -> None:
    shown, one, other = ShownCertificate(), Authority(), Authority()
    async with serving(shown) as port:
        for shows, lacks in ((one, other), (other, one)):
            pair = shows.issue()
            shown.show(pair.certificate, pair.key)
            assert shown.ready
            assert await shows.trusts(port)
            assert not await lacks.trusts(port)


async def test_who_says_no_name_is_shown_it_too() -> None:
    """Go says none to an address."""
    shown, authority = ShownCertificate(), Authority()
    pair = authority.issue("127.0.0.1")
    shown.show(pair.certificate, pair.key)
    async with serving(shown) as port:
        assert await authority.trusts(port, name="127.0.0.1")


@pytest.mark.parametrize("what", ["key", "no-key", "no-certificate"])
async def test_what_cannot_be_used_leaves_the_one_before_in_place(what: str) -> None:
    shown, authority = ShownCertificate(), Authority()
    good, other = authority.issue(), authority.issue()
    shown.show(good.certificate, good.key)
    pairs = {"key": (other.certificate, good.key), "no-key": (other.certificate, b""), "no-certificate": (b"", b"")}
    with pytest.raises(ValueError, match="cannot be used together") as refused:
        shown.show(*pairs[what])
    assert "PRIVATE" not in str(refused.value)
    async with serving(shown) as port:
        assert await authority.trusts(port)


async def test_old_versions_of_tls_are_refused() -> None:
    shown, authority = ShownCertificate(), Authority()
    pair = authority.issue()
    shown.show(pair.certificate, pair.key)
    assert shown.context.minimum_version is ssl.TLSVersion.TLSv1_2
