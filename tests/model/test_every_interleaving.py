"""Every order in which messages, snapshots, refusals and time can meet: no request fails, and nothing stays stuck.

The scenarios here are seen whole, as far as seconds allow, or on ways by chance to their end. `python -m
tests.model.far` looks further.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    ResourceType,
)
from legation.protocol import machines
from legation.protocol.draining import Predecessors
from legation.protocol.ledger import Ledger, Verdict
from legation.protocol.ruling import Ruling
from legation.protocol.sequence import Policy, Sequence
from legation.protocol.unanswered import Unanswered
from legation.protocol.warming import Warming
from tests.connection import Recall
from tests.model.explorer import explore, wander
from tests.model.scenarios import HANDOVER, MANY, PIPES, SCENARIOS, SHORT, SIMPLE
from tests.model.world import Scenario

variants = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])


@variants
@pytest.mark.parametrize("name", SCENARIOS)
def test_ads_is_safe_and_ends_with_the_last_snapshot(name: str, *, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=SCENARIOS[name], delta=delta))
    assert not verdict.wrong, verdict
    assert verdict.complete
    assert verdict.ends


@variants
@pytest.mark.parametrize("name", SCENARIOS)
def test_graces_and_draining_listeners(name: str, *, delta: bool) -> None:
    policy = Policy(removal_grace=5.0, drain_grace=600.0)
    verdict = explore(Scenario(snapshots=SCENARIOS[name], delta=delta, policy=policy))
    assert not verdict.wrong, verdict
    assert verdict.complete


@variants
@pytest.mark.parametrize("whole", [False, True], ids=["part", "whole"])
@pytest.mark.parametrize("row", [CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION], ids=repr)
def test_a_refusal_stops_nothing_innocent(row: ResourceType, *, delta: bool, whole: bool) -> None:
    scenario = Scenario(snapshots=SHORT["rename"], delta=delta, refusals=1, refused_types=frozenset({row}), whole=whole)
    verdict = explore(scenario)
    assert not verdict.wrong, verdict
    assert verdict.complete


@variants
@pytest.mark.parametrize("whole", [False, True], ids=["part", "whole"])
@pytest.mark.parametrize("row", [CLUSTER, LISTENER, ROUTE_CONFIGURATION], ids=repr)
def test_a_refusal_that_names_nobody_stops_nothing_innocent(row: ResourceType, *, delta: bool, whole: bool) -> None:
    verdict = explore(_silent_refusals(row, delta=delta, whole=whole), limit=1_000)
    assert not verdict.wrong, verdict


def _silent_refusals(row: ResourceType, *, delta: bool, whole: bool) -> Scenario:
    types = frozenset({row})
    return Scenario(snapshots=MANY, delta=delta, refusals=2, refused_types=types, whole=whole, silent=True)


@variants
@pytest.mark.parametrize("refusals", [0, 1], ids=["no refusal", "a refusal"])
def test_a_listener_that_takes_the_address_of_another_leaves_no_gap(refusals: int, *, delta: bool) -> None:
    scenario = Scenario(
        snapshots=HANDOVER["rename"], delta=delta, refusals=refusals, refused_types=frozenset({LISTENER})
    )
    verdict = explore(scenario, limit=3_000)
    assert not verdict.wrong, verdict


@variants
def test_a_listener_waits_for_an_address_until_who_had_it_has_moved(*, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=HANDOVER["chain"], delta=delta))
    assert not verdict.wrong, verdict
    assert verdict.complete


@variants
@pytest.mark.parametrize("name", SHORT)
def test_separate_streams(name: str, *, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=SHORT[name], delta=delta, separate=True), limit=2_000)
    assert not verdict.wrong, verdict


@variants
@pytest.mark.parametrize("name", SHORT)
def test_separate_streams_as_if_they_were_thousands(name: str, monkeypatch: pytest.MonkeyPatch, *, delta: bool) -> None:
    monkeypatch.setattr(machines, "FEW", 0)
    verdict = explore(Scenario(snapshots=SHORT[name], delta=delta, separate=True), limit=1_000)
    assert not verdict.wrong, verdict


@variants
def test_a_reconnect_at_any_moment(*, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=(SIMPLE,), delta=delta, reconnects=1))
    assert not verdict.wrong, verdict
    assert verdict.complete


GRACES = Policy(removal_grace=5.0, drain_grace=600.0)

streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own streams"])


@variants
@streams
@pytest.mark.parametrize("name", PIPES)
def test_pipes(name: str, *, delta: bool, separate: bool) -> None:
    verdict = explore(Scenario(snapshots=PIPES[name], delta=delta, separate=separate, policy=GRACES), limit=3_000)
    assert not verdict.wrong, verdict


@variants
def test_a_refused_pipe_stops_no_other(*, delta: bool) -> None:
    types = frozenset({LISTENER})
    scenario = Scenario(
        snapshots=PIPES["change"], delta=delta, separate=True, policy=GRACES, refusals=1, refused_types=types
    )
    verdict = explore(scenario, limit=2_000)
    assert not verdict.wrong, verdict


REMOVALS_WAIT = Policy(removal_grace=5.0, drain_grace=0.0)
"""What a client that comes back has not told yet, it tells within the grace."""


@variants
@pytest.mark.parametrize("name", SHORT)
def test_a_reconnect_at_any_moment_of_a_change(name: str, *, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=SHORT[name], delta=delta, policy=REMOVALS_WAIT, reconnects=1))
    assert not verdict.wrong, verdict
    assert verdict.complete


@variants
@pytest.mark.parametrize("name", ["rename", "swap"])
def test_a_restart_with_another_configuration(name: str, *, delta: bool) -> None:
    verdict = explore(Scenario(snapshots=SHORT[name], delta=delta, policy=REMOVALS_WAIT, restarts=1))
    assert not verdict.wrong, verdict
    assert verdict.complete


@variants
@pytest.mark.parametrize(("reconnects", "restarts"), [(2, 0), (0, 1)], ids=["reconnects", "a restart"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_who_comes_back_in_the_middle_of_several_changes(
    name: str, reconnects: int, restarts: int, *, delta: bool
) -> None:
    scenario = Scenario(
        snapshots=SCENARIOS[name], delta=delta, policy=REMOVALS_WAIT, reconnects=reconnects, restarts=restarts
    )
    verdict = wander(scenario, walks=40)
    assert not verdict.wrong, verdict


# Mutants: with a rule taken out, the explorer finds what the rule is there for.


def test_a_way_by_chance_finds_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_barrier(monkeypatch)
    verdict = wander(Scenario(snapshots=SHORT["update"], delta=True), walks=200)
    assert verdict.wrong
    assert verdict.way


def _no_barrier(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Warming, "find", lambda *_: None)


def _no_halving(patch: pytest.MonkeyPatch) -> None:
    def put_all_aside(ledger: Ledger, entry: Unanswered, *, judged: bool) -> Verdict:
        del judged
        return ledger.blame(entry.changed, entry)

    patch.setattr(Ledger, "suspect", put_all_aside)


def _no_repush(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sequence, "_force", lambda *_: None)


def _nothing_brought_along(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sequence, "_resume", lambda *_: None)


def _nothing_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recall, "__call__", lambda *_: None)


@pytest.mark.parametrize(
    ("mutate", "delta"),
    [
        pytest.param(_nothing_brought_along, False, id="nothing brought along, sotw"),
        pytest.param(_nothing_brought_along, True, id="nothing brought along, delta"),
        pytest.param(_nothing_remembered, False, id="no version remembered"),
    ],
)
def test_mutant_of_a_reconnect_is_found(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, *, delta: bool
) -> None:
    mutate(monkeypatch)
    verdict = explore(Scenario(snapshots=SHORT["rename"], delta=delta, policy=REMOVALS_WAIT, reconnects=1))
    assert verdict.wrong


@pytest.mark.parametrize(
    ("mutate", "delta", "found"),
    [
        pytest.param(_no_barrier, False, "lacks Cluster", id="no wait for warm clusters, sotw"),
        pytest.param(_no_barrier, True, "lacks Cluster", id="no wait for warm clusters, delta"),
        pytest.param(_no_repush, True, "never comes", id="no endpoints again for a changed cluster, delta"),
    ],
)
def test_mutant_is_found(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch, *, delta: bool, found: str
) -> None:
    mutate(monkeypatch)
    verdict = explore(Scenario(snapshots=SHORT["update"], delta=delta))
    assert any(found in line for line in verdict.wrong), verdict


def _nothing_lingers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Predecessors, "drain", lambda self, *_, **__: setattr(self, "_members", []))


def _successors_are_warm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ruling, "is_warm", lambda *_: True)


def _endpoints_are_enough(patch: pytest.MonkeyPatch) -> None:
    accept = Warming.supplied

    def supplied(self: Warming, *told: Any, **more: Any) -> None:
        accept(self, *told, **{**more, "at": -1e9})

    patch.setattr(Warming, "supplied", supplied)


@variants
@pytest.mark.parametrize(
    ("mutate", "name"),
    [
        pytest.param(_nothing_lingers, "beside tcp", id="tcp listeners do not drain"),
        pytest.param(_successors_are_warm, "become routes", id="a successor is warm at once"),
        pytest.param(_endpoints_are_enough, "checked", id="no wait for health checks"),
    ],
)
def test_mutant_of_pipes_is_found(
    mutate: Callable[[pytest.MonkeyPatch], None], name: str, monkeypatch: pytest.MonkeyPatch, *, delta: bool
) -> None:
    mutate(monkeypatch)
    verdict = explore(Scenario(snapshots=PIPES[name], delta=delta, separate=True, policy=GRACES))
    assert any("lacks Cluster" in line for line in verdict.wrong), verdict


@variants
@pytest.mark.parametrize(
    ("name", "refusals", "rule", "found"),
    [
        ("rename", 0, "_precedes", "nobody serves on 80"),
        ("rename", 1, "_precedes", "nobody serves on 80"),
        ("chain", 0, "_is_free", "should have"),
    ],
    ids=["who goes does not wait", "who went does not come back", "nobody waits for an address"],
)
def test_mutant_that_ignores_addresses_is_found(
    name: str, refusals: int, rule: str, found: str, monkeypatch: pytest.MonkeyPatch, *, delta: bool
) -> None:
    monkeypatch.setattr(Ruling, rule, lambda *_: rule == "_is_free")
    types = frozenset({LISTENER})
    verdict = explore(Scenario(snapshots=HANDOVER[name], delta=delta, refusals=refusals, refused_types=types))
    assert any(found in line for line in verdict.wrong), verdict


@variants
def test_mutant_without_halving_is_found(monkeypatch: pytest.MonkeyPatch, *, delta: bool) -> None:
    _no_halving(monkeypatch)
    verdict = explore(_silent_refusals(LISTENER, delta=delta, whole=True))
    assert any("nobody refused it" in line for line in verdict.wrong), verdict
