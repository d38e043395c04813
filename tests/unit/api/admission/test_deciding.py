"""What is refused and what is let pass, object by object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from legation.api.admission.deciding import Deciding
from legation.api.admission.review import ALLOWED, Decision
from legation.kube.label_selector import label_selector
from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.runtime.read import read
from legation.runtime.what_if import WhatIf
from legation.translate.pipeline import API_KINDS
from tests.unit.api.admission.reviews import cluster, good, request

Object = dict[str, Any]

GOOD = good()
BAD = cluster(connect_timeout="soon")
DOUBTFUL = cluster(typed_extension_protocol_options={"a": {"@type": "type.googleapis.com/a.b.C"}})
WITH_LABEL = cluster(connect_timeout="soon", metadata={"labels": {"a": "b"}})
LET_GO = cluster(connect_timeout="soon", metadata={"finalizers": []})


def decided(value: Object | None, before: Object | None = None, **others: Any) -> Decision:
    """Return what is decided where nothing else is served."""
    asked = WhatIf(read=read).problems
    return Deciding.of(API_KINDS).decide(request(value, before, **others), asked)


def message(decision: Decision) -> str:
    return decision.refusal.message if decision.refusal else ""


def test_what_is_good_passes_without_a_word() -> None:
    assert decided(GOOD) == ALLOWED
    assert decided(GOOD, BAD) == ALLOWED


def test_what_is_wrong_is_refused_with_the_place_and_no_value() -> None:
    found = decided(BAD)
    assert message(found).startswith("spec.config.connect_timeout: ")
    assert "soon" not in message(found)
    assert message(decided(BAD, GOOD)) == message(found)


def test_what_is_doubtful_passes_with_a_warning() -> None:
    found = decided(DOUBTFUL)
    assert found.refusal is None
    assert any("typed_extension_protocol_options" in each for each in found.warnings)


@pytest.mark.parametrize(
    ("value", "before", "others"),
    [
        (None, BAD, {}),
        (BAD, GOOD, {"subResource": "status"}),
        (BAD, GOOD, {"operation": "CONNECT"}),
        (BAD | {"kind": "Pod", "apiVersion": "v1"}, None, {}),
        (BAD | {"apiVersion": "other.io/v1"}, None, {}),
        (cluster(connect_timeout="soon", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), GOOD, {}),
        (BAD | {"metadata": {"name": "", "namespace": "shop", "generateName": "web-"}}, None, {}),
    ],
    ids=["deletion", "status", "other-operation", "other-kind", "other-group", "being-deleted", "no-name-yet"],
)
def test_what_is_none_of_our_business_passes_without_a_word(
    value: Object | None, before: Object | None, others: Mapping[str, Any]
) -> None:
    assert decided(value, before, **others) == ALLOWED


@pytest.mark.parametrize(
    ("value", "before"),
    [(WITH_LABEL, BAD), (BAD, WITH_LABEL), (LET_GO, BAD), (BAD, BAD), (BAD | {"status": {"a": 1}}, BAD)],
    ids=["label", "no-label", "finalizer", "nothing", "status"],
)
def test_what_was_wrong_before_and_says_the_same_stays_editable(value: Object, before: Object) -> None:
    found = decided(value, before)
    assert found.refusal is None
    assert found.warnings[0] == "it was so before"
    assert "spec.config.connect_timeout" in found.warnings[1]


def test_what_was_wrong_before_and_is_changed_has_to_become_right() -> None:
    assert message(decided(cluster(connect_timeout="later"), BAD)).startswith("spec.config.connect_timeout: ")


def test_of_two_mistakes_one_can_be_mended_first() -> None:
    def twice(*timeouts: str) -> Object:
        made = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
        resources = [
            {"@type": made, "name": f"c{number}", "connect_timeout": each} for number, each in enumerate(timeouts)
        ]
        return {
            "apiVersion": "legation.dev/v1alpha1",
            "kind": "EnvoyResources",
            "metadata": {"name": "many", "namespace": "shop"},
            "spec": {"resources": resources},
        }

    before = twice("soon", "later")
    half = decided(twice("1s", "later"), before)
    assert (half.refusal, half.warnings[0]) == (None, "it was so before")
    above = decided(twice("1s", "1s", "later"), before)
    assert above.refusal is None
    assert "never" not in message(decided(twice("1s", "never"), before))
    assert message(decided(twice("1s", "never"), before)).startswith("spec.resources[1].connect_timeout: ")
    assert message(decided(twice("soon", "later", "x"), before)).startswith("spec.resources[2].connect_timeout: ")


def test_a_clash_with_another_object_is_a_warning() -> None:
    """That one may be about to go: whoever renames an object creates it first, and deletes the other one then."""

    def clashes(manifest: ManifestObject) -> tuple[Problem, ...]:
        wrong = (Problem(code="duplicate-name", message="it is another one's", object=manifest.key),)
        return (*wrong, *WhatIf(read=read).problems(manifest))

    deciding = Deciding.of(API_KINDS)
    created = deciding.decide(request(good()), clashes)
    assert created.refusal is None
    assert created.warnings == ("the first one counts for as long as it is there", "it is another one's")
    broken = deciding.decide(request(BAD, good()), clashes)
    assert message(broken).startswith("spec.config.connect_timeout: ")
    assert "it is another one's" in broken.warnings


def test_metadata_that_means_something_may_break_what_was_good_and_add_to_what_was_wrong() -> None:
    """The annotation of a ConfigMap says who gets its files."""
    ours = {"name": "files", "namespace": "shop", "labels": {"legation.dev/xds": "true"}}
    before = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": ours, "data": {"cds.yaml": "resources: 1"}}
    wrong = {**ours, "annotations": {"legation.dev/workload-selector": "=="}}
    assert decided(before, before).refusal is None
    assert "workload-selector" in message(decided({**before, "metadata": wrong}, before))


def test_what_is_not_read_from_the_cluster_is_not_judged() -> None:
    chosen = label_selector("team=edge")
    deciding = Deciding.of(API_KINDS, is_read=lambda namespace, labels: namespace == "shop" and chosen(labels))
    ours = cluster(connect_timeout="soon", metadata={"labels": {"team": "edge"}})
    elsewhere = cluster(connect_timeout="soon", metadata={"labels": {"team": "edge"}, "namespace": "other"})
    asked = WhatIf(read=read).problems
    assert deciding.decide(request(BAD), asked) == ALLOWED
    assert deciding.decide(request(elsewhere), asked) == ALLOWED
    assert deciding.decide(request(ours), asked).refusal is not None


def test_what_is_nested_too_deep_to_be_read_is_refused_unless_it_was_so_before() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    value = cluster(metadata_filter=deep)
    assert "nested more than 200 levels" in message(decided(value))
    assert decided(value, value).refusal is None


def test_where_this_program_fails_an_object_passes_with_a_warning() -> None:
    def fails(manifest: ManifestObject) -> tuple[Problem, ...]:
        return (Problem(code="internal-error", message="legation itself fails on this object", object=manifest.key),)

    found = Deciding.of(API_KINDS).decide(request(GOOD), fails)
    assert found.refusal is None
    assert found.warnings == ("it was not checked", "legation itself fails on this object")


def test_warnings_stand_beside_a_refusal() -> None:
    def both(manifest: ManifestObject) -> tuple[Problem, ...]:
        return (
            Problem(code="a", message="worse", object=manifest.key),
            Problem(code="b", message="odd", level=Level.WARNING, object=manifest.key),
        )

    found = Deciding.of(API_KINDS).decide(request(GOOD), both)
    assert (message(found), found.warnings) == ("worse", ("odd",))
