"""Changing what is in an `Any`: what is not known here stays as it is written."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import any_pb2

from legation.envoy import codec, types
from legation.envoy.config_sources import to_json_from_files
from legation.envoy.reader import read
from legation.envoy.revising import revise
from tests.unit.envoy.configs import ADS, TYPE, hcm, http_filter, listener

STRUCT = f"{TYPE}xds.type.v3.TypedStruct"
ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}


def test_a_config_source_is_redirected_and_all_else_stays() -> None:
    router = http_filter("router.v3.Router", bar=1)
    manager = hcm(router, rds={"configSource": ADS, "routeConfigName": "web"}, foo={"a": [1]}, maxRequestHeadersKb="60")
    encoded = codec.encode(listener(manager, address=ADDRESS))
    assert encoded.resource is not None
    shown = to_json_from_files(encoded.resource, place=lambda name: f"/x/{name[1]}")
    assert shown["filter_chains"][0]["filters"][0]["typed_config"]["value"] == {
        "foo": {"a": [1]},
        "http_filters": [router],
        "max_request_headers_kb": "60",
        "rds": {
            "config_source": {"path_config_source": {"path": "/x/web"}, "resource_api_version": "V3"},
            "route_config_name": "web",
        },
        "stat_prefix": "http",
    }


def packed(name: str, **fields: Any) -> any_pb2.Any:
    json = {"@type": f"{TYPE}{name}", **fields}
    holder: Any = types.message_class("envoy.config.core.v3.TypedExtensionConfig")()
    read(holder, {"name": "x", "typed_config": json})
    typed_config: any_pb2.Any = holder.typed_config
    return typed_config


def value_of(given: any_pb2.Any) -> Any:
    holder: Any = types.message_class("envoy.config.core.v3.TypedExtensionConfig")(name="x", typed_config=given)
    resource = codec.from_message(holder, check=False)
    return codec.to_json(resource, show_secrets=True)["typed_config"]


CORS = "envoy.extensions.filters.http.cors.v3.CorsPolicy"


@pytest.mark.parametrize("foo", [{}, {"foo": 1}], ids=["plain", "struct"])
@pytest.mark.parametrize(
    ("fields", "change", "after"),
    [
        pytest.param(
            {"allowMethods": "GET"},
            lambda message: setattr(message, "allow_methods", "PUT"),
            {"allow_methods": "PUT"},
            id="set",
        ),
        pytest.param(
            {"allow_methods": "GET", "max_age": "5"},
            lambda message: message.ClearField("allow_methods"),
            {"max_age": "5"},
            id="cleared",
        ),
        pytest.param(
            {"max_age": "5"},
            lambda message: setattr(message, "allow_methods", "PUT"),
            {"allow_methods": "PUT", "max_age": "5"},
            id="new",
        ),
        pytest.param(
            {"allow_origin_string_match": {"exact": "a"}},
            lambda message: setattr(message.allow_origin_string_match[0], "exact", "b"),
            {"allow_origin_string_match": [{"exact": "b"}]},
            id="in a list of one",
        ),
        pytest.param(
            {"allow_origin_string_match": [{"exact": "a"}, {"exact": "b"}]},
            lambda message: message.allow_origin_string_match.pop(),
            {"allow_origin_string_match": [{"exact": "a"}]},
            id="a shorter list",
        ),
    ],
)
def test_what_is_changed_is_changed(fields: dict[str, Any], change: Any, after: dict[str, Any], foo: Any) -> None:
    given = packed(CORS, **fields, **foo)

    def changed(message: Any) -> bool:
        change(message)
        return True

    assert revise(given, changed)
    found = value_of(given)
    if foo:
        assert found == {"@type": STRUCT, "type_url": f"{TYPE}{CORS}", "value": {**after, **foo}}
    else:
        assert found == {"@type": f"{TYPE}{CORS}", **after}


@pytest.mark.parametrize(
    "given",
    [
        any_pb2.Any(),
        any_pb2.Any(type_url=f"{TYPE}a.B", value=b"x"),
        any_pb2.Any(type_url=f"{TYPE}{CORS}", value=b"\xff"),
        packed("a.B", c=1),
    ],
    ids=["empty", "unknown", "unreadable", "struct of an unknown type"],
)
def test_what_nobody_can_read_is_not_changed(given: any_pb2.Any) -> None:
    before = given.SerializeToString()
    assert not revise(given, lambda _: True)
    assert given.SerializeToString() == before


def test_what_is_not_changed_is_the_same_byte_for_byte() -> None:
    given = packed(CORS, allowMethods="GET", foo=1)
    before = given.SerializeToString()
    assert not revise(given, lambda _: False)
    assert given.SerializeToString() == before
