from __future__ import annotations

from typing import Any

import pytest

from legation.model.objects import ManifestObject
from legation.translate.base import Note
from legation.translate.pipeline import STEPS, step_for
from legation.translate.splits import Backend, Split
from legation.translate.traffic_split import AMENDER, STEP
from tests.manifests import manifest
from tests.unit.translate.splits import group, notes, split


def backends(of: ManifestObject) -> dict[str, int]:
    (note,) = STEP.translate(of).notes
    assert isinstance(note, Split)
    return {each.service: each.weight for each in note.backends}


def raw(**spec: Any) -> ManifestObject:
    return manifest("TrafficSplit", "podinfo", api_version="split.smi-spec.io/v1alpha4", spec=spec)


def test_the_step_is_found_and_says_what_to_read_of_a_cluster() -> None:
    assert STEP in STEPS
    assert step_for(split(weights={"a": 1}).key) is STEP
    assert [each.path() for each in STEP.api_kinds] == [
        "/apis/split.smi-spec.io/v1alpha4/trafficsplits",
        "/apis/specs.smi-spec.io/v1alpha4/httproutegroups",
    ]


def test_they_hold_no_resources() -> None:
    """However broken they are: nothing has to be kept for what they might have been."""
    assert not STEP.may_hold(split(weights={"a": 1}))
    assert not STEP.may_hold(group("a"))
    assert not STEP.translate(split(weights={"a": 1})).drafts


BACKENDS = (Backend(service="green", weight=20, index=0), Backend(service="blue", weight=80, index=1))


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"])
def test_every_version_is_understood(version: str) -> None:
    translation = STEP.translate(split(version=version, weights={"green": 20, "blue": 80}))
    assert not translation.problems
    assert translation.notes == (Split(service="podinfo", backends=BACKENDS),)


@pytest.mark.parametrize("version", ["v1alpha3", "v1alpha4"])
def test_newer_versions_may_name_what_they_match(version: str) -> None:
    translation = STEP.translate(split(version=version, weights={"green": 20, "blue": 80}, groups=("a", "b")))
    assert not translation.problems
    assert translation.notes == (Split(service="podinfo", backends=BACKENDS, groups=("a", "b")),)


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
@pytest.mark.parametrize("matches", [[{"kind": "HTTPRouteGroup", "name": "a"}], {"of": "whoever keeps notes there"}])
def test_older_versions_have_no_matches(version: str, matches: Any) -> None:
    """What stands there is of no effect, as it was for everybody who knew these versions."""
    made = split(version=version, weights={"green": 20, "blue": 80})
    spec = {**made.body["spec"], "matches": matches}
    translation = STEP.translate(manifest("TrafficSplit", api_version=made.api_version, spec=spec))
    assert translation.notes == (Split(service="podinfo", backends=BACKENDS),)
    (problem,) = translation.problems
    assert (problem.code, problem.path, problem.level) == ("split-matches-ignored", ("spec", "matches"), "warning")
    assert "v1alpha4" in problem.mend


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha5"])
def test_another_version_is_refused(version: str) -> None:
    (problem,) = STEP.translate(split(version=version, weights={"a": 1})).problems
    assert problem.code == "unknown-version"
    assert problem.path == ("apiVersion",)
    assert "split.smi-spec.io/v1alpha1" in problem.mend


@pytest.mark.parametrize(
    ("version", "weights"),
    [
        ("v1alpha1", {"podinfo-canary": "0", "podinfo-primary": "100"}),
        ("v1alpha1", {"podinfo-canary": "0", "podinfo-primary": "1e2"}),
        ("v1alpha2", {"podinfo-canary": 0, "podinfo-primary": 100}),
        ("v1alpha3", {"podinfo-canary": 0, "podinfo-primary": 100}),
    ],
)
def test_what_flagger_writes(version: str, weights: Any) -> None:
    made = split(version=version, service="www.example.com", weights=weights)
    assert backends(made) == {"podinfo-canary": 0, "podinfo-primary": 100}


def test_thousands_as_flagger_may_write_them() -> None:
    assert backends(split(version="v1alpha1", weights={"a": "1e3", "b": "0"})) == {"a": 1000, "b": 0}


def test_weights_that_are_not_whole_are_made_whole_together() -> None:
    assert backends(split(weights={"a": "500m", "b": "1500m", "c": 1})) == {"a": 1, "b": 3, "c": 2}


def test_a_weight_that_is_left_out_is_none() -> None:
    made = raw(
        service="podinfo", backends=[{"service": "a"}, {"service": "b", "weight": None}, {"service": "c", "weight": 1}]
    )
    assert backends(made) == {"a": 0, "b": 0, "c": 1}


@pytest.mark.parametrize("weights", [{"a": 0}, {"a": 0, "b": "0m"}])
def test_weights_that_are_all_zero_break_the_split(weights: Any) -> None:
    """Nobody wants his requests to go nowhere: the last weights stay."""
    translation = STEP.translate(split(weights=weights))
    assert not translation.notes
    (problem,) = translation.problems
    assert (problem.code, problem.path, problem.level) == ("split-all-zero", ("spec", "backends"), "error")
    assert problem.mend


@pytest.mark.parametrize("weight", [-1, "-5", "many", "", True, [1], {"a": 1}, "1 0"], ids=repr)
def test_a_weight_that_is_none_breaks_the_split(weight: Any) -> None:
    """So its last good version stays."""
    translation = STEP.translate(split(weights={"green": 1, "blue": weight}))
    (problem,) = translation.problems
    assert not translation.notes
    assert (problem.code, problem.path, problem.level) == ("invalid-weight", ("spec", "backends", 1, "weight"), "error")
    assert "500m" in problem.mend


def test_of_a_backend_that_stands_twice_the_last_one_counts() -> None:
    twice = [{"service": "a", "weight": 1}, {"service": "b", "weight": 2}, {"service": "a", "weight": 3}]
    translation = STEP.translate(raw(service="podinfo", backends=twice))
    assert backends(raw(service="podinfo", backends=twice)) == {"a": 3, "b": 2}
    assert [(each.code, each.path, each.level) for each in translation.problems] == [
        ("duplicate-backend", ("spec", "backends", 2), "warning")
    ]


GOOD: dict[str, Any] = {"service": "podinfo", "backends": [{"service": "a", "weight": 1}]}


@pytest.mark.parametrize(
    ("spec", "code", "path"),
    [
        ({"backends": GOOD["backends"]}, "invalid-split", ("spec",)),
        ({**GOOD, "service": ["podinfo"]}, "invalid-split", ("spec", "service")),
        ({"service": "podinfo"}, "invalid-split", ("spec",)),
        ({"service": "podinfo", "backends": []}, "invalid-split", ("spec",)),
        ({"service": "podinfo", "backends": {"a": 1}}, "invalid-split", ("spec", "backends")),
        ({"service": "podinfo", "backends": ["a"]}, "invalid-split", ("spec", "backends", 0)),
        ({"service": "podinfo", "backends": [{"weight": 1}]}, "invalid-split", ("spec", "backends", 0)),
        (
            {"service": "podinfo", "backends": [{"service": "a", "weigth": 1}]},
            "unknown-field",
            ("spec", "backends", 0, "weigth"),
        ),
        ({**GOOD, "matchs": []}, "unknown-field", ("spec", "matchs")),
        ({**GOOD, "matches": {"name": "a"}}, "invalid-split", ("spec", "matches")),
        ({**GOOD, "matches": ["a"]}, "invalid-split", ("spec", "matches", 0)),
        ({**GOOD, "matches": [{"kind": "TCPRoute", "name": "a"}]}, "invalid-split", ("spec", "matches", 0)),
        ({**GOOD, "matches": [{"kind": "HTTPRouteGroup"}]}, "invalid-split", ("spec", "matches", 0)),
        (
            {**GOOD, "matches": [{"kind": "HTTPRouteGroup", "name": "a", "apiGroup": "example.org"}]},
            "invalid-split",
            ("spec", "matches", 0),
        ),
    ],
)
def test_what_is_of_another_shape_breaks_the_split(spec: Any, code: str, path: Any) -> None:
    translation = STEP.translate(raw(**spec))
    assert not translation.notes
    assert [(each.code, each.path, each.level) for each in translation.problems] == [(code, path, "error")]


@pytest.mark.parametrize(("fields", "code"), [({}, "no-spec"), ({"spec": []}, "invalid-spec")])
def test_without_a_spec(fields: Any, code: str) -> None:
    made = manifest("TrafficSplit", api_version="split.smi-spec.io/v1alpha4", **fields)
    assert [each.code for each in STEP.translate(made).problems] == [code]


def test_a_field_of_somebody_else_is_only_told_of() -> None:
    translation = STEP.translate(raw(**GOOD, mirroring={}))
    assert translation.notes
    assert [(each.code, each.level) for each in translation.problems] == [("unknown-field", "warning")]


def test_the_group_of_the_api_may_be_said() -> None:
    match = {"kind": "HTTPRouteGroup", "name": "a", "apiGroup": "specs.smi-spec.io"}
    (note,) = STEP.translate(raw(**GOOD, matches=[match])).notes
    assert isinstance(note, Split)
    assert note.groups == ("a",)


def test_there_is_a_plan_where_there_is_a_split() -> None:
    assert AMENDER.plan(notes(split(weights={"a": 1}))) is not None
    assert AMENDER.plan(notes(group("a", {"pathRegex": "/.*"}))) is None
    assert AMENDER.plan([Note(manifest=split(weights={}), value="of somebody else")]) is None
    assert AMENDER.plan([]) is None
