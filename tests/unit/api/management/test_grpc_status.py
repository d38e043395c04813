from __future__ import annotations

import base64
from urllib.parse import quote

from google.rpc import error_details_pb2

from legation.api.management.grpc_status import ROOM, fitting
from legation.api.management.refused import Refused


def test_what_fits_stays_as_it_is() -> None:
    status = Refused.bad_request([("a", "b")]).status
    assert fitting(status) is status


def test_what_does_not_fit_is_told_from_its_beginning() -> None:
    status = Refused.bad_request([(f"items[{number}]", "x" * 50) for number in range(1000)], reason="MANY").status
    found = fitting(status)
    assert found.ByteSize() <= ROOM
    assert found.message.endswith(" ...")
    bad, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    assert found.details[0].Unpack(info)
    assert info.reason == "MANY"
    assert found.details[1].Unpack(bad)
    assert bad.field_violations[0].field == "items[0]"
    assert len(bad.field_violations) > 10


def test_letters_that_take_much_room_in_headers_fit_as_well() -> None:
    """Each of them takes nine bytes there."""
    status = Refused.bad_request([(f"items[{number}]", "漢字" * 50) for number in range(100)], reason="MANY").status
    found = fitting(status)
    headers = len(quote(found.message)) + len(base64.b64encode(found.SerializeToString()))
    assert headers < 8000
    assert found.message.startswith("items[0]: 漢字")
    bad = error_details_pb2.BadRequest()
    assert found.details[1].Unpack(bad)
    assert bad.field_violations[0].field == "items[0]"


def test_the_first_violation_may_be_too_large_itself() -> None:
    found = fitting(Refused.bad_request([("items[0]", "x" * 10_000)]).status)
    assert found.ByteSize() <= ROOM
    assert found.message.startswith("items[0]: xxx")
