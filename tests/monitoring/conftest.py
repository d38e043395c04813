"""What the tests of alerts and dashboard need."""

from __future__ import annotations

import pytest

from tests.cluster.conftest import needed
from tests.monitoring import promtool


@pytest.fixture(scope="session", autouse=True)
def checker() -> None:
    """Have Prometheus' checker of rules."""
    needed(promtool.found)
