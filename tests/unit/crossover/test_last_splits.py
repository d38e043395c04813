"""Splits written down, and read again."""

from __future__ import annotations

import json

import pytest

from legation.crossover.last_splits import decoded, encoded
from legation.model.objects import ManifestObject
from tests.unit.crossover.objects import group, split


def manifests() -> list[ManifestObject]:
    """Return a split, in a version that nobody knows, and a group."""
    return [each.kept.manifest for each in (split(version="v9", a="500m", b=3), group("/a")) if each.kept]


def test_what_is_written_is_read_again() -> None:
    every = manifests()
    again = {each.key: each for each in decoded(encoded(every, namespace="shop"), namespace="shop")}
    assert again.keys() == {each.key for each in every}
    for each in every:
        assert (again[each.key].api_version, again[each.key].body) == (each.api_version, each.body)


def test_objects_that_say_the_same_are_the_same_bytes() -> None:
    first, second = manifests(), manifests()
    metadata = dict(second[0].body["metadata"], generation=7, labels={"a": "b"})
    body = {**second[0].body, "metadata": metadata}
    second[0] = ManifestObject(key=second[0].key, api_version=second[0].api_version, body=body)
    assert encoded(first, namespace="shop") == encoded(reversed(second), namespace="shop")


GOOD = json.loads(encoded(manifests(), namespace="shop"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b"\xff",
        b"null",
        json.dumps(GOOD).encode()[:-5],
        json.dumps({**GOOD, "form": 2}).encode(),
        json.dumps({**GOOD, "namespace": "other"}).encode(),
        json.dumps({**GOOD, "objects": [1]}).encode(),
        json.dumps({**GOOD, "objects": [{"apiVersion": "v1"}]}).encode(),
        json.dumps({**GOOD, "objects": [{"apiVersion": "split.smi-spec.io/v1alpha4"}]}).encode(),
    ],
    ids=range(11),
)
def test_other_bytes_are_nothing(content: bytes) -> None:
    assert decoded(content, namespace="shop") == ()
