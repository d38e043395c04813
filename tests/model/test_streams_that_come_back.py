"""An Envoy without ADS comes back to another configuration: its streams come back in every order."""

from __future__ import annotations

import pytest

from legation.protocol import reopening
from tests.model.explorer import explore
from tests.model.scenarios import PIPES, SHORT
from tests.model.world import Scenario

variants = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])

CHANGES = {**SHORT, **PIPES, "come and go": PIPES["come and go"][1:]}


def _changed_meanwhile(name: str, *, delta: bool) -> Scenario:
    return Scenario(snapshots=CHANGES[name][:2], delta=delta, separate=True, comes_back=True)


@variants
@pytest.mark.parametrize("name", CHANGES)
def test_streams_come_back_in_every_order(name: str, *, delta: bool) -> None:
    verdict = explore(_changed_meanwhile(name, delta=delta), limit=1_500)
    assert not verdict.wrong, verdict


@variants
@pytest.mark.parametrize("rule", ["is_awaited", "may_use"])
def test_mutant_that_waits_for_no_stream_is_found(rule: str, monkeypatch: pytest.MonkeyPatch, *, delta: bool) -> None:
    monkeypatch.setattr(reopening, rule, lambda *_: False)
    verdict = explore(_changed_meanwhile("change", delta=delta))
    assert any("lacks Cluster" in line for line in verdict.wrong), verdict
