"""Objects as their owners wrote them: what is kept, and what is a change."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.sources.kubernetes.manifests import ManifestReader, read_manifest
from legation.translate.pipeline import API_KINDS
from tests.unit.sources.kubernetes.api_objects import Told, metadata

CLUSTERS = ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")
ROUTES = ApiKind(group="bootes.io", version="v1", kind="Route", plural="routes")
KEY = ObjectKey("bootes.io", "Cluster", "shop", "web")


def cluster(name: str = "web", *, config: Any = None, **more: Any) -> dict[str, Any]:
    """A Cluster as the API server tells it."""
    return {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": metadata(name, generation=1, creationTimestamp="2030-01-01T00:00:00Z", labels={"team": "edge"}),
        "spec": {"config": config or {"name": name}},
        **more,
    }


@pytest.fixture
def reader() -> ManifestReader:
    return ManifestReader([CLUSTERS, ROUTES])


def test_what_is_kept() -> None:
    found = read_manifest(CLUSTERS, cluster(status={"conditions": []}))
    assert found.key == KEY
    assert (found.api_version, found.labels, found.created) == (
        "bootes.io/v1",
        {"team": "edge"},
        "2030-01-01T00:00:00Z",
    )
    assert found.place is None
    assert found.body == {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "uid-of-web",
            "generation": 1,
            "labels": {"team": "edge"},
            "creationTimestamp": "2030-01-01T00:00:00Z",
        },
        "spec": {"config": {"name": "web"}},
    }


def test_a_member_of_a_list_need_not_say_what_it_is() -> None:
    bare = {key: value for key, value in cluster().items() if key not in {"apiVersion", "kind"}}
    assert read_manifest(CLUSTERS, bare).body == read_manifest(CLUSTERS, cluster()).body


def test_our_own_annotations_are_kept(reader: ManifestReader) -> None:
    told = Told(reader)
    ours = {"legation.dev/workload-selector": "app=edge"}
    told.put("Cluster", cluster(metadata=metadata("web", annotations={**ours, "tool/note": "1"})))
    before = reader.objects()[KEY]
    assert before.body["metadata"]["annotations"] == ours
    assert not told.put("Cluster", cluster(metadata=metadata("web", annotations={**ours, "tool/note": "2"})))
    assert told.put("Cluster", cluster(metadata=metadata("web", annotations={"tool/note": "2"})))
    assert "annotations" not in reader.objects()[KEY].body["metadata"]


PIPES = ApiKind(group="example.com", version="v1", kind="Pipe", plural="pipes", finalizer="example.com/delete")
PIPE = ObjectKey("example.com", "Pipe", "shop", "web")


def pipe(*finalizers: str, **more: Any) -> dict[str, Any]:
    told = metadata("web", finalizers=list(finalizers), **more)
    return {"apiVersion": "example.com/v1", "kind": "Pipe", "metadata": told}


def test_of_a_kind_that_waits_for_us_it_is_kept_that_an_object_is_to_go() -> None:
    reader = ManifestReader([PIPES])
    told = Told(reader)
    assert told.put("Pipe", pipe("example.com/other"))
    before = reader.objects()[PIPE]
    assert before.body["metadata"].keys().isdisjoint({"finalizers", "deletionTimestamp"})
    assert not told.put("Pipe", pipe())
    assert told.put("Pipe", pipe("example.com/other", "example.com/delete"))
    assert reader.objects()[PIPE].body["metadata"]["finalizers"] == ["example.com/delete"]
    assert not told.put("Pipe", pipe("example.com/delete", "example.com/another"))
    deleted = {"deletionTimestamp": "2030-01-02T00:00:00Z"}
    assert told.put("Pipe", pipe("example.com/delete", "example.com/other", **deleted))
    assert reader.objects()[PIPE].body["metadata"]["deletionTimestamp"] == "2030-01-02T00:00:00Z"
    assert told.put("Pipe", pipe("example.com/other", **deleted))
    left = reader.objects()[PIPE].body["metadata"]
    assert ("finalizers" in left, "deletionTimestamp" in left) == (False, True)


@pytest.mark.parametrize("odd", [None, "example.com/delete", {}, 3])
def test_finalizers_that_are_none_are_none(odd: Any) -> None:
    found = read_manifest(PIPES, {"metadata": {**metadata("web"), "finalizers": odd, "deletionTimestamp": None}})
    assert found.body["metadata"].keys().isdisjoint({"finalizers", "deletionTimestamp"})


SPLITS = ApiKind(group="smi.io", version="v3", kind="Split", plural="splits", older=("v2", "v1"))


@pytest.mark.parametrize(
    ("told", "version"), [("smi.io/v2", "smi.io/v2"), (None, "smi.io/v3"), ("smi.io/v9", "smi.io/v3")]
)
def test_an_object_is_of_the_version_that_it_is_told_in(told: str | None, version: str) -> None:
    said = {} if told is None else {"apiVersion": told}
    found = read_manifest(SPLITS, {"metadata": metadata("web"), **said})
    assert (found.api_version, found.body["apiVersion"]) == (version, version)


def test_an_object_may_have_no_labels_and_no_date() -> None:
    found = read_manifest(CLUSTERS, {"metadata": {"name": "web", "namespace": "shop", "labels": None}})
    assert (found.labels, found.created) == ({}, "")


@pytest.mark.parametrize("read", [{}, {"metadata": None}, {"metadata": []}, {"metadata": {"name": ""}}])
def test_what_has_no_name_is_not_read(read: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"no metadata\.name"):
        read_manifest(CLUSTERS, read)


def test_every_kind_is_watched_with_the_selector_in_the_namespaces_that_are_read() -> None:
    watched = ManifestReader(API_KINDS, namespaces=("shop",), selector="team=edge").watched
    assert [each.kind for each in watched] == list(API_KINDS)
    assert {each.namespaces for each in watched} == {("shop",)}
    asked = {each.kind.plural: each.label_selector for each in watched}
    # Of ConfigMaps no others are read, whatever is asked for.
    assert asked.pop("configmaps") == "legation.dev/xds=true,team=edge"
    assert set(asked.values()) == {"team=edge"}
    assert {"clusters", "listeners", "routes", "endpoints", "envoyresources"} <= {each.kind.plural for each in watched}


@pytest.mark.parametrize(
    "more",
    [
        {"status": {"conditions": [{"type": "Accepted", "status": "True"}]}},
        {"metadata": metadata("web", resourceVersion="9")},
        {"metadata": metadata("web", managedFields=[], annotations={"kubectl.kubernetes.io/last-applied": "{}"})},
        {"metadata": metadata("web", finalizers=["x"], ownerReferences=[], deletionTimestamp="2030-01-02T00:00:00Z")},
    ],
    ids=["status", "version", "annotations", "deletion"],
)
def test_a_change_without_the_owner_is_none_and_leaves_the_same_python_object(
    reader: ManifestReader, more: dict[str, Any]
) -> None:
    told = Told(reader)
    plain = cluster(metadata=metadata("web"))
    assert told.put("Cluster", plain)
    before = reader.objects()
    assert not told.put("Cluster", {**plain, **more})
    assert reader.objects()[KEY] is before[KEY]


@pytest.mark.parametrize(
    "changed",
    [
        cluster(config={"name": "other"}),
        cluster(metadata=metadata("web", labels={"team": "web"})),
        cluster(config={"name": "web", "weight": True}),
        {key: value for key, value in cluster().items() if key != "spec"},
    ],
    ids=["spec", "labels", "true for 1", "no spec"],
)
def test_a_change_of_the_owner_is_another_object(reader: ManifestReader, changed: dict[str, Any]) -> None:
    told = Told(reader)
    told.put("Cluster", cluster(config={"name": "web", "weight": 1}))
    before = reader.objects()
    assert told.put("Cluster", changed)
    assert reader.objects()[KEY] is not before[KEY]
    assert before[KEY].body["spec"] == {"config": {"name": "web", "weight": 1}}


def test_the_status_that_an_object_was_last_seen_with_is_known(reader: ManifestReader) -> None:
    """For who writes it: it is no part of the object."""
    told = Told(reader)
    assert reader.status(KEY) is None
    told.put("Cluster", cluster())
    assert reader.status(KEY) is None
    statuses: list[dict[str, list[int]]] = [{"conditions": []}, {"conditions": [1]}]
    for status in statuses:
        assert not told.put("Cluster", cluster(status=status))
        assert reader.status(KEY) == status
    told.put("Cluster", cluster(status="odd"))
    assert reader.status(KEY) is None
    told.put("Cluster", cluster(status={"conditions": []}))
    told.gone("Cluster", "web")
    assert reader.status(KEY) is None


def test_objects_come_and_go_and_kinds_are_kept_apart(reader: ManifestReader) -> None:
    told = Told(reader)
    assert told.put("Cluster", cluster(), cluster("other"))
    assert told.put("Route", {**cluster(), "kind": "Route"})
    assert {(key.kind, key.name) for key in reader.objects()} == {
        ("Cluster", "web"),
        ("Cluster", "other"),
        ("Route", "web"),
    }
    assert told.gone("Cluster", "web")
    assert not told.gone("Cluster", "web")
    assert {(key.kind, key.name) for key in reader.objects()} == {("Cluster", "other"), ("Route", "web")}


def test_what_was_handed_out_does_not_change(reader: ManifestReader) -> None:
    told = Told(reader)
    told.put("Cluster", cluster())
    before = reader.objects()
    told.gone("Cluster", "web")
    assert before.keys() == {KEY}


def test_an_object_that_is_nested_too_deep_is_not_read() -> None:
    """Nor compared, which would fail where it was only just read."""
    decode = ManifestReader([CLUSTERS]).watched[0].decode
    start, end = b'{"metadata": {"name": "a", "namespace": "shop"}, "spec": {"config": ', b"}}"
    manifest, _ = decode(msgspec.Raw(start + b"[" * 150 + b"]" * 150 + end))
    assert manifest.key.name == "a"
    for levels in (250, 900, 982, 5000):
        with pytest.raises(msgspec.ValidationError, match="nested more than 200 levels deep"):
            decode(msgspec.Raw(start + b"[" * levels + b"]" * levels + end))
