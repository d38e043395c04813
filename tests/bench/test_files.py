"""The cases of files, tiny: each figure is there, and what does not depend on the machine is right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.files import Files
from bench.files_stage import CROSSOVER, FilesSize
from bench.saved import Row
from tests.cluster.api_server import Binaries
from tests.cluster.conftest import needed

TINY = FilesSize(rounds=2, large=200_000, large_rounds=2, idle=0.5, settle=0.05, clusters=3)
CASES = {"splits": Files.splits, "config maps": Files.config_maps, "large": Files.large, "idle": Files.idle}


@pytest.fixture(scope="module")
def its_server() -> None:
    """What the API server is: its first build is no part of a test."""
    needed(Binaries.found)


@pytest.mark.usefixtures("its_server")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_tiny_case_is_measured(case: Callable[[Files], AsyncIterator[Row]], tmp_path: Path) -> None:
    rows = [row async for row in case(Files(tmp_path, TINY))]

    assert len({each.what for each in rows}) == len(rows)
    assert {each.what: each.measured for each in rows if each.target == "0"} == {
        each.what: "0" for each in rows if each.target == "0"
    }


@pytest.mark.usefixtures("its_server")
async def test_another_program_with_the_same_flags_is_measured_beside(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.symlink_to(CROSSOVER)

    rows = [row async for row in Files(tmp_path, TINY, other=other).config_maps()]

    (missed,) = [each for each in rows if each.what.startswith("other-crossover: ") and "missed" in each.what]
    assert missed.measured == "0"
