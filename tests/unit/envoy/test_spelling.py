from __future__ import annotations

from legation.envoy.spelling import camel, snake
from tests.unit.envoy.protos import every_message


def test_the_name_of_a_field_in_json_is_that_of_protobuf() -> None:
    fields = [field for message in every_message() for field in message.fields]

    assert len(fields) > 1000
    assert [field.full_name for field in fields if camel(field.name) != field.json_name] == []


def test_either_spelling_gives_that_of_the_protos() -> None:
    assert snake("connectTimeout") == snake("connect_timeout") == "connect_timeout"
    assert snake("http2ProtocolOptions") == "http2_protocol_options"
