from __future__ import annotations

from typing import TYPE_CHECKING, Any

from legation.model.node import Scope, Workload
from legation.model.objects import ManifestObject
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER, LISTENER, RESOURCE_TYPES
from legation.runtime.read import read, read_safely
from tests.manifests import cluster, manifest

if TYPE_CHECKING:
    import pytest

GOOD: dict[str, Any] = {"@type": CLUSTER.url, "name": "good", "connect_timeout": "1s"}
BAD: dict[str, Any] = {"@type": CLUSTER.url, "name": "bad", "connect_timeuot": "1s"}


def resources(*items: dict[str, Any], **metadata: Any) -> ManifestObject:
    return manifest(
        "EnvoyResources", "all", api_version="legation.dev/v1alpha1", spec={"resources": list(items)}, **metadata
    )


def test_a_good_object_becomes_items() -> None:
    """Each with its resource, who gets it, and where it comes from."""
    of = cluster("backend", namespace="shop")
    reading = read(of)
    (item,) = reading.items

    assert (item.resource.type, item.resource.name, item.resource.origin) == (CLUSTER, "backend", of.key)
    assert item.scope == Scope(namespace="shop")
    assert item.manifest is of
    assert item.path == ("spec", "config")
    assert not reading.broken
    assert reading.may_hold == {CLUSTER}


def test_a_pod_becomes_a_workload() -> None:
    """It makes no resources."""
    reading = read(manifest("Pod", "web", api_version="v1", labels={"app": "edge"}))

    assert reading.workloads == {"web.default": Workload(namespace="default", labels=frozenset({("app", "edge")}))}
    assert reading.items == ()


def test_what_is_wrong_with_a_resource_is_told_with_its_path_in_the_object() -> None:
    """Object, place and the whole path, so that the field is found."""
    of = cluster(config=BAD)
    (problem,) = read(of).problems

    assert (problem.object, problem.place) == (of.key, of.place)
    assert problem.path == ("spec", "config", "connect_timeuot")
    assert problem.level is Level.ERROR
    assert "connect_timeout" in problem.mend


def test_one_broken_resource_breaks_the_whole_object() -> None:
    """All or nothing."""
    reading = read(resources(GOOD, BAD))

    assert reading.broken
    assert reading.items == ()
    assert [problem.path[:3] for problem in reading.problems] == [("spec", "resources", 1)]
    assert reading.may_hold == set(RESOURCE_TYPES)


def test_an_object_of_an_unknown_kind_holds_nothing() -> None:
    """A ConfigMap that lies beside is no fault."""
    reading = read(manifest("ConfigMap", api_version="v1"))

    assert reading.items == ()
    assert not reading.broken


def test_only_the_resource_that_changed_is_encoded_again() -> None:
    """The others are the same Python objects, wherever in the list they stand now."""
    address = {"pipe": {"path": "/run/good.sock"}}
    listener = {"@type": LISTENER.url, "name": "good", "address": address, "default_filter_chain": {}}
    earlier = read(resources(GOOD, listener))
    later = read(resources({**GOOD, "name": "first"}, {**GOOD, "connect_timeout": "2s"}, listener), earlier)

    assert later.items[2].resource is earlier.items[1].resource
    assert later.items[1].resource is not earlier.items[0].resource


def test_two_that_are_the_same_stay_two() -> None:
    """They are rivals for one name, however often the object is read."""
    earlier = read(resources(GOOD, GOOD))
    later = read(resources(GOOD, GOOD, line=9), earlier)

    assert later.items[0].resource is earlier.items[0].resource
    assert later.items[1].resource is not later.items[0].resource


def test_resources_are_taken_over_from_a_broken_version_too() -> None:
    """Mending one of them costs one."""
    broken = read(resources(GOOD, BAD))
    mended = read(resources(GOOD), broken)

    assert mended.items[0].resource is broken.encoded[0][1].resource


def test_findings_of_what_did_not_change_are_told_again() -> None:
    """A problem does not vanish because something else was edited."""
    broken = read(resources(BAD))
    moved = read(resources(BAD, line=9), broken)

    assert [problem.code for problem in moved.problems] == [problem.code for problem in broken.problems]
    assert moved.problems[0].place == moved.manifest.place


def test_one_and_true_are_not_the_same() -> None:
    """Mending `1` to `true` is a change, though Python takes them for equal."""
    broken = read(resources({**GOOD, "track_cluster_stats": {"timeout_budgets": 1}}))
    mended = read(resources({**GOOD, "track_cluster_stats": {"timeout_budgets": True}}), broken)

    assert broken.broken
    assert not mended.broken


def test_where_this_program_fails_the_object_is_broken_and_may_hold_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    of = cluster("backend")
    assert not read_safely(of, None, unknown_fields=Level.ERROR).broken
    monkeypatch.setattr("legation.runtime.read.read", None)
    reading = read_safely(of, None, unknown_fields=Level.ERROR)

    assert [(each.code, each.object, each.place) for each in reading.problems] == [("internal-error", of.key, of.place)]
    assert reading.broken
    assert reading.may_hold == set(RESOURCE_TYPES)
