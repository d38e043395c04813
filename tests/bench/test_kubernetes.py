"""The cases in a Kubernetes cluster, tiny: each figure is there, and what does not depend on the machine is right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bench.kubernetes import Kubernetes
from bench.kubernetes_stage import Size
from bench.saved import Row
from tests.cluster.api_server import Binaries
from tests.cluster.conftest import needed

TINY = Size(
    envoys=4,
    objects=(12,),
    pods=8,
    many_pods=8,
    endpoints=5,
    connects=8,
    rounds=2,
    starts=1,
    seconds=1.0,
    settled=0.1,
)
CASES = {"patches": Kubernetes.patches, "starts": Kubernetes.starts, "endpoints": Kubernetes.endpoints}


@pytest.fixture(scope="module")
def its_server() -> None:
    """What the API server is: its first build is no part of a test."""
    needed(Binaries.found)


@pytest.mark.usefixtures("its_server")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_tiny_case_is_measured(
    case: Callable[[Kubernetes], AsyncIterator[Row]], programs: Path, tmp_path: Path
) -> None:
    rows = [row async for row in case(Kubernetes(programs, tmp_path, TINY))]

    assert len({each.what for each in rows}) == len(rows)
    assert {each.what: each.measured for each in rows if each.target in {"0", "yes"}} == {
        each.what: each.target for each in rows if each.target in {"0", "yes"}
    }
    assert any(_is_above_zero(each) for each in rows)


def _is_above_zero(row: Row) -> bool:
    return row.measured.split()[0].strip("%") not in {"0", "0.0"}
