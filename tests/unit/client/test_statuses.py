"""How a call ended, as an exception; most of it is shown by the clients themselves."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from legation.client.errors import Unavailable
from legation.client.statuses import Status, error_of


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status(code="UNAVAILABLE", words="DNS resolution failed for edge:1"), "cannot be found"),
        (Status(code="UNAVAILABLE", words="errors resolving edge:1: [field:hostname lookup]"), "cannot be found"),
        (Status(code="UNAVAILABLE", words="Trying to connect an http1.x server"), "does not speak gRPC"),
        (Status(code="UNKNOWN", words="Received http2 header with status: 404; HTTP status code"), "not speak gRPC"),
        (Status(code="INTERNAL", words="", details=b"\xff"), "INTERNAL"),
    ],
)
def test_what_went_wrong_on_the_way_is_told_in_words(status: Status, words: str) -> None:
    error = error_of(status, target="edge:1")
    assert words in str(error)


@pytest.mark.parametrize(
    ("reason", "may_be_done"), [("TOKEN_UNKNOWN", False), ("ACCESS_UNKNOWN", False), ("MAY_BE_STORED", True)]
)
def test_what_is_refused_before_it_is_begun_may_be_sent_again(reason: str, may_be_done: bool) -> None:  # noqa: FBT001 - a column
    packed = AnyMessage()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="legation.dev"))
    details = status_pb2.Status(details=[packed]).SerializeToString()
    error = error_of(Status(code="UNAVAILABLE", words="away", details=details), target="edge:1")
    assert isinstance(error, Unavailable)
    assert error.may_be_done is may_be_done
