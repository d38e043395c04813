"""What an API server says, word for word as 1.34 says it, in the terms of a store."""

from __future__ import annotations

import pytest

from legation.errors import (
    FieldConflicts,
    InvalidObjects,
    KubeCause,
    KubeError,
    KubeUnreachable,
    StoreError,
    StoreForbidden,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.sources.stored_in_cluster.refusals import of_read, of_write

KIND = ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")
KEY = ObjectKey("bootes.io", "Cluster", "shop", "a")
TYPES = "failed to create typed patch object (/a; bootes.io/v1, Kind=Cluster): "


def told(status: int, words: str, *causes: tuple[str, str, str], reason: str = "") -> StoreError:
    """Return what becomes of a refusal of the third object."""
    named = tuple(KubeCause(reason=each[0], field=each[1], message=each[2]) for each in causes)
    error = KubeError.of(status, reason, f"PATCH /a: {status}: {words}", words=words, causes=named)
    return of_write(error, index=2, key=KEY, kind=KIND, wanted="7")


def faults(error: StoreError) -> list[tuple[int, str, str]]:
    assert isinstance(error, InvalidObjects)
    return [(each.index, each.path, each.message) for each in error.faults]


def test_conflicts_are_told_field_by_field() -> None:
    causes = [
        ("FieldManagerConflict", ".spec.config.a", 'conflict with "one"'),
        ("FieldManagerConflict", ".metadata.labels.x", 'conflict with "kubectl" using v1'),
    ]
    error = told(409, "Apply failed with 2 conflicts", *causes, reason="Conflict")
    assert isinstance(error, FieldConflicts)
    assert [(each.index, each.path, each.manager) for each in error.conflicts] == [
        (2, "spec.config.a", "one"),
        (2, "metadata.labels.x", "kubectl"),
    ]


def test_another_version_is_a_conflict_of_versions() -> None:
    error = told(409, "the object has been modified", reason="Conflict")
    assert isinstance(error, VersionConflict)
    assert (error.index, error.key, error.wanted) == (2, KEY, "7")


def test_causes_are_told_once_each() -> None:
    cause = ("FieldValueInvalid", "metadata.labels", "Invalid value")
    assert faults(told(422, "is invalid", cause, cause, reason="Invalid")) == [(2, "metadata.labels", "Invalid value")]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (TYPES + ".spec: expected map, got &{x}", [(2, "spec", "expected map")]),
        (
            TYPES + "errors:\n  .spec.config: expected map, got &{3}\n  .spec.b.a: expected string, got &value{1}",
            [(2, "spec.config", "expected map"), (2, "spec.b.a", "expected string")],
        ),
        (TYPES + "errors:\n  .x: field not declared in schema", [(2, "x", "field not declared in schema")]),
        (
            'strconv.ParseUint: parsing "abc": invalid syntax',
            [(2, "metadata.resourceVersion", "it must be a number in quotes")],
        ),
    ],
)
def test_values_of_the_wrong_type_are_told_without_the_value(words: str, found: list[tuple[int, str, str]]) -> None:
    assert faults(told(500, words)) == found


@pytest.mark.parametrize("status", [400, 403, 422])
def test_other_refusals_are_told_in_their_words(status: int) -> None:
    words = 'admission webhook "a.example.com" denied the request: no'
    assert faults(told(status, words)) == [(2, "", words)]


def test_a_rule_that_is_missing_is_named() -> None:
    words = 'clusters.bootes.io "a" is forbidden: User "x" cannot patch resource "clusters" in API group "bootes.io"'
    for error in (told(403, words, reason="Forbidden"), of_read(KubeError.of(403, "Forbidden", words, words=words))):
        assert isinstance(error, StoreForbidden)
        assert 'bound to x must allow verbs: ["patch"] on apiGroups: ["bootes.io"]' in error.mend


def test_what_is_not_there_is_told_by_what_is_missing() -> None:
    assert [each[1] for each in faults(told(404, 'namespaces "shop" not found', reason="NotFound"))] == [
        "metadata.namespace"
    ]
    assert [each[1] for each in faults(told(404, "404 page not found"))] == ["kind"]
    assert isinstance(told(404, "<html>"), StoreUnavailable)


def test_what_says_nothing_about_the_object_is_about_the_cluster() -> None:
    for status in (429, 500, 503):
        assert isinstance(told(status, "not now"), StoreUnavailable)
    assert isinstance(of_write(KubeUnreachable("gone"), index=0, key=KEY, kind=KIND), StoreUnavailable)


def is_uncertain(error: KubeError | KubeUnreachable, *, dry_run: bool = False) -> bool:
    """Say whether the object may have been written, and see that it is named then."""
    found = of_write(error, index=0, key=KEY, kind=KIND, dry_run=dry_run)
    assert isinstance(found, StoreUnavailable)
    assert (str(KEY) in str(found)) is found.may_be_done
    assert ("not known" in str(found)) is found.may_be_done
    return found.may_be_done


@pytest.mark.parametrize(("status", "found"), [(429, False), (500, True), (502, True), (503, True), (504, True)])
def test_whether_it_was_written_is_not_known_where_the_server_itself_fails(status: int, *, found: bool) -> None:
    error = KubeError.of(status, "", f"PATCH /a: {status}: etcdserver: request timed out")
    assert is_uncertain(error) is found
    assert not is_uncertain(error, dry_run=True)


@pytest.mark.parametrize("was_asked", [True, False])
def test_whether_it_was_written_is_not_known_where_the_connection_breaks(*, was_asked: bool) -> None:
    error = KubeUnreachable("gone", was_asked=was_asked)
    assert is_uncertain(error) is was_asked
    assert not is_uncertain(error, dry_run=True)
