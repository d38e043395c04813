"""What is not known here: it travels as it is written in an extension's configuration, and is refused elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec
from legation.model.problems import Level
from tests.unit.envoy.configs import CLUSTER, HCM, ROUTER, TYPE, cluster, hcm, http_filter, listener

HTTP = f"{TYPE}envoy.extensions.filters.http"
STRUCT = f"{TYPE}xds.type.v3.TypedStruct"
ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}
MANAGER = ("filter_chains", 0, "filters", 0, "typed_config")
FIRST = (*MANAGER, "http_filters", 0, "typed_config")
IGNORED = (
    ", sent to Envoy as it is: one that does not know it either ignores it, or refuses the resource if it runs with"
    " --reject-unknown-dynamic-fields"
)


def encoded(*http_filters: Any, **manager: Any) -> codec.Encoded:
    return codec.encode(listener(hcm(*http_filters, ROUTER, **manager), address=ADDRESS))


def unknown(given: codec.Encoded) -> list[tuple[Level, str, tuple[str | int, ...]]]:
    """Return what is told of what is not known."""
    codes = {"unknown-field", "unknown-value", "unknown-type", "bad-value", "bad-type", "missing-type", "old-type"}
    return [(each.level, each.code, each.path) for each in given.findings if each.code in codes]


def sent(given: codec.Encoded, path: tuple[object, ...]) -> Any:
    """Return what stands at a path of the resource."""
    assert given.resource is not None, given.findings
    at: Any = codec.to_json(given.resource, show_secrets=True)
    for step in path:
        at = at[step]
    return at


def test_an_unknown_field_is_sent_as_it_is_written_and_told_at_its_place() -> None:
    one = encoded(http_filter("buffer.v3.Buffer", max_request_byte=5, maxRequestBytes="7"))
    (finding,) = one.findings
    assert (finding.level, finding.code, finding.path) == (Level.WARNING, "unknown-field", (*FIRST, "max_request_byte"))
    assert finding.message == f'unknown field "max_request_byte" in Buffer{IGNORED}'
    assert finding.mend == 'did you mean "max_request_bytes"?'
    assert sent(one, FIRST) == {
        "@type": STRUCT,
        "type_url": f"{HTTP}.buffer.v3.Buffer",
        "value": {"max_request_byte": 5, "max_request_bytes": "7"},
    }


def test_only_the_innermost_extension_is_sent_so() -> None:
    one = encoded(http_filter("buffer.v3.Buffer", max_request_bytes=5, foo={"deep": [1, None]}))
    assert sent(one, (*MANAGER, "@type")) == HCM
    assert sent(one, (*FIRST, "value", "foo")) == {"deep": [1, None]}


def test_a_name_of_a_value_that_is_not_known_is_sent_too() -> None:
    one = encoded(codec_type="HTTP9")
    assert unknown(one) == [(Level.WARNING, "unknown-value", (*MANAGER, "codec_type"))]
    assert sent(one, (*MANAGER, "value", "codec_type")) == "HTTP9"


def test_where_envoy_takes_none_the_extension_around_is_sent_so() -> None:
    known = {"@type": f"{TYPE}envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig", "foo": 1}
    one = encoded(request_id_extension={"typed_config": known})
    assert unknown(one) == [(Level.WARNING, "unknown-field", (*MANAGER, "request_id_extension", "typed_config", "foo"))]
    assert sent(one, (*MANAGER, "value", "request_id_extension", "typed_config")) == known


ROUTE = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}


def per_route(**configs: Any) -> codec.Encoded:
    host = {"name": "all", "domains": ["*"], "routes": [{**ROUTE, "typed_per_filter_config": configs}]}
    return encoded(route_config={"virtual_hosts": [host]})


@pytest.mark.parametrize(
    ("config", "below"),
    [
        pytest.param({"@type": f"{HTTP}.buffer.v3.BufferPerRoute", "disabled": True, "foo": 1}, (), id="itself"),
        pytest.param(
            {
                "@type": f"{TYPE}envoy.config.route.v3.FilterConfig",
                "config": {"@type": f"{HTTP}.buffer.v3.BufferPerRoute", "disabled": True, "foo": 1},
            },
            ("config",),
            id="in a FilterConfig",
        ),
    ],
)
def test_the_configuration_of_a_route_is_sent_so(config: dict[str, Any], below: tuple[str, ...]) -> None:
    path = (*MANAGER, "route_config", "virtual_hosts", 0, "routes", 0, "typed_per_filter_config", "a", *below)
    one = per_route(a=config)
    assert unknown(one) == [(Level.WARNING, "unknown-field", (*path, "foo"))]
    assert sent(one, path)["@type"] == STRUCT


def test_what_only_holds_an_extension_is_none_itself() -> None:
    one = per_route(a={"@type": f"{TYPE}envoy.config.route.v3.FilterConfig", "disabled": True, "foo": 1})
    assert sent(one, (*MANAGER, "@type")) == STRUCT


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"foo": 1}, id="top"),
        pytest.param({"lb_policy": "FOO"}, id="value"),
        pytest.param(
            {
                "cluster_type": {
                    "name": "x",
                    "typed_config": {"@type": f"{TYPE}envoy.extensions.clusters.dns.v3.DnsCluster", "foo": 1},
                }
            },
            id="an extension that Envoy finds by its type alone",
        ),
        pytest.param(
            {"metadata": {"typed_filter_metadata": {"a": {"@type": f"{HTTP}.buffer.v3.Buffer", "foo": 1}}}},
            id="what is no extension",
        ),
    ],
)
def test_elsewhere_it_is_an_error_or_left_out_with_a_warning(fields: dict[str, Any]) -> None:
    strict = codec.encode(cluster(**fields))
    assert [level for level, _, _ in unknown(strict)] == [Level.ERROR]
    lax = codec.encode(cluster(**fields), unknown_fields=Level.WARNING)
    (found,) = (each for each in lax.findings if each.code.startswith("unknown"))
    assert found.level is Level.WARNING
    assert found.message.endswith(", which is left out")
    assert lax.resource is not None
    assert b"foo" not in lax.resource.body.lower()


@pytest.mark.parametrize("field", ["hosts", "tls_context"])
def test_a_field_of_the_old_api_is_refused_in_any_case(field: str) -> None:
    assert codec.encode(cluster(**{field: {}}), unknown_fields=Level.WARNING).resource is None


NUMBER = (1 << 63) + 1


def test_no_digit_is_lost_where_the_schema_tells_of_it() -> None:
    """The numbers of a Struct are doubles; Envoy takes text for a number."""
    stream = {"memoryBufferBytesLimit": NUMBER, "storage_buffer_bytes_limit": {"value": NUMBER}}
    one = encoded(http_filter("file_system_buffer.v3.FileSystemBufferFilterConfig", foo=1, request=stream))
    assert sent(one, (*FIRST, "value", "request")) == {
        "memory_buffer_bytes_limit": str(NUMBER),
        "storage_buffer_bytes_limit": {"value": str(NUMBER)},
    }


def test_a_number_that_would_lose_digits_is_refused() -> None:
    one = encoded(http_filter("buffer.v3.Buffer", max_request_bytes=1, foo={"bar": [NUMBER]}))
    assert unknown(one)[1:] == [(Level.ERROR, "bad-value", (*FIRST, "foo", "bar", 0))]


@pytest.mark.parametrize(
    ("fields", "level", "code", "below"),
    [
        pytest.param({"value": {}}, Level.ERROR, "missing-type", (), id="no type"),
        pytest.param({"type_url": f"{TYPE}a.B"}, Level.WARNING, "unknown-type", ("type_url",), id="unknown type"),
        pytest.param(
            {"type_url": f"{HTTP}.buffer.v3.Buffer", "value": {"max_request_bytes": 1, "foo": 1}},
            Level.WARNING,
            "unknown-field",
            ("value", "foo"),
            id="unknown field",
        ),
        pytest.param(
            {"typeUrl": f"{HTTP}.buffer.v3.Buffer", "value": {"max_request_bytes": -1}},
            Level.ERROR,
            "bad-value",
            ("value", "max_request_bytes"),
            id="wrong value",
        ),
        pytest.param(
            {"type_url": f"{TYPE}envoy.config.filter.http.buffer.v2.Buffer"},
            Level.ERROR,
            "old-type",
            ("type_url",),
            id="old type",
        ),
    ],
)
@pytest.mark.parametrize("name", ["xds.type.v3.TypedStruct", "udpa.type.v1.TypedStruct"])
def test_a_typed_struct_of_its_owner_is_looked_into(
    name: str, fields: dict[str, Any], level: Level, code: str, below: tuple[str, ...]
) -> None:
    one = encoded({"name": "a", "typed_config": {"@type": TYPE + name, **fields}})
    assert unknown(one) == [(level, code, (*FIRST, *below))]


def test_a_rule_that_is_broken_in_a_typed_struct_is_told_at_its_place() -> None:
    fields = {"type_url": f"{HTTP}.buffer.v3.Buffer", "value": {"maxRequestBytes": 0}}
    one = encoded({"name": "a", "typed_config": {"@type": STRUCT, **fields}})
    assert [(each.level, each.path) for each in one.findings] == [(Level.ERROR, (*FIRST, "value", "maxRequestBytes"))]


def test_a_typed_struct_is_refused_where_envoy_takes_none() -> None:
    struct = {"@type": STRUCT, "type_url": f"{TYPE}envoy.extensions.clusters.dns.v3.DnsCluster", "value": {}}
    one = codec.encode({"@type": CLUSTER, "name": "x", "cluster_type": {"name": "x", "typed_config": struct}})
    assert unknown(one) == [(Level.ERROR, "bad-type", ("cluster_type", "typed_config"))]


def test_what_a_newer_envoy_may_say_otherwise_is_not_missed() -> None:
    """One of the fields that must be set may be the one that is not known."""
    action = {"match": {"prefix": "/"}, "newest_action": {}}
    one = encoded(route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [action]}]})
    assert {each.level for each in one.findings} == {Level.WARNING}
    assert "constraint" in {each.code for each in one.findings}
    none = encoded(route_config={"virtual_hosts": [{"name": "all", "domains": [], "routes": [action]}]})
    assert none.resource is None
