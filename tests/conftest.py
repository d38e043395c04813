"""The same examples in every run; `--hypothesis-profile=far` looks for new ones, for minutes."""

from __future__ import annotations

import pytest  # noqa: TC002 - read by pytest itself
from hypothesis import HealthCheck, Phase, settings

# Explaining a failure takes minutes here, and the shortest way to it says enough.
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)


def pytest_configure(config: pytest.Config) -> None:
    common = settings(deadline=None, suppress_health_check=list(HealthCheck), stateful_step_count=20, phases=_PHASES)
    settings.register_profile("near", common, derandomize=True, database=None, max_examples=40)
    settings.register_profile("far", common, max_examples=500, print_blob=True)
    settings.load_profile(config.getoption("--hypothesis-profile", None) or "near")
