"""The policy of a server, and how its file is followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from legation.cli.policy_side import PolicySide
from legation.errors import SettingsError
from legation.testing import ManualClock
from tests.unit.cli.looks import looks

DIGEST = "ab" * 32


def written(file: Path, *, namespace: str = "shop") -> Path:
    file.write_text(
        f"tokens: [{{name: ci, sha256: {DIGEST}}}]\n"
        f'rules: [{{who: ["token:ci"], may: [read], kinds: ["*"], namespaces: [{namespace}]}}]\n'
    )
    return file


class World:
    """A policy that is followed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = ManualClock()
        self.side = PolicySide(file, has_rules=True, clock=self.clock)

    @property
    def namespaces(self) -> tuple[str, ...]:
        return self.side.policy.rules[0].namespaces

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        following = asyncio.create_task(self.side.run())
        try:
            yield self
        finally:
            following.cancel()


async def test_another_policy_holds_once_it_is_written(tmp_path: Path) -> None:
    async with World(written(tmp_path / "policy.yaml")).running() as world:
        await looks(world.clock)
        written(world.file, namespace="edge")
        await looks(world.clock, 1)
        assert world.namespaces == ("shop",)
        await looks(world.clock, 1)
        assert world.namespaces == ("edge",)


@pytest.mark.parametrize("broken", [None, b"rules: [", b"rules: [a]", b"\xff\xfe", b""])
async def test_a_broken_policy_leaves_the_one_before_and_says_so(tmp_path: Path, broken: bytes | None) -> None:
    async with World(written(tmp_path / "policy.yaml")).running() as world:
        if broken is None:
            world.file.unlink()
        else:
            world.file.write_bytes(broken)
        with capture_logs() as logs:
            await looks(world.clock, 3)
        assert world.namespaces == ("shop",)
        assert [each["event"] for each in logs] == ["a file is not used; what it said before holds"]
        assert [each.code for each in world.side.problems()] == ["management-policy"]
        written(world.file, namespace="edge")
        await looks(world.clock)
        assert (world.namespaces, world.side.problems()) == (("edge",), ())


@pytest.mark.parametrize("content", [None, "rules: [a]", "tokens: [{name: ci, sha256: pasted-token}]"])
def test_a_broken_policy_at_the_start_ends_the_program(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "policy.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        PolicySide(file, has_rules=True, clock=ManualClock())
    assert caught.value.key == "--management-policy"
    assert str(file) in str(caught.value)
    assert "pasted-token" not in str(caught.value)
