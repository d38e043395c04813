from __future__ import annotations

from typing import Any

import pytest
from google.rpc import code_pb2, error_details_pb2

from legation.api.management import failures
from legation.api.management.refused import Refused
from legation.errors import (
    Compacted,
    FieldConflicts,
    InvalidObjects,
    InvalidQuery,
    KubeUnreachable,
    LegationError,
    ObjectFault,
    ObjectNotFound,
    OwnedField,
    PartlyStored,
    SourceError,
    StoreForbidden,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Problem

KEY = ObjectKey("bootes.io", "Cluster", "default", "web")


def field(index: int, path: str) -> str:
    return f"items[{index}].object.{path}"


def detail(refused: Refused, kind: str) -> Any:
    found = getattr(error_details_pb2, kind)()
    assert any(each.Unpack(found) for each in refused.status.details)
    return found


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (InvalidObjects((ObjectFault(index=0, path="", message="m"),)), "INVALID_ARGUMENT", "INVALID_OBJECT"),
        (InvalidQuery("labels", "m"), "INVALID_ARGUMENT", "INVALID_QUERY"),
        (ObjectNotFound(KEY), "NOT_FOUND", "OBJECT_NOT_FOUND"),
        (FieldConflicts((OwnedField(index=0, path="a", manager="b"),)), "ABORTED", "FIELD_CONFLICT"),
        (VersionConflict(0, KEY, "1", "2"), "ABORTED", "VERSION_CONFLICT"),
        (Compacted(1, 2), "OUT_OF_RANGE", "RESUME_TOKEN_TOO_OLD"),
        (StoreUnavailable("the disk is full"), "UNAVAILABLE", "STORE_UNAVAILABLE"),
        (StoreUnavailable("it ended", may_be_done=True), "UNAVAILABLE", "MAY_BE_STORED"),
        (StoreForbidden("r", mend="m"), "PERMISSION_DENIED", "STORE_FORBIDS"),
        (PartlyStored((KEY,), StoreUnavailable("gone")), "UNAVAILABLE", "PARTLY_STORED"),
    ],
    ids=str,
)
def test_each_error_has_its_code_and_its_word(error: LegationError, code: str, reason: str) -> None:
    refused = failures.refused(error, field)
    assert refused is not None
    assert refused.status.code == code_pb2.Code.Value(code)
    assert (refused.reason, detail(refused, "ErrorInfo").domain) == (reason, "legation.dev")
    if code == "UNAVAILABLE" and reason not in {"PARTLY_STORED", "MAY_BE_STORED"}:
        assert detail(refused, "RetryInfo").retry_delay.seconds == 1


def test_what_no_call_is_refused_for_is_none_of_its_business() -> None:
    assert failures.refused(SourceError("s", "m"), field) is None
    assert failures.refused(KubeUnreachable("a store tells of it in its own terms"), field) is None


def test_faults_of_objects_name_the_field_and_how_to_mend_it() -> None:
    fault = ObjectFault(index=2, path="metadata.name", message="it is empty", mend="write one")
    refused = failures.refused(InvalidObjects((fault,)), field)
    assert refused is not None
    [violation] = detail(refused, "BadRequest").field_violations
    assert (violation.field, violation.description) == ("items[2].object.metadata.name", "it is empty (write one)")


def test_arguments_are_called_as_the_request_calls_them() -> None:
    for argument, name in (("labels", "label_selector"), ("token", "page_token"), ("manager", "field_manager")):
        refused = failures.refused(InvalidQuery(argument, "m"), field)
        assert refused is not None
        assert detail(refused, "BadRequest").field_violations[0].field == name


def test_conflicts_name_the_field_and_its_owner() -> None:
    conflict = OwnedField(index=1, path="spec.weight", manager="them")
    refused = failures.refused(FieldConflicts((conflict,)), field)
    assert refused is not None
    [violation] = detail(refused, "PreconditionFailure").violations
    assert (violation.type, violation.subject) == ("FIELD_OWNED", "items[1].object.spec.weight")
    assert '"them"' in violation.description


@pytest.mark.parametrize(("of", "path"), [("resourceVersion", "metadata.resourceVersion"), ("uid", "metadata.uid")])
def test_another_version_names_the_field_that_said_it(of: str, path: str) -> None:
    refused = failures.refused(VersionConflict(0, KEY, "1", "", of=of), field)
    assert refused is not None
    [violation] = detail(refused, "PreconditionFailure").violations
    assert (violation.subject, violation.description) == (f"items[0].object.{path}", "it is not there")


def test_what_is_not_there_is_named() -> None:
    info = detail(failures.not_found(KEY), "ResourceInfo")
    assert (info.resource_type, info.resource_name) == ("bootes.io/Cluster", "default/web")


def test_what_another_source_has_is_told_with_its_place() -> None:
    place = Place("web.yaml", 3, 1)
    refused = failures.held_elsewhere([("items[0].object", KEY, "directory /etc", place)])
    assert refused.status.code == code_pb2.FAILED_PRECONDITION
    assert "web.yaml:3:1" in refused.status.message
    assert detail(refused, "PreconditionFailure").violations[0].subject == "items[0].object"


def test_problems_of_objects_are_told_by_field() -> None:
    problem = Problem(code="unknown-field", message="this is wrong", mend="do that")
    [violation] = detail(failures.wrong([("items[0].object.spec", problem)]), "BadRequest").field_violations
    assert (violation.field, violation.description) == ("items[0].object.spec", "this is wrong (do that)")
    assert violation.reason == "UNKNOWN_FIELD"
