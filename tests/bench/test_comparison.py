"""The programs of the comparison, tiny: every server serves, changes reach the load client, and the table has all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.cases import BARE, CASES, GO, Case
from bench.side_by_side import Comparison, table

EACH_WAY = [each for each in CASES if each.letter in {"A", "D", "E", "G"}]
"""Both variants, endpoints, the shipped command and the library, a change and a storm."""


@pytest.mark.parametrize("case", EACH_WAY, ids=lambda each: each.letter)
async def test_a_tiny_case_is_measured(case: Case, programs: Path, tmp_path: Path) -> None:
    tiny = replace(case, clusters=8, clients=3)

    results = await Comparison(programs, tmp_path, rounds=1, connections=1).run(tiny)

    names = [each.server for each in results]
    assert names[0] == case.ours
    assert {GO, BARE} < set(names)
    assert all(each.last >= each.time > 0 and each.processor > 0 for each in results)
    assert table(case, results).count("wanted") == len(case.targets)
