from __future__ import annotations

from google.rpc import error_details_pb2

from legation.api.management import failures
from legation.api.management.refused import MOST_TOLD, Refused
from legation.errors import FieldConflicts, OwnedField


def test_of_many_faults_some_are_told_and_the_others_counted() -> None:
    refused = Refused.bad_request((f"items[{each}]", "wrong") for each in range(MOST_TOLD + 2345))
    found = error_details_pb2.BadRequest()
    assert refused.status.details[-1].Unpack(found)
    assert len(found.field_violations) == MOST_TOLD + 1
    assert found.field_violations[-1].description == "and 2,345 more that are not told"
    assert refused.status.message.endswith("items[99]: wrong; and 2,345 more that are not told")


def test_all_are_told_where_they_are_few() -> None:
    refused = Refused.bad_request((f"items[{each}]", "wrong") for each in range(MOST_TOLD))
    assert refused.status.message.endswith("items[99]: wrong")


def test_of_many_fields_of_others_some_are_told_and_the_others_counted() -> None:
    owned = tuple(OwnedField(index=0, path=f"spec.a{each}", manager="them") for each in range(MOST_TOLD + 7))
    refused = failures.refused(FieldConflicts(owned), lambda _, path: path)
    assert refused is not None
    found = error_details_pb2.PreconditionFailure()
    assert refused.status.details[-1].Unpack(found)
    assert len(found.violations) == MOST_TOLD + 1
    assert found.violations[-1].description == "and 7 more that are not told"
