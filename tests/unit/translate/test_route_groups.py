from __future__ import annotations

from typing import Any

import pytest

from legation.model.objects import ManifestObject
from legation.translate.request_sets import ANYTHING, Form, Pattern, Requests
from legation.translate.splits import RouteGroup, RouteMatch
from legation.translate.traffic_split import STEP
from tests.manifests import manifest

MATCH = {"name": "metrics", "pathRegex": "/metrics", "methods": ["GET"]}
READ = RouteGroup(
    matches=(
        RouteMatch(name="metrics", requests=Requests(path=Pattern(Form.EXACT, "/metrics"), methods=frozenset({"GET"}))),
    )
)


def group(version: str = "v1alpha4", **fields: Any) -> ManifestObject:
    return manifest("HTTPRouteGroup", "routes", api_version=f"specs.smi-spec.io/{version}", **fields)


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2"])
def test_the_older_versions_have_the_matches_at_the_top(version: str) -> None:
    assert STEP.translate(group(version, matches=[MATCH])).notes == (READ,)


@pytest.mark.parametrize("version", ["v1alpha3", "v1alpha4"])
def test_the_newer_versions_have_them_in_the_spec(version: str) -> None:
    assert STEP.translate(group(version, spec={"matches": [MATCH]})).notes == (READ,)


def test_what_a_cluster_keeps_in_another_version_is_found_too() -> None:
    assert STEP.translate(group("v1alpha1", spec={"matches": [MATCH]})).notes == (READ,)
    assert STEP.translate(group("v1alpha4", matches=[MATCH])).notes == (READ,)


def test_a_version_that_nobody_knows_is_refused() -> None:
    (problem,) = STEP.translate(group("v1", spec={"matches": [MATCH]})).problems
    assert problem.code == "unknown-version"
    assert problem.mend.endswith("specs.smi-spec.io/v1alpha4")


@pytest.mark.parametrize("headers", [{"X-A": "1", "x-b": ".*"}, [{"X-A": "1"}, {"x-b": ".*"}]], ids=["map", "list"])
def test_headers_are_a_map_or_a_list_of_maps(headers: Any) -> None:
    """The specification says the one, the definition of the kind the other."""
    (read,) = STEP.translate(group(spec={"matches": [{"name": "a", "headers": headers}]})).notes
    assert isinstance(read, RouteGroup)
    assert read.matches[0].requests == Requests(
        headers=frozenset({("x-a", Pattern(Form.EXACT, "1")), ("x-b", ANYTHING)})
    )


@pytest.mark.parametrize("methods", [None, [], ["*"], ["GET", "*"]], ids=repr)
def test_any_method(methods: Any) -> None:
    (read,) = STEP.translate(group(spec={"matches": [{"methods": methods, "pathRegex": "/.*"}]})).notes
    assert read == RouteGroup(matches=(RouteMatch(name="", requests=Requests()),))


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({}, "invalid-route-group", ("spec", "matches")),
        ({"spec": []}, "invalid-route-group", ("spec", "matches")),
        ({"spec": {"matches": []}}, "invalid-route-group", ("spec", "matches")),
        ({"spec": {"matches": {"a": 1}}}, "invalid-route-group", ("spec", "matches")),
        ({"spec": {"matches": [MATCH, "a"]}}, "invalid-route-group", ("spec", "matches", 1)),
        ({"spec": {"matches": [{"pathregex": "/"}]}}, "unknown-field", ("spec", "matches", 0, "pathregex")),
        ({"spec": {"matches": [{"port": 1}]}}, "unknown-field", ("spec", "matches", 0, "port")),
        ({"spec": {"matches": [{"pathRegex": 1}]}}, "invalid-route-group", ("spec", "matches", 0, "pathRegex")),
        ({"spec": {"matches": [{"name": 1}]}}, "invalid-route-group", ("spec", "matches", 0, "name")),
        ({"spec": {"matches": [{"methods": "GET"}]}}, "invalid-route-group", ("spec", "matches", 0, "methods")),
        ({"spec": {"matches": [{"methods": [1]}]}}, "invalid-route-group", ("spec", "matches", 0, "methods", 0)),
        ({"spec": {"matches": [{"headers": "x"}]}}, "invalid-route-group", ("spec", "matches", 0, "headers")),
        ({"spec": {"matches": [{"headers": ["x"]}]}}, "invalid-route-group", ("spec", "matches", 0, "headers")),
        ({"spec": {"matches": [{"headers": {"x": 1}}]}}, "invalid-route-group", ("spec", "matches", 0, "headers", "x")),
    ],
)
def test_what_is_not_understood_breaks_the_group(fields: Any, code: str, path: Any) -> None:
    """It would match something else than its owner means."""
    translation = STEP.translate(group(**fields))
    assert not translation.notes
    assert [(each.code, each.path, each.level) for each in translation.problems] == [(code, path, "error")]
