"""The cases of mutual TLS, tiny: each figure is there, and the Envoys are served by their certificates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.saved import Row
from bench.trust import Cases, Size

TINY = Size(envoys=3, clusters=4, many_clusters=6, few_envoys=2, rounds=2, reconnects=1)
CASES = {"pushes": Cases.pushes, "reconnects": Cases.reconnects}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_tiny_case_is_measured(
    case: Callable[[Cases], AsyncIterator[Row]], programs: Path, tmp_path: Path
) -> None:
    rows = [row async for row in case(Cases(programs, tmp_path, TINY))]

    assert len({each.what for each in rows}) == len(rows)
    assert all(each.measured for each in rows)
