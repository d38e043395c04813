"""How a call ended, as an exception; most of it is shown by the clients themselves."""

from __future__ import annotations

import pytest

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
