"""When a rule is asked: of what is set, of what is not, of members, keys and values."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format

from legation.envoy import types
from legation.envoy.constraints.compiling import compiled
from legation.envoy.constraints.disallowed import OF_USE, disallowed
from tests.unit.envoy.protos import every_message


def wrong(name: str, fields: dict[str, Any]) -> list[str]:
    """Return what is wrong with the fields of one message, without those of the messages in it."""
    message = json_format.ParseDict(fields, types.message_class(name)())
    rules = compiled(message.DESCRIPTOR)
    found = [must.finding for must in rules.musts if must.missing(message)]
    for field, value in message.ListFields():
        if check := rules.fields.get(field):
            found += check(value)
    return [str(each) for each in found]


CORE, ROUTE = "envoy.config.core.v3", "envoy.config.route.v3"
CHECK = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1, "tcp_health_check": {}}


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        pytest.param("envoy.config.cluster.v3.Cluster", {}, ["name: must not be empty"], id="a text that is not set"),
        pytest.param(f"{CORE}.SocketAddress", {"address": "a", "port_value": 0}, [], id="a oneof set to its default"),
        pytest.param(
            f"{CORE}.SocketAddress",
            {"address": "a"},
            ["one of port_value, named_port must be set"],
            id="a oneof of which nothing is set",
        ),
        pytest.param(
            f"{CORE}.SocketAddress",
            {"address": "a", "port_value": 70_000},
            ["port_value: must be at most 65535"],
            id="a number",
        ),
        pytest.param(f"{CORE}.HealthCheck", CHECK, [], id="all that is required"),
        pytest.param(
            f"{CORE}.HealthCheck",
            {**CHECK, "healthy_threshold": None, "timeout": None},
            ["timeout: must be set", "healthy_threshold: must be set"],
            id="messages that are not set",
        ),
        pytest.param(
            f"{CORE}.HealthCheck",
            {**CHECK, "interval": "0s", "initial_jitter": "-1s"},
            [
                "interval: must be longer than 0s",
                "initial_jitter: must not be negative, nor longer than 9223372035 seconds",
            ],
            id="durations, with a rule and without",
        ),
        pytest.param(
            "envoy.config.cluster.v3.OutlierDetection",
            {"max_ejection_percent": 0, "enforcing_success_rate": 101},
            ["enforcing_success_rate: must be at most 100"],
            id="wrapped numbers",
        ),
        pytest.param(
            "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig", {}, [], id="a wrapped number that is not set"
        ),
        pytest.param(
            "envoy.config.cluster.v3.Cluster.LeastRequestLbConfig",
            {"choice_count": 0},
            ["choice_count: must be at least 2"],
            id="a wrapped number at its default",
        ),
        pytest.param(
            f"{ROUTE}.VirtualHost",
            {"name": "a"},
            ["domains: must not be empty"],
            id="a list without items",
        ),
        pytest.param(
            f"{ROUTE}.VirtualHost",
            {"name": "a", "domains": ["a", "b\n", "c", "d\0"]},
            [
                "domains[1]: must not hold a NUL, a carriage return or a line feed",
                "domains[3]: must not hold a NUL, a carriage return or a line feed",
            ],
            id="items",
        ),
        pytest.param(
            f"{CORE}.Metadata",
            {"filter_metadata": {"": {}, "a": {}}},
            ['filter_metadata[""]: must not be empty'],
            id="keys of a map",
        ),
        pytest.param(
            "xds.data.orca.v3.OrcaLoadReport",
            {"utilization": {"a": 0.5, "b": 2}},
            ["utilization.b: must be at least 0 and at most 1"],
            id="values of a map",
        ),
        pytest.param(
            f"{CORE}.HeaderValue", {}, ["key: must not be empty"], id="the first of the rules of a field, not all"
        ),
        pytest.param(f"{CORE}.UpstreamHttpProtocolOptions", {}, [], id="an empty text that may be empty"),
        pytest.param(
            f"{CORE}.UpstreamHttpProtocolOptions",
            {"override_auto_sni_header": "a\nb"},
            ["override_auto_sni_header: must be the name of a header"],
            id="a text that may be empty and is not",
        ),
        pytest.param(
            "envoy.config.overload.v3.ScaleTimersOverloadActionConfig.ScaleTimer",
            {"min_timeout": "1s"},
            ["timer: must not be UNSPECIFIED"],
            id="an enum whose default is not allowed",
        ),
        pytest.param(
            f"{CORE}.HealthCheck.Payload", {"text": ""}, ["text: must not be empty"], id="an empty text of a oneof"
        ),
        pytest.param(f"{CORE}.TypedExtensionConfig", {"name": "a"}, ["typed_config: must be set"], id="an Any"),
        pytest.param(
            "envoy.config.trace.v3.OpenCensusConfig",
            {"stackdriver_address": "a", "incoming_trace_context": ["B3"]},
            [
                "incoming_trace_context: is a field that Envoy no longer takes",
                "stackdriver_address: is a field that Envoy no longer takes",
            ],
            id="fields that are gone",
        ),
        pytest.param("envoy.config.trace.v3.OpenCensusConfig", {}, [], id="fields that are gone and not set"),
        pytest.param(
            "envoy.config.trace.v3.ZipkinConfig",
            {"collector_cluster": "a"},
            ["collector_endpoint_version: must be HTTP_JSON or HTTP_PROTO or GRPC"],
            id="a default that is gone",
        ),
        pytest.param(
            "envoy.extensions.filters.http.gcp_authn.v3.TokenHeader", {}, [], id="a rule that newer protos lack"
        ),
    ],
)
def test_a_rule_is_asked_where_envoy_asks_it(name: str, fields: dict[str, Any], words: list[str]) -> None:
    assert wrong(name, fields) == words


def test_every_message_type_of_envoy_has_rules_that_compile() -> None:
    """And none of them holds a field that stands under two names."""
    cluster = types.message_class("envoy.config.cluster.v3.Cluster").DESCRIPTOR
    assert compiled(cluster) is compiled(cluster)
    assert {field.containing_type for field in compiled(cluster).fields} == {cluster}


def test_use_alone_is_against_the_rule_of_a_field_that_is_gone() -> None:
    message = types.message_class(f"{ROUTE}.RateLimit.Action").DESCRIPTOR
    rule = disallowed(message.fields_by_name["dynamic_metadata"])
    assert rule is not None
    assert rule.kind == OF_USE
    assert rule.broken(None)
    assert disallowed(message.fields_by_name["metadata"]) is None


def test_nothing_is_missing_that_is_set_and_all_is_that_is_not() -> None:
    """Of a message with all these fields nothing is asked but what is set."""
    musts = [(descriptor, must) for descriptor in every_message() for must in compiled(descriptor).musts]
    assert len(musts) > 500
    for descriptor, must in musts:
        assert must.missing(types.message_class(descriptor.full_name)())
        assert must.fields
        for each in must.fields:
            message = types.message_class(descriptor.full_name)()
            fill(message, each)
            assert not must.missing(message), each.full_name
            assert [field for field, _ in message.ListFields()] == [each]


def fill(message: Any, field: Any) -> None:
    """Set one field to something that is not its default."""
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        held = getattr(message, field.name)
        if inner.fields_by_name["value"].message_type is not None:
            held["a"].SetInParent()
        else:
            held["a"] = _other(inner.fields_by_name["value"])
    elif inner is not None:
        (getattr(message, field.name).add() if field.is_repeated else getattr(message, field.name)).SetInParent()
    elif field.is_repeated:
        getattr(message, field.name).append(_other(field))
    else:
        setattr(message, field.name, _other(field))


def _other(field: Any) -> Any:
    return {field.CPPTYPE_STRING: b"a" if field.type == field.TYPE_BYTES else "a"}.get(field.cpp_type, 1)
