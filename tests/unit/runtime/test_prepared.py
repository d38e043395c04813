"""Readings of what somebody is about to store are used when it is served."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from legation.model.objects import ManifestObject
from legation.runtime import read as module
from legation.runtime.prepared import MOST, MOST_BYTES, Prepared
from legation.runtime.read import Reading
from tests.manifests import manifest


class Reader:
    """Reads, and notes what it is given."""

    def __init__(self) -> None:
        self.read: list[tuple[ManifestObject, Reading | None]] = []
        self.prepared = Prepared(self)

    def __call__(self, it: ManifestObject, previous: Reading | None) -> Reading:
        self.read.append((it, previous))
        return module.read(it, previous)


def cluster(name: str = "web", **metadata: Any) -> ManifestObject:
    config = {"name": name, "type": "STATIC", "load_assignment": {"cluster_name": name}}
    made = manifest("Cluster", name, spec={"config": config})
    return replace(made, body={**made.body, "metadata": {**made.body["metadata"], **metadata}})


def test_the_very_same_body_is_read_once() -> None:
    reader, asked = Reader(), cluster()
    found = reader.prepared.prepare(asked, None)
    served = replace(asked)

    reading = reader.prepared.read(served, None)

    assert len(reader.read) == 1
    assert reading.manifest is served
    assert [each.manifest for each in reading.items] == [served]
    assert [each.resource for each in reading.items] == [each.resource for each in found.items]


def test_another_body_with_the_same_content_is_not_encoded_again() -> None:
    reader = Reader()
    found = reader.prepared.prepare(cluster(), None)

    reading = reader.prepared.read(cluster(resourceVersion="7"), None)

    assert len(reader.read) == 2
    assert [each.resource for each in reading.items] == [each.resource for each in found.items]


def test_another_place_or_age_is_another_object() -> None:
    reader, asked = Reader(), cluster()
    reader.prepared.prepare(asked, None)
    reader.prepared.read(replace(asked, created="2026-01-01T00:00:00Z"), None)
    assert len(reader.read) == 2


def test_what_was_prepared_is_used_once() -> None:
    reader, asked = Reader(), cluster()
    reader.prepared.prepare(asked, None)
    reader.prepared.read(replace(asked), None)
    reader.prepared.read(replace(asked), None)
    assert len(reader.read) == 2


def test_no_more_are_remembered_than_may_be() -> None:
    reader, first = Reader(), cluster("first")
    reader.prepared.prepare(first, None)
    for number in range(MOST):
        reader.prepared.prepare(cluster(f"c-{number}"), None)
    reads = len(reader.read)
    reader.prepared.read(replace(first), None)
    assert len(reader.read) == reads + 1


def large(name: str) -> ManifestObject:
    """Return one of which four are more than may be."""
    metadata = {"filter_metadata": {"all": {"text": "x" * (MOST_BYTES // 3)}}}
    config = {"name": name, "type": "STATIC", "metadata": metadata}
    return manifest("Cluster", name, spec={"config": config})


def is_remembered(reader: Reader, it: ManifestObject) -> bool:
    reads = len(reader.read)
    reader.prepared.read(replace(it), None)
    return len(reader.read) == reads


def test_no_more_bytes_are_remembered_than_may_be() -> None:
    reader, every = Reader(), [large(f"c-{number}") for number in range(4)]
    for each in every:
        reader.prepared.prepare(each, None)
    assert [is_remembered(reader, each) for each in every] == [False, False, True, True]


def test_the_bytes_of_what_is_used_or_forgotten_or_prepared_again_are_not_counted() -> None:
    reader, one, other, third = Reader(), *map(large, ("one", "other", "third"))
    for _ in range(4):
        reader.prepared.prepare(one, None)
    reader.prepared.prepare(other, None)
    reader.prepared.read(replace(other), None)
    reader.prepared.prepare(other, None)
    reader.prepared.forget([other.key])
    reader.prepared.prepare(third, None)
    assert [is_remembered(reader, each) for each in (one, other, third)] == [True, False, True]


def test_the_newest_is_remembered_however_large_it_is() -> None:
    reader, one = Reader(), cluster("one")
    config = {"name": "all", "type": "STATIC", "metadata": {"filter_metadata": {"a": {"b": "x" * MOST_BYTES}}}}
    huge = manifest("Cluster", "all", spec={"config": config})
    reader.prepared.prepare(one, None)
    reader.prepared.prepare(huge, None)
    assert [is_remembered(reader, each) for each in (one, huge)] == [False, True]


def test_what_is_forgotten_is_read_anew() -> None:
    reader, asked = Reader(), cluster()
    reader.prepared.prepare(asked, None)
    reader.prepared.forget([asked.key])
    assert not is_remembered(reader, asked)
