"""The case of the rules, tiny: both figures are there."""

from __future__ import annotations

from bench.rules import _messages, rows
from legation.envoy import examining


def test_both_figures_are_measured_and_the_clusters_are_fine() -> None:
    assert [each.what for each in rows(2)] == ["2 new clusters examined", "2 known clusters examined"]
    assert all(not examining.examine(message) for message, _ in _messages(2, mark=0))
