"""What stored objects may be called."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.objects import show_path
from legation.sources.stored.names import name_faults
from tests.unit.sources.stored.stored_things import thing


def wrong(**changes: Any) -> list[str]:
    return [show_path(path) for path, message, mend in name_faults({**thing("a"), **changes}) if message and mend]


@pytest.mark.parametrize("name", ["a", "a-b.c", "0", "xn--a", "a" * 253, "1.2.3.4"])
def test_names_of_objects(name: str) -> None:
    assert wrong(metadata={"name": name}) == []


@pytest.mark.parametrize(
    "name", ["A", "a_b", "-a", "a-", "a..b", ".a", "a.", "a/b", "..", "a b", "ä", "a\n", "a" * 254]
)
def test_no_names_of_objects(name: str) -> None:
    assert wrong(metadata={"name": name}) == ["metadata.name"]


@pytest.mark.parametrize("namespace", ["a.b", "A", "a" * 64, "a/b", "..", "-"])
def test_no_names_of_namespaces(namespace: str) -> None:
    assert wrong(metadata={"name": "a", "namespace": namespace}) == ["metadata.namespace"]


@pytest.mark.parametrize("version", ["v1", "apps/v1", "bootes.io/v1", "a.b-c.d/v1alpha1"])
def test_api_versions(version: str) -> None:
    assert wrong(apiVersion=version) == []


@pytest.mark.parametrize("version", ["/v1", "a/", "a/b/c", "A/v1", "../v1", "a/V1", "v1\n", "a b/v1"])
def test_no_api_versions(version: str) -> None:
    assert wrong(apiVersion=version) == ["apiVersion"]


@pytest.mark.parametrize("kind", ["..", "a/b", "1a", "Ä", "A b", "A-", "A" * 64])
def test_no_kinds(kind: str) -> None:
    assert wrong(kind=kind) == ["kind"]


def test_labels_and_annotations() -> None:
    good = {"a": "", "a.b/c": "D_e.f-1", "app.kubernetes.io/name": "x" * 63}
    assert wrong(metadata={"name": "a", "labels": good, "annotations": {**good, "free": "any text\nat all"}}) == []
    assert wrong(metadata={"name": "a", "labels": {"/a": "x", "a/": "x", "A.b/c": "x", "-": "x"}}) == [
        'metadata.labels["/a"]',
        'metadata.labels["a/"]',
        'metadata.labels["A.b/c"]',
        "metadata.labels.-",
    ]
    assert wrong(metadata={"name": "a", "labels": {"a": "b c"}}) == ["metadata.labels.a"]
    assert wrong(metadata={"name": "a", "labels": {"a": "x" * 64}}) == ["metadata.labels.a"]
    assert wrong(metadata={"name": "a", "annotations": {"a": 1}}) == ["metadata.annotations.a"]
    assert wrong(metadata={"name": "a", "annotations": ["a"]}) == ["metadata.annotations"]
