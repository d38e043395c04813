"""The annotation that says who gets an object; `spec.workloadSelector` is in `test_raw_config.py`."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.node import Scope
from legation.model.objects import ManifestObject, show_path
from legation.model.problems import Level
from legation.translate.selectors import scope_of_annotation
from tests.manifests import manifest


def annotated(annotations: Any) -> ManifestObject:
    of = manifest("ConfigMap", "edge", api_version="v1", namespace="shop")
    body = {**of.body, "metadata": {"name": "edge", "annotations": annotations}}
    return ManifestObject(key=of.key, api_version="v1", body=body)


@pytest.mark.parametrize("annotations", [None, {}, {"other/annotation": "app=edge"}])
def test_without_it_everybody_gets_it(annotations: Any) -> None:
    assert scope_of_annotation(annotated(annotations)) == (Scope(namespace="shop"), ())


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("app=edge", {"app": "edge"}),
        ("app=edge,tier=front", {"app": "edge", "tier": "front"}),
        (" app=edge , tier=front ", {"app": "edge", "tier": "front"}),
        ("app.kubernetes.io/name=edge-1", {"app.kubernetes.io/name": "edge-1"}),
        ("app=", {"app": ""}),
        ("app=edge,app=edge", {"app": "edge"}),
        (f"a={'x' * 63}", {"a": "x" * 63}),
    ],
)
def test_all_its_labels_count(text: str, labels: dict[str, str]) -> None:
    found = scope_of_annotation(annotated({"legation.dev/workload-selector": text}))
    assert found == (Scope(namespace="shop", labels=frozenset(labels.items())), ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "app",
        "=edge",
        "app=edge,",
        "app==edge",
        "app!=edge",
        "app: edge",
        "app in (edge)",
        "!app",
        "app=a b",
        "app=a=b",
        "-app=edge",
        "app=edge-",
        "a/b/c=d",
        f"a={'x' * 64}",
        "app=é",
        "app=edge,app=other",
        None,
        1,
        True,
        ["app=edge"],
        {"app": "edge"},
    ],
)
def test_any_doubt_is_an_error(text: Any) -> None:
    scope, (problem,) = scope_of_annotation(annotated({"legation.dev/workload-selector": text}))
    assert (problem.level, problem.code) == (Level.ERROR, "invalid-selector")
    assert show_path(problem.path) == 'metadata.annotations["legation.dev/workload-selector"]'
    assert scope == Scope(namespace="shop")
