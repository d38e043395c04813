"""The cases of pipes, tiny: each figure is there, and what does not depend on the machine is right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.pipes import Pipes
from bench.pipes_stage import PipesSize
from bench.saved import Row
from tests.cluster.api_server import Binaries
from tests.cluster.conftest import needed
from tests.cluster.network import Network

TINY = PipesSize(workers=1, rounds=2, calls=4, watched=2, joins=1, seconds=0.1, settled=0.1)
CASES = {"one": Pipes.one, "many": Pipes.many, "joined": Pipes.joined}
FIXED = {"0", "0, 0, 0, 0, 0"}


@pytest.fixture(scope="module")
def its_machine() -> None:
    """Who has no such networks measures nothing; the first build of the API server is no part of a test."""
    needed(Binaries.found)
    with needed(Network):
        pass


@pytest.mark.usefixtures("its_machine")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_tiny_case_is_measured(case: Callable[[Pipes], AsyncIterator[Row]], tmp_path: Path) -> None:
    rows = [row async for row in case(Pipes(tmp_path, TINY))]

    assert len({each.what for each in rows}) == len(rows)
    assert {each.what: each.measured for each in rows if each.target in FIXED} == {
        each.what: each.target for each in rows if each.target in FIXED
    }
