"""A path of the protos, in the words of the one who wrote the JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from legation.envoy.spelled import spelled
from legation.model.objects import FieldPath


@pytest.mark.parametrize(
    ("json", "path", "written"),
    [
        ({"connect_timeout": "0s"}, ("connect_timeout",), ("connect_timeout",)),
        ({"connectTimeout": "0s"}, ("connect_timeout",), ("connectTimeout",)),
        ({"x509": 1}, ("x509",), ("x509",)),
        ({"http2ProtocolOptions": 1}, ("http2_protocol_options",), ("http2ProtocolOptions",)),
        ({}, ("connect_timeout",), ("connect_timeout",)),
        ({"a": {}}, ("a", "some_field", 0, "other_field"), ("a", "some_field", "other_field")),
        ({"someList": [{"innerField": 1}]}, ("some_list", 0, "inner_field"), ("someList", 0, "innerField")),
        ({"someList": {"innerField": 1}}, ("some_list", 0, "inner_field"), ("someList", "innerField")),
        ({"some_list": "x"}, ("some_list", 0), ("some_list",)),
        ({"some_list": []}, ("some_list", 0, "a_b"), ("some_list", 0, "a_b")),
        (MappingProxyType({"a": ({"bC": 1},)}), ("a", 0, "b_c"), ("a", 0, "bC")),
        ({"a": None}, ("a", "b_c"), ("a", "b_c")),
        ({"a_b": 1, "aB": 2}, ("a_b",), ("a_b",)),
        ({"map": {"some_key": {"aB": 1}}}, ("map", "some_key", "a_b"), ("map", "some_key", "aB")),
        (
            {"@type": "x/xds.type.v3.TypedStruct", "type_url": "x/y.Z", "value": {"aB": {"cD": 1}}},
            ("a_b", "c_d"),
            ("value", "aB", "cD"),
        ),
        ({"@type": "x/xds.type.v3.TypedStruct"}, ("a_b", "c"), ("value", "a_b", "c")),
    ],
)
def test_a_path_is_spelled_as_its_owner_did(json: Any, path: FieldPath, written: FieldPath) -> None:
    assert spelled(json, path) == written
