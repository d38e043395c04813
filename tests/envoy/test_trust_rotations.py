"""Certificates, tokens and their authorities are replaced a hundred times under load, and nobody feels it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from legation.control_plane import ControlPlane
from legation.pki.certificates import Pair
from legation.protocol.policy import Policy
from legation.runtime.admission import Rules
from legation.runtime.identity_rules import Identity
from legation.sources.directory import DirectorySource
from legation.tls.material import Material
from legation.tls.shown import Ask, Shown
from legation.transports.grpc_server import GrpcTransport
from tests.envoy.tokens import Issuer
from tests.envoy.trusted import NODE, Trusted, bundle, client_pair, connections, new_authority, serial_of, server_pair
from tests.envoy.world import GRACES, World

pytestmark = pytest.mark.timeout(600)
"""A hundred handshakes of both sides, beside a load."""

ROUNDS = 100
ROLLOVER = 10
"""In each so many rounds both authorities are replaced, the old ones beside the new ones for a while."""


class AtOnce(Trusted):
    """A server in this process, which shows what it is told to at once: files are looked at every few seconds."""

    def __init__(self, world: World) -> None:
        self.shown = Shown()
        self._pair: Pair | None = None
        self._authorities = b""
        super().__init__(world)

    def show(self, pair: Pair) -> None:
        self._pair = pair
        self._tell()

    def trust(self, *authorities: Pair) -> None:
        self._authorities = bundle(authorities)
        self._tell()

    def _tell(self) -> None:
        if self._pair is not None and self._authorities:
            pair = self._pair
            self.shown.show(Material(certificate=pair.certificate, key=pair.key, authorities=self._authorities))

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[ControlPlane]:
        """Serve, as long as the block lasts."""
        transport = GrpcTransport(
            port=self.world.xds,
            policy=Policy(removal_grace=1.0, drain_grace=3.0),
            shutdown_grace=0.5,
            tls=self.shown.port(Ask.REQUIRED),
        )
        source = DirectorySource(self.world.manifests)
        rules = Rules(check_peer=False, identity=Identity())
        async with ControlPlane([source], transports=[transport], rules=rules) as plane:
            yield plane


async def test_a_hundred_rotations_break_no_stream_and_no_request(world: World) -> None:
    trusted = AtOnce(world)
    async with trusted.serving() as plane:
        await trusted.launch("certificate")
        await trusted.served()
        async with world.load() as load:
            for each in range(ROUNDS):
                await (_roll_over if each % ROLLOVER == ROLLOVER - 1 else _rotate)(trusted)
                # Meanwhile the stream is used.
                if each % ROLLOVER == 0:
                    _send_all_to(world, "blue" if each % (2 * ROLLOVER) else "green")
                    await world.shares(load, **_all("blue" if each % (2 * ROLLOVER) else "green"))
            assert await connections(world) == 1
            assert plane.problems() == ()
    # Whoever is let in has followed all of it: what was trusted and shown at first is worth nothing any more.
    assert await _is_turned_away(trusted, trusted.first)
    async with trusted.serving(), world.load() as load:
        _send_all_to(world, "blue")
        await world.shares(load, **_all("blue"))


async def test_files_are_followed_by_both_sides(world: World) -> None:
    """The server looks every few seconds; nobody waits for the other."""
    trusted = Trusted(world)
    await world.serve(*trusted.mutual, *GRACES)
    await trusted.launch("certificate")
    await trusted.served()
    async with world.load() as load:
        await _rotate(trusted)
        await _roll_over(trusted)
        _send_all_to(world, "green")
        await world.shares(load, **_all("green"))
        assert await connections(world) == 1
        await world.kill_serving()
        await world.serve(*trusted.mutual, *GRACES)
        _send_all_to(world, "blue")
        await world.shares(load, **_all("blue"))
    await world.no_problems()


async def test_a_stream_outlives_the_token_that_it_began_with_and_the_next_has_the_newest(world: World) -> None:
    trusted = Trusted(world)
    await world.serve(*trusted.by_token, *GRACES)
    await trusted.launch("token")
    await trusted.served()
    async with world.load() as load:
        for serial in range(ROUNDS):
            trusted.give(token=trusted.issuer.token(NODE, serial=serial))
        _send_all_to(world, "green")
        await world.shares(load, **_all("green"))
        assert await connections(world) == 1
        await world.kill_serving()
        # The key by which the first one was signed is none any more.
        trusted.issuer = Issuer()
        trusted.give(token=trusted.issuer.token(NODE))
        await world.serve(*trusted.by_token, *GRACES)
        _send_all_to(world, "blue")
        await world.shares(load, **_all("blue"))


async def _rotate(trusted: Trusted) -> None:
    """Replace what both sides show."""
    own = client_pair(trusted.clients)
    trusted.give(pair=own)
    await _shown(trusted, server_pair(trusted.servers), own)


async def _roll_over(trusted: Trusted) -> None:
    """Replace both authorities: each is trusted before it signs, the old one until what it signed is not shown."""
    servers, clients = trusted.servers, trusted.clients
    trusted.servers, trusted.clients = new_authority(), new_authority()
    before, own = client_pair(clients), client_pair(trusted.clients)
    trusted.give(ca=[servers, trusted.servers])
    await _shown(trusted, server_pair(trusted.servers), before)
    trusted.trust(clients, trusted.clients)
    await _until(trusted, lambda: _is_let_in(trusted, own), "trust in the new authority")
    trusted.give(pair=own, ca=[trusted.servers])
    trusted.trust(trusted.clients)
    await _until(trusted, lambda: _is_turned_away(trusted, before), "an end of trust in the old authority")


async def _shown(trusted: Trusted, pair: Pair, own: Pair) -> None:
    """Have the server show a certificate, and wait until it does."""
    trusted.show(pair)
    serial = serial_of(pair)

    async def shown() -> bool:
        # Until then it may show one of another authority.
        with contextlib.suppress(OSError):
            return await trusted.serial(ca=trusted.servers, pair=own) == serial
        return False

    await _until(trusted, shown, "the new certificate of the server")


async def _is_let_in(trusted: Trusted, own: Pair) -> bool:
    try:
        await trusted.serial(ca=trusted.servers, pair=own)
    except OSError:
        return False
    return True


async def _is_turned_away(trusted: Trusted, own: Pair) -> bool:
    return not await _is_let_in(trusted, own)


async def _until(trusted: Trusted, look: Callable[[], Awaitable[bool]], what: str) -> None:
    await trusted.world.until(look, what)


def _send_all_to(world: World, colour: str) -> None:
    blue, green = (100 * part for part in (colour == "blue", colour == "green"))
    world.edit("route.yaml", r"weight: \d+", f"weight: {blue}", f"weight: {green}")


def _all(colour: str) -> dict[str, float]:
    return {each: float(each == colour) for each in ("blue", "green")}
