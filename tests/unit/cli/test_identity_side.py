"""The rules of a server, and how their file is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from legation.cli.identity_side import IdentitySide, identity_side
from legation.errors import SettingsError
from legation.model.identity import CertificateProof, Proof
from legation.runtime.identity_rules import Identity, Nodes
from legation.settings import Identity as Found
from legation.settings import Settings
from legation.testing import ManualClock
from tests.unit.cli.looks import looks

EDGE = Proof(certificate=CertificateProof(dns=("edge.example.org",)))


def written(path: Path, node: str) -> Path:
    path.write_text(f"rules:\n- dns: edge.example.org\n  nodes: [{node}]\n")
    return path


class World:
    """The rules of a file, followed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = ManualClock()
        self.side = IdentitySide(file, report=False, clock=self.clock)
        self.told: list[Identity] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        following = asyncio.create_task(self.side.run(self.told.append))
        try:
            yield self
        finally:
            following.cancel()


async def test_other_rules_are_told_once_they_are_written(tmp_path: Path) -> None:
    async with World(written(tmp_path / "rules.yaml", "a")).running() as world:
        assert world.side.identity.rules.allowed(EDGE) == (Nodes(ids=("a",)),)
        await looks(world.clock)
        assert world.told == []
        written(world.file, "edge-2")
        await looks(world.clock, 1)
        # It may be half written yet.
        assert world.told == []
        await looks(world.clock, 1)
        assert [each.rules.allowed(EDGE) for each in world.told] == [(Nodes(ids=("edge-2",)),)]


@pytest.mark.parametrize("broken", ["rules: [", "rules: {}", None, b"\xff\xfe"])
async def test_a_broken_file_leaves_the_good_rules_and_says_so(tmp_path: Path, broken: str | bytes | None) -> None:
    async with World(written(tmp_path / "rules.yaml", "a")).running() as world:
        if broken is None:
            world.file.unlink()
        else:
            world.file.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
        await looks(world.clock)
        assert world.told == []
        assert world.side.identity.rules.allowed(EDGE) == (Nodes(ids=("a",)),)
        (problem,) = world.side.problems()
        assert problem.code == "identity-rules"
        assert str(world.file) in str(problem)
        written(world.file, "edge-3")
        await looks(world.clock)
        assert world.side.problems() == ()
        assert len(world.told) == 1


@pytest.mark.parametrize("broken", ["rules: [", "rules: {}", None, b"\xff\xfe"])
def test_a_file_that_is_broken_at_the_start_ends_it(tmp_path: Path, broken: str | bytes | None) -> None:
    file = tmp_path / "rules.yaml"
    if broken is not None:
        file.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(SettingsError, match="--identity-rules"):
        IdentitySide(file, report=False, clock=ManualClock())


def settings(*, rules: Path | None = None, authority: bool = False, check: str = "enforce") -> Settings:
    found = Settings(identity=Found(identity_rules=rules, identity_check=check))
    tls = replace(found.tls, client_ca=Path("ca.crt") if authority else None)
    return replace(found, tls=tls)


def test_nobody_has_to_prove_anything_where_nothing_can_be_shown(tmp_path: Path) -> None:
    assert identity_side(settings(), tokens=False, clock=ManualClock()) is None
    rules = written(tmp_path / "rules.yaml", "a")
    with pytest.raises(SettingsError, match="--client-ca"):
        identity_side(settings(rules=rules), tokens=False, clock=ManualClock())


@pytest.mark.parametrize(("authority", "tokens"), [(True, False), (False, True)])
def test_either_is_enough_to_have_everybody_prove_who_it_is(*, authority: bool, tokens: bool) -> None:
    side = identity_side(settings(authority=authority), tokens=tokens, clock=ManualClock())
    assert side is not None
    assert not side.identity.report


def test_refusals_may_be_reported_only() -> None:
    side = identity_side(settings(authority=True, check="report"), tokens=False, clock=ManualClock())
    assert side is not None
    assert side.identity.report
