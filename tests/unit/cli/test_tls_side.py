"""TLS of a server, joined of its settings."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from legation.cli import server_parts
from legation.cli.tls_side import TlsSide
from legation.errors import SettingsError
from legation.model.problems import Level, Problem
from legation.pki import certificates
from legation.pki.certificates import Usage
from legation.settings import Identity, Settings, Tls
from legation.testing import ManualClock
from legation.tls.shown import Ask, PortTls
from tests.kubelet import mount
from tests.unit.tls.signing import HOUR, NAME, Authority

PATIENCE = 20.0


class World:
    """A folder as of cert-manager, and a file with the authorities of Envoys."""

    def __init__(self, root: Path) -> None:
        self.own, self.envoys = Authority(), Authority()
        self.folder, self.client_ca = root / "tls", root / "envoys.crt"
        self.clock = ManualClock()
        self.faults: list[Exception] = []
        self.settings = Tls(tls=self.folder, client_ca=self.client_ca)

    def mount(self, **changed: bytes) -> None:
        pair = self.own.server()
        files = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": self.own.pem}
        mount(self.folder, {**files, **{name.replace("_", "."): content for name, content in changed.items()}})

    def side(self, *, tokens: bool = False, **changed: Any) -> TlsSide:
        settings = dataclasses.replace(self.settings, **changed)
        return TlsSide(settings, tokens=tokens, fault=self.faults.append, clock=self.clock)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def until_told(world: World, condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await world.clock.advance(5)


async def following(side: TlsSide) -> asyncio.Task[None]:
    return asyncio.create_task(side.run())


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def trusted(port: PortTls) -> bytes | None:
    material = port.shown.material
    return None if material is None else material.authorities


async def test_what_is_in_the_files_is_shown_and_trusted_and_followed(world: World) -> None:
    world.mount()
    world.client_ca.write_bytes(world.envoys.pem)
    side = world.side()
    xds, replicas, plain = side.xds, side.replicas, side.plain
    task = await following(side)
    try:
        await until_told(world, lambda: xds.shown.ready and replicas.shown.ready)
        assert (trusted(xds), trusted(replicas), trusted(plain)) == (world.envoys.pem, world.own.pem, None)
        assert side.own_names() == (NAME,)
        assert side.problems() == ()
        both = world.envoys.pem + Authority().pem
        world.client_ca.write_bytes(both)
        world.mount()
        before = plain.shown.material
        await until_told(world, lambda: trusted(xds) == both and plain.shown.material is not before)
        assert set(side.ends()) == {"server", "client-ca", "replica-ca"}
    finally:
        await ended(task)
    assert world.faults == []


async def test_a_file_that_is_named_for_several_ends_for_each_of_them(world: World) -> None:
    world.mount()
    own = world.folder / "ca.crt"
    side = world.side(client_ca=own, management_client_ca=own)
    ports = side.xds, side.replicas, side.management
    task = await following(side)
    try:
        await until_told(world, lambda: all(each.shown.ready for each in ports))
        ends = side.ends()
        assert set(ends) == {"server", "client-ca", "management-client-ca", "replica-ca"}
        assert ends["client-ca"] == ends["management-client-ca"] == ends["replica-ca"]
    finally:
        await ended(task)


@pytest.mark.parametrize("content", [b"", b"\n", b"nothing", None])
async def test_without_authorities_a_port_that_needs_them_does_not_open(world: World, content: bytes | None) -> None:
    world.mount()
    if content is not None:
        world.client_ca.write_bytes(content)
    side = world.side()
    xds, plain = side.xds, side.plain
    task = await following(side)
    try:
        await until_told(world, lambda: side.problems() and plain.shown.ready)
        (problem,) = side.problems()
        assert (problem.code, problem.level) == ("tls", Level.ERROR)
        assert "until then nobody can connect" in problem.message
        assert not xds.shown.ready
        assert side.missing == ("it is not known whose certificates to trust, as the log and `legation problems` tell",)
        world.client_ca.write_bytes(world.envoys.pem)
        await until_told(world, lambda: xds.shown.ready)
        assert not side.problems()
        assert not side.missing
    finally:
        await ended(task)


async def test_without_authorities_of_replicas_it_is_told_that_it_is_about_them_alone(world: World) -> None:
    world.mount()
    (world.folder / "ca.crt").unlink()
    world.client_ca.write_bytes(world.envoys.pem)
    side = world.side()
    xds, replicas = side.xds, side.replicas
    task = await following(side)
    try:
        await until_told(world, lambda: side.problems() and xds.shown.ready)
        (problem,) = side.problems()
        assert (problem.level, side.missing, replicas.shown.ready) == (Level.WARNING, (), False)
        assert problem.message.endswith(
            "ca.crt cannot be read: no such file or directory; until then replicas do not know each other"
        )
        assert (
            problem.mend
            == "put the certificates of those there who sign the certificate that the other replicas show, in PEM"
        )
    finally:
        await ended(task)


_expired = Authority(seconds=10 * HOUR).server(now=time.time() - 2 * HOUR)
BROKEN = {
    "other key": {"tls_key": Authority().server().key},
    "half a key": {"tls_key": b"-----BEGIN PRIVATE KEY-----\nabcd\n"},
    "expired": {"tls_crt": _expired.certificate, "tls_key": _expired.key},
    "empty": {"tls_crt": b""},
}


@pytest.mark.parametrize("what", [*BROKEN, "removed"])
async def test_what_breaks_later_leaves_what_was_there_and_is_told_until_it_is_mended(world: World, what: str) -> None:
    world.mount()
    world.client_ca.write_bytes(world.envoys.pem)
    side = world.side()
    xds = side.xds
    task = await following(side)
    try:
        await until_told(world, lambda: xds.shown.ready)
        before = xds.shown.material
        if what == "removed":
            mount(world.folder, {})
            world.client_ca.unlink()
        else:
            world.mount(**BROKEN[what])
        await until_told(world, side.problems)
        for each in side.problems():
            assert (each.code, each.level) == ("tls", Level.WARNING)
            assert "what was there before goes on" in each.message
            assert "BEGIN" not in str(each)
        assert xds.shown.material is before
        world.mount()
        world.client_ca.write_bytes(world.envoys.pem)
        await until_told(world, lambda: not side.problems() and xds.shown.material is not before)
    finally:
        await ended(task)


@pytest.mark.parametrize(
    ("names", "usage", "told"),
    [
        ((NAME,), Usage.BOTH, ""),
        ((NAME,), Usage.SERVER, "names servers alone"),
        (("spiffe://home/ns/a/sa/b",), Usage.BOTH, "no DNS name"),
    ],
)
def test_a_certificate_that_replicas_cannot_use_is_told_where_there_are_some(
    world: World, names: tuple[str, ...], usage: Usage, told: str
) -> None:
    side, alone = world.side(client_ca=None), world.side(client_ca=None)
    assert side.replicas.ask is Ask.REQUIRED
    pair = certificates.issue(world.own.pair, names=names, now=time.time(), seconds=HOUR, usage=usage)
    for each in (side, alone):
        each.ports.trust(world.folder / "ca.crt", world.own.pem)
        each.ports.show(world.own.material(pair=pair))
    assert alone.problems() == ()
    assert [told in each.message for each in side.problems()] == ([True] if told else [])


def test_what_is_missing_is_told_to_everybody_without_saying_where(world: World) -> None:
    side = world.side()
    (words,) = side.missing
    assert words.startswith("there is no certificate that could be shown")
    assert str(world.folder) not in words


def test_who_has_to_show_a_certificate(world: World) -> None:
    side, with_tokens, without = world.side(), world.side(tokens=True), world.side(client_ca=None)
    assert (side.xds.ask, side.rest.ask) == (Ask.REQUIRED, Ask.REQUIRED)
    assert (with_tokens.xds.ask, with_tokens.rest.ask) == (Ask.REQUIRED, Ask.OPTIONAL)
    assert (without.xds.ask, without.rest.ask) == (Ask.NOTHING, Ask.NOTHING)
    assert (side.replicas.ask, side.management.ask) == (Ask.REQUIRED, Ask.NOTHING)
    managed = world.side(management_client_ca=world.client_ca)
    assert managed.management.ask is Ask.REQUIRED
    assert managed.management_http(tokens=True).ask is Ask.OPTIONAL
    assert managed.management_http(tokens=False).ask is Ask.REQUIRED


async def test_a_keeper_that_fails_is_begun_anew_and_what_it_says_is_told(world: World) -> None:
    class Keeper:
        begun = 0

        def problems(self) -> tuple[Problem, ...]:
            return (Problem(code="tls", message="nobody keeps it"),)

        async def run(self) -> None:
            self.begun += 1
            raise RuntimeError("a bug")

    side = world.side(tls=None, tls_secret="legation-tls", client_ca=None)
    side.keeper = keeper = Keeper()
    task = await following(side)
    try:
        await until_told(world, lambda: keeper.begun > 2)
    finally:
        await ended(task)
    assert len(world.faults) >= 2
    assert side.problems() == keeper.problems()


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (Tls(tls=Path("a"), tls_secret="b"), "--tls-secret"),
        (Tls(client_ca=Path("a")), "--client-ca"),
        (Tls(management_client_ca=Path("a")), "--management-client-ca"),
        (Tls(tls_replica_ca=Path("a")), "--tls-replica-ca"),
        (Tls(xds_token_port=0), "--xds-token-port"),
        (Tls(xds_plain_port=0), "--xds-plain-port"),
        (Tls(tls_health=True), "--tls-health"),
        (Tls(tls=Path("a"), xds_plain_port=0), "--xds-plain-port"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(found: Tls, names: str) -> None:
    with pytest.raises(SettingsError) as refused:
        server_parts.tls(Settings(tls=found))
    assert str(refused.value).startswith(names)


def test_without_tls_there_is_none_and_a_plain_port_beside_it_needs_that_envoys_are_only_reported() -> None:
    assert server_parts.tls(Settings()) is None
    both = Settings(tls=Tls(tls=Path("a"), xds_plain_port=0), identity=Identity(identity_check="report"))
    assert server_parts.tls(both) is not None


async def test_a_port_that_is_asked_for_while_it_runs_is_followed_too(world: World) -> None:
    world.mount()
    side = world.side(client_ca=None, management_client_ca=world.client_ca)
    task = await following(side)
    try:
        await until_told(world, lambda: side.ports.ready)
        world.client_ca.write_bytes(world.envoys.pem)
        late = side.management
        await until_told(world, lambda: late.shown.ready)
        assert trusted(late) == world.envoys.pem
        again = Authority().pem
        world.client_ca.write_bytes(again)
        await until_told(world, lambda: trusted(late) == again)
    finally:
        await ended(task)
    assert world.faults == []


async def test_it_tells_of_handshakes_that_come_to_nothing(world: World) -> None:
    world.mount()
    world.client_ca.write_bytes(world.envoys.pem)
    side = world.side()
    handshakes = side.xds.handshakes
    assert handshakes is side.xds.handshakes
    assert side.rest.handshakes is not handshakes
    task = await following(side)
    try:
        for _ in range(40):
            handshakes.begin(now=world.clock.now())
        with capture_logs() as logs:
            await until_told(world, lambda: any(each["event"] == "tls handshakes fail" for each in logs))
        (problem,) = (each for each in side.problems() if each.code == "tls-handshakes")
        assert "--xds-port" in problem.message
        assert "--client-ca" in problem.message
        assert side.handshakes.counts()["xds"] == (40, 0)
    finally:
        await ended(task)
