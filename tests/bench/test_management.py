"""The cases of the management API, tiny: each figure is there, and the Envoys have what was stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.management import Cases, Size
from bench.saved import Row

TINY = Size(envoys=2, objects=(3, 6), rounds=2, callers=2, warm_up=0.2, seconds=1.0)
CASES = {"upstreams": Cases.upstreams, "calls": Cases.calls}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_tiny_case_is_measured(
    case: Callable[[Cases], AsyncIterator[Row]], programs: Path, tmp_path: Path
) -> None:
    rows = [row async for row in case(Cases(programs, tmp_path, TINY))]

    assert len({each.what for each in rows}) == len(rows)
    assert all(each.measured for each in rows)
