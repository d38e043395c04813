from __future__ import annotations

from typing import Any

import pytest

from legation.model.node import Scope
from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import (
    BY_URL,
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    ResourceType,
)
from legation.translate.raw_config import STEP
from tests.manifests import cluster, manifest

KINDS = {
    "Cluster": CLUSTER,
    "Endpoint": CLUSTER_LOAD_ASSIGNMENT,
    "Listener": LISTENER,
    "Route": ROUTE_CONFIGURATION,
}


def resources(*items: Any, **spec: Any) -> ManifestObject:
    return manifest(
        "EnvoyResources", "all", api_version="legation.dev/v1alpha1", spec={"resources": list(items), **spec}
    )


def only_problem(of: ManifestObject) -> Problem:
    translation = STEP.translate(of)
    assert not translation.drafts
    (problem,) = translation.problems
    assert problem.object == of.key
    assert problem.place == of.place
    return problem


@pytest.mark.parametrize(("kind", "row"), KINDS.items(), ids=KINDS)
def test_a_config_is_handed_on_with_the_type_of_its_kind(kind: str, row: ResourceType) -> None:
    """The config travels raw: nothing is added to it but its type."""
    config = {"name": "x", "whatever": [1, {"typo": None}]}
    (draft,) = STEP.translate(manifest(kind, spec={"config": config})).drafts

    assert draft.json == {"@type": row.url, **config}
    assert draft.path == ("spec", "config")
    assert draft.scope == Scope(namespace="default")


@pytest.mark.parametrize("selector", [None, {}, {"labels": {}}], ids=["null", "empty", "no labels"])
def test_a_selector_that_asks_for_nothing_means_everybody(selector: object) -> None:
    """No selector, null and no labels are the same: every workload of the namespace."""
    (draft,) = STEP.translate(manifest(spec={"config": {}, "workloadSelector": selector}, namespace="shop")).drafts

    assert draft.scope == Scope(namespace="shop")


def test_a_selector_asks_for_all_its_labels() -> None:
    """The scope carries every label, in the object's own namespace."""
    spec = {"config": {}, "workloadSelector": {"labels": {"app": "edge", "tier": "front"}}}
    (draft,) = STEP.translate(manifest(spec=spec, namespace="shop")).drafts

    assert draft.scope == Scope(namespace="shop", labels=frozenset({("app", "edge"), ("tier", "front")}))


@pytest.mark.parametrize(
    ("selector", "path"),
    [
        ("edge", ()),
        (["edge"], ()),
        ({"matchLabels": {"app": "edge"}}, ("matchLabels",)),
        ({"labels": None}, ("labels",)),
        ({"labels": ["app"]}, ("labels",)),
        ({"labels": {"version": 1}}, ("labels", "version")),
        ({"labels": {"canary": True}}, ("labels", "canary")),
    ],
    ids=["text", "list", "matchLabels", "null labels", "list of labels", "number", "boolean"],
)
def test_a_selector_in_doubt_reaches_nobody(selector: object, path: tuple[str, ...]) -> None:
    """A selector that is not understood must not widen who gets the config."""
    problem = only_problem(manifest(spec={"config": {}, "workloadSelector": selector}))

    assert problem.code == "invalid-selector"
    assert problem.level is Level.ERROR
    assert problem.path == ("spec", "workloadSelector", *path)


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({}, "no-spec", "the object has no spec"),
        ({"spec": None}, "no-spec", "the object has no spec"),
        ({"spec": []}, "invalid-spec", "spec: spec must be a map, this is a list"),
        ({"spec": {}}, "no-config", "spec: there is no spec.config"),
        ({"spec": {"config": None}}, "no-config", "spec: there is no spec.config"),
        ({"spec": {"config": "name: x"}}, "invalid-config", "spec.config: config must be a map, this is text"),
    ],
)
def test_an_object_without_a_config_says_what_it_lacks(fields: dict[str, Any], code: str, text: str) -> None:
    """Each shape of nothing has its own words."""
    problem = only_problem(manifest(**fields))

    assert problem.code == code
    assert text in str(problem)


def test_a_config_may_repeat_its_type_and_no_other() -> None:
    """What is pasted from a discovery response fits; another type under this kind does not."""
    assert STEP.translate(cluster(config={"@type": CLUSTER.url})).drafts

    problem = only_problem(cluster(config={"@type": LISTENER.url}))
    assert problem.code == "wrong-type"
    assert problem.path == ("spec", "config", "@type")


def test_another_version_names_the_one_that_is_understood() -> None:
    """A version may mean anything: it is not guessed."""
    problem = only_problem(manifest(api_version="bootes.io/v2", spec={"config": {}}))

    assert problem.code == "unknown-version"
    assert "bootes.io/v1" in problem.mend


def test_a_foreign_field_of_the_spec_is_a_warning() -> None:
    """It is delivered, and told."""
    translation = STEP.translate(manifest(spec={"config": {}, "replicas": 3}))

    (problem,) = translation.problems
    assert translation.drafts
    assert problem.level is Level.WARNING
    assert problem.path == ("spec", "replicas")
    assert problem.mend == "known here: config, workloadSelector"


def test_a_misspelt_field_of_the_spec_stops_the_object() -> None:
    """Without its selector the config would reach everybody."""
    problem = only_problem(manifest(spec={"config": {}, "workloadSelectr": {"labels": {"app": "edge"}}}))

    assert problem.level is Level.ERROR
    assert problem.mend == 'did you mean "workloadSelector"?'


def test_envoy_resources_hold_any_types() -> None:
    """Each item is handed on as it is, with its place in the list."""
    items = [{"@type": row.url, "name": row.name} for row in RESOURCE_TYPES]
    drafts = STEP.translate(resources(*items)).drafts

    assert [draft.json for draft in drafts] == items
    assert [draft.path for draft in drafts] == [("spec", "resources", index) for index in range(len(items))]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"name": "x"}, "missing-type"),
        ({"@type": 3}, "missing-type"),
        ("cluster", "invalid-config"),
        (None, "invalid-config"),
    ],
)
def test_one_bad_item_keeps_all_of_envoy_resources_back(bad: object, code: str) -> None:
    """They are applied together or not at all."""
    problem = only_problem(resources({"@type": CLUSTER.url, "name": "good"}, bad))

    assert problem.code == code
    assert problem.path == ("spec", "resources", 1)


@pytest.mark.parametrize("value", [None, {}, "x"])
def test_envoy_resources_need_a_list(value: object) -> None:
    """Anything else in place of the list is told."""
    problem = only_problem(manifest("EnvoyResources", api_version="legation.dev/v1alpha1", spec={"resources": value}))

    assert problem.code == "no-resources"


def test_no_problem_repeats_a_value() -> None:
    """What stands in an object can be a secret."""
    secret = "hunter2"
    broken = [
        manifest(spec=secret),
        manifest(spec={"config": secret}),
        manifest(spec={"config": {"@type": secret}}),
        manifest(spec={"config": {}, "workloadSelector": secret}),
        manifest(spec={"config": {}, "workloadSelector": {"labels": {"app": [secret]}}}),
        resources(secret, {"@type": [secret]}),
    ]

    for each in broken:
        problems = STEP.translate(each).problems
        assert problems
        assert secret not in repr(problems)


def test_what_an_object_may_hold_follows_from_its_kind() -> None:
    """However broken: one type for a kind of one resource, any for EnvoyResources."""
    for kind, row in KINDS.items():
        assert STEP.may_hold(manifest(kind)) == {row}
    assert STEP.may_hold(resources()) == set(BY_URL.values())
