"""The reader held against protobuf's own JSON mapping, field by field of the whole v3 API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from legation.envoy import types
from legation.envoy.printer import fields_to_json
from legation.envoy.reader import read
from tests.unit.envoy.protos import every_message

NUMBERS: dict[int, Any] = {
    FieldDescriptor.CPPTYPE_INT32: -7,
    FieldDescriptor.CPPTYPE_INT64: -(1 << 60),
    FieldDescriptor.CPPTYPE_UINT32: 1 << 31,
    FieldDescriptor.CPPTYPE_UINT64: 1 << 63,
    FieldDescriptor.CPPTYPE_DOUBLE: 0.1,
    FieldDescriptor.CPPTYPE_FLOAT: 2.5,
    FieldDescriptor.CPPTYPE_BOOL: True,
}
WELL_KNOWN: dict[str, dict[str, Any]] = {
    "google.protobuf.Any": {"type_url": "x/google.protobuf.Duration", "value": b"\x08\x05"},
    "google.protobuf.Duration": {"seconds": -3, "nanos": -500_000_000},
    "google.protobuf.Timestamp": {"seconds": 1_900_000_000, "nanos": 1},
    "google.protobuf.FieldMask": {"paths": ["a.b_c"]},
}


def sample(field: FieldDescriptor) -> Any:
    """Return a value that a field without sub-fields can hold, and that is not its default."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b"\xfb\xff\x00"
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    return NUMBERS.get(field.cpp_type, 'text with "ü"')


def fill(message: Any, field: FieldDescriptor) -> None:
    """Set one field of a message, and one level below it."""
    if field.message_type is None:
        if field.is_repeated:
            getattr(message, field.name).extend([sample(field)] * 2)
        else:
            setattr(message, field.name, sample(field))
        return
    if field.message_type.GetOptions().map_entry:
        fill_map(getattr(message, field.name), field.message_type)
        return
    inner = getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)
    fill_inside(inner)


def fill_map(entries: Any, entry: Descriptor) -> None:
    key, value = (entry.fields_by_name[name] for name in ("key", "value"))
    if value.message_type is None:
        entries[sample(key)] = sample(value)
    else:
        fill_inside(entries[sample(key)])


def fill_inside(message: Any) -> None:
    message.SetInParent()
    name = message.DESCRIPTOR.full_name
    if name in WELL_KNOWN:
        message.MergeFrom(type(message)(**WELL_KNOWN[name]))
    elif name in {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"}:
        content: Any = {"a": [1, 2.5, None, True, "x", {"b": {}}], "c": []}
        json_format.ParseDict(content["a"] if name.endswith("ListValue") else content, message)
    else:
        for field in message.DESCRIPTOR.fields:
            if field.message_type is None and field.name not in {"name", "typed_config"}:
                fill(message, field)
                return


def samples() -> Iterator[Any]:
    """Yield messages of every type, each with one field set."""
    for descriptor in every_message():
        for field in descriptor.fields:
            message: Any = message_factory.GetMessageClass(descriptor)()
            fill(message, field)
            yield message


def is_extension_point(descriptor: Descriptor) -> bool:
    return {"name", "typed_config"} <= descriptor.fields_by_name.keys()


@pytest.mark.parametrize("snake", [True, False])
def test_what_protobuf_writes_is_read_back(*, snake: bool) -> None:
    count = 0
    for message in samples():
        written = json_format.MessageToDict(message, preserving_proto_field_name=snake)
        copy = type(message)()
        body, findings = read(copy, written)
        unexpected = [finding for finding in findings if finding.code != "old-style-filter"]
        assert unexpected == [], message.DESCRIPTOR.full_name
        assert copy == message, message.DESCRIPTOR.full_name
        assert body == message.SerializeToString(deterministic=True)
        count += 1
    assert count > 3000


def test_what_is_printed_is_read_back() -> None:
    for message in samples():
        copy = type(message)()
        read(copy, fields_to_json(message, show_secrets=True))
        assert copy == message, message.DESCRIPTOR.full_name


def test_what_is_printed_is_what_protobuf_writes() -> None:
    def plain(value: Any) -> Any:
        """Forget how 64-bit numbers are written: here as numbers, by protobuf as text."""
        match value:
            case dict():
                return {key: plain(item) for key, item in value.items()}
            case list():
                return [plain(item) for item in value]
            case int() if not isinstance(value, bool) and abs(value) > 1 << 33:
                return str(value)
            case _:
                return value

    for message in samples():
        written = json_format.MessageToDict(message, preserving_proto_field_name=True)
        assert plain(fields_to_json(message, show_secrets=True)) == written, message.DESCRIPTOR.full_name


def test_null_is_a_value_where_any_value_may_stand() -> None:
    pair: Any = types.message_class("envoy.extensions.filters.http.json_to_metadata.v3.JsonToMetadata.KeyValuePair")()
    _, findings = read(pair, {"key": None, "value": None})
    assert findings == []
    assert pair.value.HasField("null_value")


ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment"
BAD = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": "x"}}}}


def endpoint(address: Any, **metadata: Any) -> dict[str, Any]:
    socket = {"address": address, "port_value": 80}
    return {
        "endpoint": {"address": {"socket_address": socket}},
        **({"metadata": {"filter_metadata": metadata}} if metadata else {}),
    }


def assigned(*endpoints: Any) -> tuple[bytes, list[tuple[str, Any]]]:
    """Return the bytes, and what is wrong where."""
    json = {"cluster_name": "web", "endpoints": [{"lb_endpoints": list(endpoints)}]}
    body, findings = read(types.message_class(ASSIGNMENT)(), json)
    return body, [(each.code, each.path[4:]) for each in findings]


def test_endpoints_that_were_read_before_are_read_alike() -> None:
    """They are remembered: most of an assignment was in the one before."""
    one, two = endpoint("10.0.0.1", **{"envoy.lb": {"hash_key": "10.0.0.1"}}), endpoint("10.0.0.2")
    first = assigned(one, two)
    assert first == assigned(one, two)
    assert assigned(two, one)[0] != first[0]
    json = {"cluster_name": "web", "endpoints": [{"lb_endpoints": [one, two]}]}
    by_protobuf = json_format.ParseDict(json, types.message_class(ASSIGNMENT)())
    assert first == (by_protobuf.SerializeToString(deterministic=True), [])


@pytest.mark.parametrize("like", [b"10.0.0.1", 10, ["10.0.0.1"]])
def test_what_is_like_a_remembered_endpoint_is_another_one(like: Any) -> None:
    assert not assigned(endpoint("10.0.0.1"))[1]
    (found,) = assigned(endpoint(like))[1]
    assert found[1] == ("endpoint", "address", "socket_address", "address")


def test_what_is_wrong_in_an_endpoint_is_told_each_time() -> None:
    for _ in range(2):
        ((_, path),) = assigned(endpoint("10.0.0.1"), BAD)[1]
        assert path == ("endpoint", "address", "socket_address", "port_value")
    assert [code for code, _ in assigned("10.0.0.1")[1]] == ["wrong-type"]


def test_how_deep_an_endpoint_may_be_is_a_matter_of_where_it_stands() -> None:
    """Four levels of the assignment are above it."""
    deep: Any = {}
    for _ in range(95):
        deep = {"a": deep}
    assert [code for code, _ in assigned(endpoint("10.0.0.1", deep=deep))[1]] == ["too-deep"]
