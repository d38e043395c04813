"""Golden cases: `pytest tests/golden --update-golden` writes what comes out now in place of what is expected."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew, and delete stale ones")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether to write what comes out. Where this folder is not named on the command line there is no such option."""
    return bool(request.config.getoption("--update-golden", default=False))
