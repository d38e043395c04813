"""What a ConfigMap with Envoy's files means; more of them are in the golden cases `config-map*`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from legation.model.node import Scope
from legation.model.objects import ManifestObject, show_path
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES
from legation.translate.config_maps import STEP
from tests.manifests import manifest

WEB = {"@type": CLUSTER.url, "name": "web"}
LABEL = {"legation.dev/xds": "true"}


def config_map(data: Any, *, labels: Mapping[str, str] | None = LABEL, **more: Any) -> ManifestObject:
    return manifest("ConfigMap", "edge", api_version="v1", labels=labels, data=data, **more)


def problems(of: ManifestObject) -> list[tuple[str, str, str]]:
    return [(each.level.value, each.code, show_path(each.path)) for each in STEP.translate(of).problems]


@pytest.mark.parametrize("labels", [None, {}, {"legation.dev/xds": "false"}, {"app": "xds"}])
def test_only_with_its_label_it_means_anything(labels: dict[str, str] | None) -> None:
    other = config_map({"cds.yaml": "resources: ["}, labels=labels)
    translation = STEP.translate(other)
    assert (translation.drafts, translation.problems, STEP.may_hold(other)) == ((), (), frozenset())


def test_with_it_it_may_hold_anything() -> None:
    assert STEP.may_hold(config_map(None)) == set(RESOURCE_TYPES)


@pytest.mark.parametrize("data", [None, {}, {"a.yaml": ""}, {"a.yaml": "# nothing"}, {"a.json": "{}"}])
def test_it_may_hold_nothing(data: Any) -> None:
    translation = STEP.translate(config_map(data))
    assert not translation.drafts
    assert all(each.level is Level.WARNING for each in translation.problems)


@pytest.mark.parametrize("key", ["a.yaml", "a.yml", "a.json", ".yaml"])
@pytest.mark.parametrize(
    "response",
    [
        {"resources": [WEB]},
        {"version_info": 1, "resources": [WEB], "nonce": "x", "type_url": CLUSTER.url},
        {"versionInfo": "1", "typeUrl": CLUSTER.url, "resources": [WEB]},
        {"@type": "type.googleapis.com/envoy.service.discovery.v3.DiscoveryResponse", "resources": [WEB]},
    ],
)
def test_a_file_is_a_discovery_response(key: str, response: dict[str, Any]) -> None:
    (draft,) = STEP.translate(config_map({key: json.dumps(response)})).drafts
    assert (draft.json, draft.path, draft.scope) == (WEB, ("data", key, "resources", 0), Scope(namespace="default"))


def test_a_file_may_be_one_resource() -> None:
    (draft,) = STEP.translate(config_map({"a.yaml": json.dumps(WEB)})).drafts
    assert (draft.json, draft.path) == (WEB, ("data", "a.yaml"))


@pytest.mark.parametrize("resources", [None, []])
def test_a_response_may_hold_no_resources(resources: list[Any] | None) -> None:
    assert problems(config_map({"a.yaml": json.dumps({"resources": resources})})) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], ("error", "invalid-config", "data")),
        ({"a.yaml": 1}, ("error", "invalid-config", 'data["a.yaml"]')),
        ({"a.yaml": "a: b: c"}, ("error", "yaml-syntax", 'data["a.yaml"]')),
        ({"a.json": "{"}, ("error", "yaml-syntax", 'data["a.json"]')),
        ({"a.yaml": "resources: 1"}, ("error", "invalid-config", 'data["a.yaml"].resources')),
        ({"a.yaml": "resources: [1]"}, ("error", "invalid-config", 'data["a.yaml"].resources[0]')),
        ({"a.yaml": "resources: [{}]"}, ("error", "missing-type", 'data["a.yaml"].resources[0]')),
        ({"a.yaml": "{'@type': 1}"}, ("error", "missing-type", 'data["a.yaml"]')),
        ({"a.yaml": "resource: []"}, ("error", "unknown-field", 'data["a.yaml"].resource')),
        ({"a.yaml": "{resources: [], type_ulr: x}"}, ("error", "unknown-field", 'data["a.yaml"].type_ulr')),
        ({"a.yaml": "{resources: [], more: x}"}, ("warning", "unknown-field", 'data["a.yaml"].more')),
        ({"a.yaml": "node: {}"}, ("warning", "no-xds-file", 'data["a.yaml"]')),
        ({"a.yaml": "[]"}, ("warning", "no-xds-file", 'data["a.yaml"]')),
        ({"cds.pb": "x"}, ("warning", "no-xds-file", 'data["cds.pb"]')),
        ({"yaml": "x"}, ("warning", "no-xds-file", "data.yaml")),
    ],
)
def test_what_is_wrong_is_told_of_its_key(data: Any, problem: tuple[str, str, str]) -> None:
    assert problems(config_map(data)) == [problem]


def test_the_line_inside_the_file_is_told() -> None:
    text = f"resources:\n- {json.dumps(WEB)}\n- name: a: b\n"
    (problem,) = STEP.translate(config_map({"cds.yaml": text})).problems
    assert problem.message.startswith("line 3 of the file: this is not YAML")


def test_a_broken_key_breaks_the_whole() -> None:
    assert not STEP.translate(config_map({"a.yaml": json.dumps(WEB), "b.yaml": "["})).drafts


def test_what_is_binary_is_left_out() -> None:
    assert problems(config_map({}, binaryData={"cds.pb": "eA=="})) == [
        ("warning", "no-xds-file", 'binaryData["cds.pb"]')
    ]
    assert problems(config_map({}, binaryData=[1])) == [("error", "invalid-config", "binaryData")]


def test_a_misspelt_field_is_told() -> None:
    assert problems(config_map({}, dta={})) == [("error", "unknown-field", "dta")]
    assert problems(config_map({}, immutable=True)) == []


def eds(**source: Any) -> dict[str, Any]:
    return {**WEB, "eds_cluster_config": {"eds_config": source}}


def test_what_is_a_key_of_the_same_map_is_asked_for_over_ads() -> None:
    cds = eds(path_config_source={"path": "/srv/current/eds.yaml"})
    files = {"cds.yaml": json.dumps(cds), "eds.yaml": "resources: []"}
    (draft,) = STEP.translate(config_map(files)).drafts
    assert draft.json == eds(ads={}, resource_api_version="V3")
    assert problems(config_map(files)) == []


@pytest.mark.parametrize("other", [{}, {"eds.yaml": "node: {}"}, {"eds.yaml.bak": "x"}])
def test_what_is_none_is_said_and_stays_a_file(other: dict[str, str]) -> None:
    cds = eds(path_config_source={"path": "/srv/current/eds.yaml"})
    translation = STEP.translate(config_map({"cds.yaml": json.dumps(cds), **other}))
    assert [each.json for each in translation.drafts] == [cds]
    (problem,) = (each for each in translation.problems if each.code == "file-source")
    assert problem.level is Level.WARNING
    assert show_path(problem.path) == 'data["cds.yaml"].eds_cluster_config.eds_config.path_config_source'
    assert "current" not in str(problem)


def annotated(selector: Any) -> ManifestObject:
    of = config_map({"a.yaml": json.dumps(WEB)})
    body = {**of.body, "metadata": {**of.body["metadata"], "annotations": selector}}
    return ManifestObject(key=of.key, api_version="v1", body=body, labels=of.labels)


def test_the_annotation_says_who_gets_it() -> None:
    (draft,) = STEP.translate(annotated({"legation.dev/workload-selector": "app=edge"})).drafts
    assert draft.scope == Scope(namespace="default", labels=frozenset({("app", "edge")}))


@pytest.mark.parametrize(
    ("labels", "level", "code"),
    [
        ({"legation.dev/xds": "True"}, "error", "not-labelled"),
        ({"legation.dev/xds": "yes"}, "error", "not-labelled"),
        ({"legation.dev/xds": "edge"}, "warning", "not-labelled"),
        ({"legation.dev/xsd": "true"}, "error", "unknown-field"),
    ],
)
def test_what_is_almost_the_label_is_told(labels: dict[str, str], level: str, code: str) -> None:
    """Nothing of it is read."""
    other = config_map({"cds.yaml": json.dumps({"resources": [WEB]})}, labels=labels)
    (name,) = labels
    assert problems(other) == [(level, code, f'metadata.labels["{name}"]')]
    assert not STEP.translate(other).drafts


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("legation.dev/workload-selectors", "error"),
        ("legation.dev/workloadSelector", "error"),
        ("legaton.dev/workload-selector", "error"),
        ("legation.dev/xds", "error"),
        ("legation.dev/owner", "warning"),
    ],
)
def test_a_misspelt_annotation_gives_the_files_to_nobody(name: str, level: str) -> None:
    """Without the selector all would get them. What resembles nothing of ours is told, too."""
    found = STEP.translate(annotated({name: "app=edge", "example.com/owner": "us"}))
    assert [(each.level.value, each.code, show_path(each.path)) for each in found.problems] == [
        (level, "unknown-field", f'metadata.annotations["{name}"]')
    ]
    assert bool(found.drafts) is (level == "warning")


def test_the_annotation_is_no_label() -> None:
    labels = {**LABEL, "legation.dev/workload-selector": "edge", "app": "edge"}
    (problem,) = STEP.translate(config_map({}, labels=labels)).problems
    assert (problem.level, problem.path[1]) == (Level.ERROR, "labels")
    assert problem.mend == 'did you mean "legation.dev/workload-selector", one of the annotations?'


@pytest.mark.parametrize("annotations", [{"legation.dev/workload-selector": "app"}, ["x"]])
def test_if_it_cannot_be_understood_nobody_gets_it(annotations: Any) -> None:
    translation = STEP.translate(annotated(annotations))
    assert not translation.drafts
    assert [(each.level, each.code) for each in translation.problems] == [(Level.ERROR, "invalid-selector")]
