"""The programs in Go that the benchmarks need: built once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench.side_by_side import build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The limit is for what a test does: the first build takes its time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(300, func_only=True))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that they are in."""
    if shutil.which("go") is None and not os.environ.get("CI"):
        pytest.skip("the benchmarks have programs that are built with Go")
    folder = tmp_path_factory.mktemp("programs")
    build(folder)
    return folder
