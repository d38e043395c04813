"""Certificates and authorities of a folder are replaced a hundred times, while who has older ones is served."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pytest

from legation.cli.tls_side import TlsSide
from legation.pki import certificates
from legation.pki.ledger import Entry, Ledger
from legation.pki.place import Place
from legation.pki.swapped import Swapping
from legation.settings import Tls
from legation.testing import ManualClock

pytestmark = pytest.mark.timeout(240)

ROTATIONS = 100
STEP = 2.0
"""Seconds by which the clock of the PKI runs ahead at each of them; all together less than clocks may differ by."""
AHEAD = 60.0
NODE = "spiffe://legation/node/web-1"


@dataclass(frozen=True)
class Envoy:
    """What an Envoy has read of its folder: a bundle, and a certificate with its key."""

    bundle: str
    pair: Path

    @classmethod
    def read(cls, folder: Path, copies: Path, number: int) -> Envoy:
        pair = copies / f"{number}.pem"
        pair.write_bytes((folder / "tls.crt").read_bytes() + (folder / "tls.key").read_bytes())
        return cls((folder / "ca.crt").read_text(), pair)

    async def connects(self, port: int) -> str:
        """Connect, and return what the server knows it by."""
        context = ssl.create_default_context(cadata=self.bundle)
        context.load_cert_chain(self.pair)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="cp.example")
        try:
            return (await reader.read()).decode()
        finally:
            writer.close()


async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    shown = writer.get_extra_info("peercert")
    writer.write(dict(shown["subjectAltName"])["URI"].encode())
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def followed(side: TlsSide, folder: Path, clock: ManualClock) -> None:
    """Let time pass until the server shows, and trusts, what is in the folder."""

    def follows() -> bool:
        material, trusted = side.ports.material, side.ports._authorities.get(folder / "ca.crt")
        return (
            material is not None
            and trusted is not None
            and material.certificate == (folder / "server" / "tls.crt").read_bytes()
            and trusted.pem == (folder / "ca.crt").read_bytes()
        )

    while not follows():
        await clock.advance(5.0)
        # Threads have no manual clock.
        await asyncio.sleep(0.001)


async def test_a_hundred_rotations_of_all_that_there_is(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    ahead = AHEAD

    def now() -> float:
        return time.time() + ahead

    folder = tmp_path / "pki"
    place = Place(folder, now=now, swapping=Swapping(lasting=False))
    begun = Ledger(
        trust_domain="legation", authority_life=3_600.0, trusted_before=1.0, server_life=9.0, client_life=9.0
    )
    place.begin(begun, names=("cp.example",))
    client = folder / "clients" / "web"
    place.issue(Entry(name="web", names=(NODE,), role="client", folder="clients/web", life=9.0))

    clock = ManualClock()
    faults: list[Exception] = []
    side = TlsSide(
        Tls(tls=folder / "server", client_ca=folder / "ca.crt"), tokens=False, fault=faults.append, clock=clock, now=now
    )
    context = side.xds.context
    authorities: set[bytes] = set()
    shown: set[bytes] = set()
    envoys: deque[Envoy] = deque(maxlen=2)

    server = None
    following = asyncio.create_task(side.run())
    try:
        await followed(side, folder, clock)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        for number in range(ROTATIONS):
            envoys.append(Envoy.read(client, copies, number))
            ahead += STEP
            looked = await asyncio.to_thread(place.look, anew=True, authority=True)
            assert looked.failed == []
            newest = Envoy.read(client, copies, number + 1)
            # The server has not seen it yet; Envoys are as late, or have.
            for each in (*envoys, newest):
                assert await each.connects(port) == NODE
            await followed(side, folder, clock)
            # Now it has, and there are Envoys that have not.
            for each in (envoys[-1], newest):
                assert await each.connects(port) == NODE
            authorities.add(place.read().authorities[0].certificate)
            shown.add((client / "tls.crt").read_bytes())
    finally:
        if server is not None:
            server.close()
            await server.wait_closed()
        following.cancel()
        await asyncio.wait([following])
    assert faults == []
    assert len(authorities) == len(shown) == ROTATIONS
    # Those of long ago are trusted by nobody any more.
    assert (folder / "ca.crt").read_bytes().count(b"BEGIN CERTIFICATE") < 9
    assert certificates.seen((folder / "server" / "tls.crt").read_bytes()).names == {"cp.example"}
