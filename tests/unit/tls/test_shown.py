"""What connections show: another certificate from one to the next, and never one that cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import socket
import ssl
import time
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.pki import certificates
from legation.tls.material import Material, Unusable
from legation.tls.shown import Ask, Shown
from tests.unit.tls.signing import HOUR, NAME, Authority, trusting, under

PATIENCE = 20.0


@contextlib.asynccontextmanager
async def serving(shown: Shown, *, ask: Ask = Ask.NOTHING) -> AsyncIterator[int]:
    """Give the port of a server that repeats a letter."""
    others = asyncio.all_tasks()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=shown.port(ask).context)
    async with server:
        yield server.sockets[0].getsockname()[1]
    # Answers, and handshakes that came to nothing: what is open when the event loop ends is blamed on a later test.
    await asyncio.gather(*(asyncio.all_tasks() - others), return_exceptions=True)


async def answered(port: int, context: ssl.SSLContext, *, name: str = NAME) -> bool:
    """Say whether who connects so gets an answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    except (ssl.SSLError, ConnectionError):
        return False
    try:
        writer.write(b"a")
        # With TLS 1.3 a client hears only now that it was refused.
        return await reader.read() == b"a"
    except (ssl.SSLError, ConnectionError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_while_there_is_none_no_connection_comes_about() -> None:
    shown = Shown()
    async with serving(shown) as port:
        assert not shown.ready
        assert not await answered(port, trusting(Authority()))


async def test_another_one_is_shown_from_the_next_connection_on() -> None:
    shown, one, other = Shown(), Authority(), Authority()
    async with serving(shown) as port:
        for shows, lacks in ((one, other), (other, one)):
            shown.show(shows.material())
            assert shown.ready
            assert await answered(port, trusting(shows))
            assert not await answered(port, trusting(lacks))


async def test_who_says_no_name_is_shown_it_too() -> None:
    """Go says none to an address."""
    shown, authority = Shown(), Authority()
    shown.show(authority.material())
    async with serving(shown) as port:
        assert await answered(port, trusting(authority), name="127.0.0.1")


@pytest.mark.parametrize("what", ["key", "no-key", "no-certificate"])
async def test_what_cannot_be_used_leaves_the_one_before_in_place(what: str) -> None:
    shown, authority = Shown(), Authority()
    good, other = authority.server(), authority.server()
    shown.show(authority.material(pair=good))
    pairs = {"key": (other.certificate, good.key), "no-key": (other.certificate, b""), "no-certificate": (b"", b"")}
    certificate, key = pairs[what]
    async with serving(shown) as port:
        with pytest.raises(ValueError, match=r"belongs to another|cannot be read|file is empty") as refused:
            shown.show(Material(certificate=certificate, key=key))
        assert "PRIVATE" not in str(refused.value)
        assert await answered(port, trusting(authority))


@pytest.mark.parametrize(("minimum", "speaks"), [("TLSv1_2", "TLSv1_1"), ("TLSv1_3", "TLSv1_2")])
async def test_old_versions_of_tls_are_refused(minimum: str, speaks: str) -> None:
    shown, authority = Shown(minimum=ssl.TLSVersion[minimum]), Authority()
    shown.show(authority.material())
    old, new = trusting(authority), trusting(authority)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion[speaks]
    # Else this client would refuse itself to speak such an old one.
    old.set_ciphers("ALL:@SECLEVEL=0")
    new.maximum_version = ssl.TLSVersion[minimum]
    async with serving(shown) as port:
        assert not await answered(port, old)
        assert await answered(port, new)


@pytest.mark.parametrize(
    ("ask", "without", "with_good", "with_bad"),
    [
        (Ask.NOTHING, True, True, True),
        (Ask.OPTIONAL, True, True, False),
        (Ask.REQUIRED, False, True, False),
    ],
)
async def test_a_client_shows_what_the_port_asks_for(
    tmp_path: Path, ask: Ask, *, without: bool, with_good: bool, with_bad: bool
) -> None:
    shown, own, good, bad = Shown(), Authority(), Authority(), Authority()
    async with serving(shown, ask=ask) as port:
        shown.show(own.material(good))
        for expected, shows in (
            (without, None),
            (with_good, good.client("spiffe://home/node/edge")),
            (with_bad, bad.client("spiffe://home/node/edge")),
            # An honest authority, but the certificate is over, or none for clients.
            (with_bad, good.client("spiffe://home/node/edge", now=time.time() - 2 * HOUR)),
            (with_bad, certificates.issue(good.pair, names=[NAME], now=time.time(), seconds=HOUR)),
        ):
            assert await answered(port, trusting(own, shows=shows, folder=tmp_path)) is expected


async def test_old_and_new_authorities_are_trusted_as_long_as_both_are_there(tmp_path: Path) -> None:
    shown, own, old, new = Shown(), Authority(), Authority(), Authority()
    shows = {each: each.client("spiffe://home/node/edge") for each in (old, new)}
    async with serving(shown, ask=Ask.REQUIRED) as port:
        for trusted in ((old,), (old, new), (new,), (new, old)):
            shown.show(own.material(*trusted))
            for each, pair in shows.items():
                assert await answered(port, trusting(own, shows=pair, folder=tmp_path)) is (each in trusted)


async def test_without_authorities_a_port_that_asks_for_certificates_keeps_those_before(tmp_path: Path) -> None:
    shown, own, trusted = Shown(), Authority(), Authority()
    shows = trusting(own, shows=trusted.client("spiffe://home/node/edge"), folder=tmp_path)
    async with serving(shown, ask=Ask.REQUIRED) as port:
        with pytest.raises(Unusable, match="nobody says who signs them"):
            shown.show(own.material())
        assert not await answered(port, shows)
        shown.show(own.material(trusted))
        with pytest.raises(Unusable, match="nobody says who signs them"):
            shown.show(own.material())
        assert await answered(port, shows)
        assert not await answered(port, trusting(own))


async def test_an_authority_may_be_trusted_without_the_one_above_it(tmp_path: Path) -> None:
    shown, own, root = Shown(), Authority(), Authority()
    named, other = under(root), under(root)
    async with serving(shown, ask=Ask.REQUIRED) as port:
        shown.show(own.material(named))
        for each, expected in ((named, True), (other, False), (root, False)):
            shows = trusting(own, shows=each.client("spiffe://home/node/edge"), folder=tmp_path)
            assert await answered(port, shows) is expected


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_no_session_is_resumed(tmp_path: Path, version: str) -> None:
    """A certificate that ends, and an authority that is not trusted any more, are missed by the next connection."""
    shown, own, trusted = Shown(), Authority(), Authority()
    shown.show(own.material(trusted))
    context = trusting(own, shows=trusted.client("spiffe://home/node/edge"), folder=tmp_path)
    context.maximum_version = ssl.TLSVersion[version]

    def twice(port: int) -> bool | None:
        session: ssl.SSLSession | None = None
        reused: bool | None = None
        for _ in range(2):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw,
                context.wrap_socket(raw, server_hostname=NAME, session=session) as connection,
            ):
                connection.sendall(b"a")
                assert connection.recv(1) == b"a"
                session = connection.session
                reused = connection.session_reused
        return reused

    async with serving(shown, ask=Ask.REQUIRED) as port:
        assert await asyncio.to_thread(twice, port) is False


async def test_who_waits_for_something_to_show_is_told_from_any_thread() -> None:
    shown, authority = Shown(), Authority()
    waiting = asyncio.create_task(shown.wait_ready())
    await asyncio.sleep(0)
    assert not waiting.done()
    await asyncio.to_thread(shown.show, authority.material())
    async with asyncio.timeout(PATIENCE):
        await waiting
        await shown.wait_ready()


async def test_the_same_once_more_is_no_change() -> None:
    shown, authority = Shown(), Authority()
    material = authority.material()
    shown.show(material)
    shown.show(dataclasses.replace(material))
    assert shown.material is material
