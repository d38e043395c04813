"""The same examples in every run; `--hypothesis-profile=far` looks for new ones, for minutes. Who runs beside whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings
from xdist.scheduler.loadscope import LoadScopeScheduling

from tests.secrecy.plugin import Secrecy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

# Explaining a failure takes minutes here, and the shortest way to it says enough.
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)


def pytest_configure(config: pytest.Config) -> None:
    common = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=20, phases=_PHASES)
    settings.register_profile("near", common, derandomize=True, database=None, max_examples=40)
    settings.register_profile("far", common, max_examples=500, print_blob=True)
    settings.load_profile(config.getoption("--hypothesis-profile", None) or "near")
    # Whoever shows a key anywhere fails.
    config.pluginmanager.register(Secrecy(), "secrecy")


_TOGETHER = ("tests/agreement/", "tests/bench/", "tests/cluster/", "tests/envoy/test_envoy_dynamic.py")
"""Below each of these one worker runs all: they share something heavy, or a port that is not theirs to choose."""


class Together(LoadScopeScheduling):
    """Gives tests to workers one by one, but for those that belong together."""

    def _split_scope(self, nodeid: str) -> str:
        # pytest-xdist's own groups, by a mark, are not seen by pytest 9.2.
        return next((each for each in _TOGETHER if nodeid.startswith(each)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer | None) -> Together:
    return Together(config, log)


@pytest.fixture(autouse=True)
def _log_of_others() -> Iterator[None]:
    """Leave the log as it was: others would find it otherwise, and some are about what is logged."""
    yield
    kept = structlog.get_config()["cache_logger_on_first_use"]
    structlog.reset_defaults()
    assert not kept, "this test set up the log for good: run the program in a process of its own"
