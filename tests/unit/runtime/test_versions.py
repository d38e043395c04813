from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from legation.model.objects import ManifestObject
from legation.runtime.versions import is_as_new, is_later
from tests.manifests import cluster


def version(number: str, **metadata: Any) -> ManifestObject:
    it = cluster("web")
    return replace(it, body={**it.body, "metadata": {**it.metadata, "resourceVersion": number, **metadata}})


@pytest.mark.parametrize(("number", "so"), [("9", False), ("10", True), ("11", True), ("", False), ("x", False)])
def test_another_content_must_be_as_new(number: str, so: bool) -> None:  # noqa: FBT001 - a column of the table
    wanted = version("10")
    wanted = replace(wanted, body={**wanted.body, "spec": {"config": {"name": "other"}}})
    assert is_as_new(version(number), wanted) is so


def test_what_says_the_same_is_as_new_whatever_its_number_is() -> None:
    """The source of a cluster does not notice that a status was written."""
    assert is_as_new(version("9"), version("10"))
    wanted = version("10")
    assert is_as_new(version("9"), replace(wanted, body={**wanted.body, "status": {"conditions": []}}))
    assert is_as_new(version("9", uid="u"), version("10", managedFields=[]))


def test_labels_and_annotations_are_what_it_says_too() -> None:
    for each in ("labels", "annotations"):
        assert not is_as_new(version("9"), version("10", **{each: {"a": "b"}}))
        assert is_as_new(version("9", **{each: {"a": "b"}}), version("10", **{each: {"a": "b"}}))
        assert is_as_new(version("9"), version("10", **{each: {}}))


@pytest.mark.parametrize(
    ("version", "than", "found"),
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("a", "9", True), ("a", "a", False), ("9", "", True)],
)
def test_a_later_version(version: str, than: str, *, found: bool) -> None:
    assert is_later(version, than=than) is found
