"""Encoding what people wrote, and the exact words that they read when it does not fit."""

from __future__ import annotations

import copy
import math
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from envoy.config.cluster.v3 import cluster_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.type.v3 import percent_pb2
from google.protobuf import any_pb2

from legation.envoy import codec
from legation.errors import InvalidResource
from legation.model.objects import ObjectKey
from legation.model.problems import Level
from legation.model.resource import EVERY, content_version
from legation.model.resource_types import RESOURCE_TYPES, SECRET
from tests.unit.envoy.configs import (
    CLUSTER,
    HCM,
    HTTP_OPTIONS,
    LISTENER,
    ROUTER,
    TYPE,
    cluster,
    hcm,
    http_filter,
    listener,
    routes,
)

HTTP_FILTER = "filter_chains[0].filters[0].typed_config.http_filters[0]"
ORIGIN = ObjectKey("bootes.io", "Cluster", "default", "web")


def findings(json: Any) -> list[str]:
    """Return what a person reads of a resource's JSON."""
    encoded = codec.encode(json)
    has_errors = any(finding.level is Level.ERROR for finding in encoded.findings)
    assert (encoded.resource is None) == has_errors
    return [f"{finding.code}: {finding}" for finding in encoded.findings]


def deep(levels: int) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"a": nested}
    return cluster(metadata={"filter_metadata": {"x": nested}})


NEEDED: dict[str, dict[str, Any]] = {
    "ExtensionConfig": {"typed_config": ROUTER["typed_config"]},
    "Listener": {"address": {"pipe": {"path": "/run/l.sock"}}, "default_filter_chain": {}},
    "ScopedRoute": {"key": {"fragments": [{"string_key": "x"}]}, "route_configuration_name": "web"},
    "VirtualHost": {"domains": ["*"]},
}
"""What Envoy refuses a resource of that type without, beside its name."""
HEALTH_CHECK = {
    "timeout": "1s",
    "interval": "1s",
    "healthy_threshold": 1,
    "unhealthy_threshold": 1,
    "tcp_health_check": {},
}


def test_a_resource_holds_its_name_bytes_version_and_origin() -> None:
    encoded = codec.encode(cluster(connect_timeout="0.25s"), origin=ORIGIN)
    assert encoded.findings == ()
    resource = encoded.resource
    assert resource is not None
    message = cluster_pb2.Cluster.FromString(resource.body)
    assert message == cluster_pb2.Cluster(name="web", connect_timeout={"nanos": 250_000_000})
    assert (resource.type.name, resource.name, resource.origin) == ("Cluster", "web", ORIGIN)
    assert resource.version == content_version(resource.body)


@pytest.mark.parametrize("row", [row for row in RESOURCE_TYPES if row.name_field], ids=lambda row: row.name)
def test_every_type_of_the_table_can_be_encoded_by_its_name(row: Any) -> None:
    resource = codec.encode({"@type": row.url, row.name_field: "one", **NEEDED.get(row.name, {})}).resource
    assert resource is not None
    assert (resource.type, resource.name) == (row, "one")


def test_the_order_of_keys_is_no_content() -> None:
    keys = [f"key-{number}" for number in range(20)]
    options = {"@type": f"{TYPE}{HTTP_OPTIONS}", "explicit_http_config": {"http2_protocol_options": {}}}

    def written(keys: list[str]) -> dict[str, Any]:
        per_filter = {key: {"@type": f"{TYPE}envoy.extensions.filters.http.router.v3.Router"} for key in keys}
        action = {"cluster": "web"}
        config = hcm(ROUTER, route_config=routes(action, typed_per_filter_config=per_filter))
        return listener(config, metadata={"filter_metadata": {key: {"x": 1} for key in keys}})

    one, other = codec.encode(written(keys)).resource, codec.encode(written(keys[::-1])).resource
    assert one is not None
    assert other is not None
    assert one.version == other.version
    assert codec.encode(cluster(typed_extension_protocol_options={HTTP_OPTIONS: options})).findings == ()


def test_the_json_is_not_changed_and_may_be_read_only() -> None:
    json = listener(hcm(ROUTER), address={"socketAddress": {"address": "::", "portValue": 80}})
    before = copy.deepcopy(json)
    assert findings(MappingProxyType(json)) == []
    assert json == before
    assert list(json) == list(before)


TEXT = "google.protobuf.StringValue"


@pytest.mark.parametrize(
    ("forgiven", "strict"),
    [
        pytest.param({"connectTimeout": "1s"}, {"connect_timeout": "1s"}, id="both spellings"),
        pytest.param({"type": "strict_dns"}, {"type": "STRICT_DNS"}, id="lower case enum"),
        pytest.param({"type": "+01"}, {"type": 1}, id="enum number as text"),
        pytest.param({"type": 1.0}, {"type": 1}, id="enum number with a point"),
        pytest.param(
            {"connect_timeout": {"seconds": "1", "nanos": 5}}, {"connect_timeout": "1.000000005s"}, id="duration"
        ),
        pytest.param({"respect_dns_ttl": "no"}, {"respect_dns_ttl": False}, id="no"),
        pytest.param({"respect_dns_ttl": "1"}, {"respect_dns_ttl": True}, id="one"),
        pytest.param(
            {"per_connection_buffer_limit_bytes": "0x10"}, {"per_connection_buffer_limit_bytes": 16}, id="hexadecimal"
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": None}}},
            {"metadata": {"filter_metadata": {"a": {}}}},
            id="null in a map",
        ),
        pytest.param(
            {"lb_subset_config": {"subset_selectors": [{"keys": ["a", None]}]}},
            {"lb_subset_config": {"subset_selectors": [{"keys": ["a", ""]}]}},
            id="null in a list",
        ),
        pytest.param({"respect_dns_ttl": "True"}, {"respect_dns_ttl": True}, id="boolean as text"),
        pytest.param({"dns_jitter": None}, {}, id="null"),
        pytest.param(
            {"per_connection_buffer_limit_bytes": "1e3"}, {"per_connection_buffer_limit_bytes": 1000}, id="number text"
        ),
        pytest.param(
            {"per_connection_buffer_limit_bytes": {"value": 7.0}},
            {"per_connection_buffer_limit_bytes": 7},
            id="wrapper",
        ),
        pytest.param({"health_checks": HEALTH_CHECK}, {"health_checks": [HEALTH_CHECK]}, id="list of one"),
        pytest.param({"dns_resolvers": []}, {}, id="empty list"),
        pytest.param(
            {"transport_socket": {"name": "x", "typed_config": {"@type": f"{TYPE}google.protobuf.Struct"}}},
            {
                "transport_socket": {
                    "name": "x",
                    "typed_config": {"@type": f"{TYPE}google.protobuf.Struct", "value": {}},
                }
            },
            id="no value",
        ),
        pytest.param(
            {"transport_socket": {"name": "x", "typed_config": {"@type": f"{TYPE}{TEXT}", "value": None}}},
            {"transport_socket": {"name": "x", "typed_config": {"@type": f"{TYPE}{TEXT}", "value": ""}}},
            id="null for a value",
        ),
    ],
)
def test_what_envoy_forgives_is_forgiven(forgiven: dict[str, Any], strict: dict[str, Any]) -> None:
    one, other = codec.encode(cluster(**forgiven)), codec.encode(cluster(**strict))
    assert one.findings == other.findings == ()
    assert one.resource is not None
    assert other.resource is not None
    assert one.resource.body == other.resource.body


def test_of_two_spellings_of_a_field_the_last_one_counts() -> None:
    encoded = codec.encode(cluster(connectTimeout="1s", connect_timeout="2s"))
    assert [(each.code, each.level, each.path) for each in encoded.findings] == [
        ("duplicate-field", Level.WARNING, ("connect_timeout",))
    ]
    assert encoded.resource is not None
    assert codec.to_json(encoded.resource)["connect_timeout"] == "2s"


KNOWN = ", ".join(row.message for row in RESOURCE_TYPES)


@pytest.mark.parametrize(
    ("json", "words"),
    [
        pytest.param(None, "wrong-type: a resource is a map, found null", id="null"),
        pytest.param([], "wrong-type: a resource is a map, found a list", id="list"),
        pytest.param(
            {"name": "web"},
            f'missing-type: the resource has no "@type" (add "@type", such as {CLUSTER})',
            id="no type",
        ),
        pytest.param(
            {"@type": f"{TYPE}envoy.config.cluster.v3.Clustr"},
            'unknown-type: ["@type"]: "envoy.config.cluster.v3.Clustr" is no type of resource that can be served '
            f"(did you mean envoy.config.cluster.v3.Cluster? the types are {KNOWN})",
            id="misspelled type",
        ),
        pytest.param(
            {"@type": "os.path.Join"},
            'unknown-type: ["@type"]: "os.path.Join" is no type of resource that can be served '
            f"(the types are {KNOWN})",
            id="foreign type",
        ),
        pytest.param(
            {"@type": f"{TYPE}envoy.api.v2.Cluster", "name": "web"},
            'old-type: ["@type"]: type "envoy.api.v2.Cluster" belongs to an old API that Envoy no longer reads '
            f"(write {CLUSTER}; its fields may have changed)",
            id="v2 type",
        ),
        pytest.param({"@type": CLUSTER}, "empty-name: name: the Cluster has no name (give it a name)", id="no name"),
        pytest.param(cluster(name=""), "empty-name: name: the Cluster has no name (give it a name)", id="empty name"),
        pytest.param(
            {"@type": f"{TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment"},
            "empty-name: cluster_name: the ClusterLoadAssignment has no cluster_name (give it a cluster_name)",
            id="no cluster_name",
        ),
        pytest.param(
            {"@type": f"{TYPE}envoy.config.endpoint.v3.LbEndpoint"},
            "empty-name: an LbEndpoint holds no name of its own, so it cannot be served from JSON",
            id="no name field",
        ),
        pytest.param(
            cluster(name=5), "wrong-type: name: expected text, found a number (put it in quotes)", id="name is a number"
        ),
    ],
)
def test_what_is_wrong_with_a_whole_resource_is_said(json: Any, words: str) -> None:
    assert findings(json) == [words]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param(
            {"conect_timeout": "1s"},
            'unknown-field: conect_timeout: unknown field "conect_timeout" in Cluster '
            '(did you mean "connect_timeout"?)',
            id="misspelled",
        ),
        pytest.param(
            {"connectTimeOut": "1s"},
            'unknown-field: connectTimeOut: unknown field "connectTimeOut" in Cluster '
            '(did you mean "connect_timeout"?)',
            id="misspelled camel",
        ),
        pytest.param({"zzz": {}}, 'unknown-field: zzz: unknown field "zzz" in Cluster', id="nothing near"),
        pytest.param(
            {"eds_cluster_config": {"zzz": 1}},
            'unknown-field: eds_cluster_config.zzz: unknown field "zzz" in EdsClusterConfig '
            "(its fields are eds_config, service_name)",
            id="few fields",
        ),
        pytest.param(
            {"tls_context": {}},
            'unknown-field: tls_context: unknown field "tls_context" in Cluster '
            "(write a transport_socket whose typed_config is an UpstreamTlsContext)",
            id="field of the old API",
        ),
        pytest.param(
            {"load_assignment": {"endpoints": [{"lb_endpoint": []}]}},
            'unknown-field: load_assignment.endpoints[0].lb_endpoint: unknown field "lb_endpoint" in '
            'LocalityLbEndpoints (did you mean "lb_endpoints"?)',
            id="deep inside",
        ),
        pytest.param(
            {"x" * 200 + "\n": 1},
            f'unknown-field: ["{"x" * 200}\n"]: unknown field "{"x" * 120}..." in Cluster',
            id="very long",
        ),
        pytest.param(
            {"@type ": 1},
            'unknown-field: ["@type "]: unknown field "@type " in Cluster (did you mean "type"?)',
            id="blank in the name",
        ),
        pytest.param(
            {"connect_timeout": 5},
            "wrong-type: connect_timeout: expected a duration, found a number "
            '(write seconds in quotes, with an s: "0.25s")',
            id="duration as a number",
        ),
        pytest.param(
            {"connect_timeout": "500ms"},
            'bad-value: connect_timeout: the text is not a duration (write seconds with an s: "0.25s", "300s")',
            id="duration in ms",
        ),
        pytest.param(
            {"type": "FOO"},
            "unknown-value: type: none of the values of DiscoveryType has this name "
            "(it can be STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST)",
            id="enum",
        ),
        pytest.param(
            {"lb_policy": "least-requests"},
            'unknown-value: lb_policy: none of the values of LbPolicy has this name (did you mean "LEAST_REQUEST"?)',
            id="enum nearly",
        ),
        pytest.param(
            {"type": 77},
            "constraint: type: is no value that Envoy knows "
            "(it can be STATIC, STRICT_DNS, LOGICAL_DNS, EDS, ORIGINAL_DST)",
            id="enum number",
        ),
        pytest.param(
            {"type": 1 << 31},
            "bad-value: type: the number is out of range: -2147483648 to 2147483647",
            id="enum large number",
        ),
        pytest.param(
            {"common_lb_config": {"healthy_panic_threshold": {"value": "NaN"}}},
            "bad-value: common_lb_config.healthy_panic_threshold.value: the number is not finite: where Envoy does not "
            "refuse it, it may crash (write a number)",
            id="not a number",
        ),
        pytest.param(
            {"connect_timeout": {"seconds": 1, "nanos": -1}},
            'bad-value: connect_timeout: these seconds and nanos are no duration (write seconds with an s: "0.25s")',
            id="duration as a map",
        ),
        pytest.param(
            {"type": True},
            "wrong-type: type: expected the name of a DiscoveryType, found true or false",
            id="enum bool",
        ),
        pytest.param({"load_assignment": []}, "wrong-type: load_assignment: expected a map, found a list", id="map"),
        pytest.param({"load_assignment": ""}, "wrong-type: load_assignment: expected a map, found text", id="text"),
        pytest.param(
            {"metadata": {"filter_metadata": 1}},
            "wrong-type: metadata.filter_metadata: expected a map, found a number",
            id="map field",
        ),
        pytest.param(
            {"per_connection_buffer_limit_bytes": -1},
            "bad-value: per_connection_buffer_limit_bytes: the number is out of range: 0 to 4294967295",
            id="negative",
        ),
        pytest.param(
            {"type": "EDS", "cluster_type": {"name": "x"}},
            'duplicate-field: cluster_type: "type" and "cluster_type" cannot both be set (take one of them out)',
            id="two of a oneof",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": {"b": math.nan}}}},
            "not-json: metadata.filter_metadata.a.b: the number is not finite, or too large for JSON",
            id="NaN",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": {"b": [10**400]}}}},
            "not-json: metadata.filter_metadata.a.b[0]: the number is not finite, or too large for JSON",
            id="huge number",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": {"b": date(2030, 1, 1)}}}},
            "not-json: metadata.filter_metadata.a.b: found a date, which JSON does not have (put it in quotes)",
            id="date",
        ),
        pytest.param(
            {"alt_stat_name": date(2030, 1, 1)},
            "wrong-type: alt_stat_name: expected text, found a date, which JSON does not have (put it in quotes)",
            id="date for text",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": {1: 2}}}},
            "not-json: metadata.filter_metadata.a: a key is a number, not text (put the key in quotes)",
            id="key is a number",
        ),
        pytest.param(
            {"metadata": {True: {}}},
            "not-json: metadata: a key is true or false, not text (put the key in quotes)",
            id="key is a boolean",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {5: {}}},
            "not-json: typed_extension_protocol_options: a key is a number, not text (put the key in quotes)",
            id="key of a map field",
        ),
        pytest.param(
            {"alt_stat_name": "\ud800"},
            "bad-value: alt_stat_name: text that holds half of a character (an unpaired surrogate)",
            id="half a character",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"\udfff": {}}}},
            "bad-value: metadata.filter_metadata: text that holds half of a character (an unpaired surrogate)",
            id="half a character in a key",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {HTTP_OPTIONS: {}}},
            f'missing-type: typed_extension_protocol_options["{HTTP_OPTIONS}"]: there is no "@type" '
            '(add "@type": type.googleapis.com/<message type>)',
            id="Any without a type",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {"x": {"@type": "x/\ud800"}}},
            "bad-value: typed_extension_protocol_options.x: "
            "text that holds half of a character (an unpaired surrogate)",
            id="half a character in a type",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {"x": {"@type": HTTP_OPTIONS}}},
            'bad-type: typed_extension_protocol_options.x: "@type" is not a type URL '
            "(write type.googleapis.com/<message type>)",
            id="type without a host",
        ),
        pytest.param(
            {"metadata": {"filter_metadata": {"a": 5}}},
            "wrong-type: metadata.filter_metadata.a: expected a map, found a number",
            id="Struct is a number",
        ),
        pytest.param(
            {"transport_socket": {"name": "x", "typed_config": {"@type": f"{TYPE}google.protobuf.Struct", "a": 1}}},
            "wrong-type: transport_socket.typed_config.value: expected a map, found null",
            id="map beside its value",
        ),
        pytest.param(
            {
                "transport_socket": {
                    "name": "x",
                    "typed_config": {"@type": f"{TYPE}google.protobuf.Timestamp", "value": "x"},
                }
            },
            "bad-value: transport_socket.typed_config.value: the text is not a Timestamp "
            '(write it as "2030-01-31T12:00:00Z")',
            id="moment",
        ),
        pytest.param(
            {"lb_subset_config": {"subset_selectors": [{"keys": ["a", 5]}]}},
            "wrong-type: lb_subset_config.subset_selectors[0].keys[1]: expected text, found a number "
            "(put it in quotes)",
            id="item of a list",
        ),
        pytest.param(
            {"typed_extension_protocol_options": {"x": "y"}},
            "wrong-type: typed_extension_protocol_options.x: expected a map, found text",
            id="Any is text",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_said_with_its_path(fields: dict[str, Any], words: str) -> None:
    assert findings(cluster(**fields)) == [words]


def test_all_faults_are_told_at_once() -> None:
    codes = [words.partition(":")[0] for words in findings(cluster(foo=1, bar=2, connect_timeout=3, type="X"))]
    assert sorted(codes) == ["unknown-field", "unknown-field", "unknown-value", "wrong-type"]


@pytest.mark.parametrize(
    "fields",
    [
        {"connect_timeout": "hunter2"},
        {"type": "hunter2"},
        {"respect_dns_ttl": "hunter2"},
        {"per_connection_buffer_limit_bytes": "hunter2"},
        {"load_assignment": "hunter2"},
        {"foo": "hunter2"},
        {"foo": {"bar": ["hunter2"]}},
        {"transport_socket": {"name": "hunter2"}},
        {"transport_socket": {"name": "tls", "typed_config": {"password": "hunter2"}}},
        {"typed_extension_protocol_options": {"x": {"@type": f"{TYPE}a.B", "password": math.nan, "b": "hunter2"}}},
    ],
)
def test_no_value_is_ever_shown(fields: dict[str, Any]) -> None:
    words = findings(cluster(**fields))
    assert words
    assert "hunter2" not in "".join(words)


@pytest.mark.parametrize("levels", [40, 99, 500, 100_000])
def test_too_deep_a_nest_is_a_finding(levels: int) -> None:
    assert {words.partition(":")[0] for words in findings(deep(levels))} == {"too-deep"}


def test_a_map_that_holds_itself_is_a_finding() -> None:
    json = cluster()
    json["load_assignment"] = {"endpoints": json}
    assert findings(json)


def test_what_protobuf_can_read_back_is_deep_enough() -> None:
    assert findings(deep(25)) == []


def test_a_filter_that_is_only_switched_on_says_nothing_more() -> None:
    on = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "config": {}}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "web"}, "typed_per_filter_config": {"a": on}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [route]}]
    routes = {"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "name": "r"}

    encoded = codec.encode({**routes, "virtual_hosts": hosts})

    assert encoded.findings == ()
    assert encoded.resource is not None
    again = codec.encode(codec.to_json(encoded.resource)).resource
    assert again is not None
    assert again.body == encoded.resource.body


def test_an_unknown_type_travels_as_a_typed_struct_and_is_said() -> None:
    encoded = codec.encode(
        listener(hcm({"name": "acme", "typed_config": {"@type": "acme.io/acme.Foo", "a": [1, None]}}))
    )
    assert [str(finding) for finding in encoded.findings] == [
        (
            f'{HTTP_FILTER}.typed_config: unknown type "acme.Foo", sent unchecked as a TypedStruct: '
            "an Envoy that lacks it refuses the resource"
        )
    ]
    assert [finding.level for finding in encoded.findings] == [Level.WARNING]
    assert encoded.resource is not None
    shown = codec.to_json(encoded.resource)["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"][0]
    assert shown["typed_config"] == {
        "@type": f"{TYPE}xds.type.v3.TypedStruct",
        "type_url": "acme.io/acme.Foo",
        "value": {"a": [1, None]},
    }
    assert encoded.resource.references == {"Cluster": {EVERY}}


def test_a_misspelled_type_is_told_its_neighbour() -> None:
    (words,) = findings(listener(hcm(http_filter("router.v3.Ruter"))))
    assert words.endswith("(did you mean type.googleapis.com/envoy.extensions.filters.http.router.v3.Router?)")


def test_a_type_of_the_old_api_inside_is_refused_with_the_new_one() -> None:
    old = "envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager"
    assert findings(listener({"name": "x", "typed_config": {"@type": f"{TYPE}{old}"}})) == [
        (
            f'old-type: filter_chains[0].filters[0].typed_config: type "{old}" belongs to an old API that Envoy no '
            f"longer reads (write {HCM}; its fields may have changed)"
        )
    ]


def test_an_old_style_filter_is_refused_with_the_modern_form() -> None:
    assert findings(listener(hcm({"name": "envoy.router"}))) == [
        (
            f"old-style-filter: {HTTP_FILTER}: envoy.router has no typed_config, without which Envoy refuses it "
            '(add typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router})'
        )
    ]


def test_a_program_hands_in_a_message_and_keeps_it() -> None:
    message = cluster_pb2.Cluster(name="web")
    resource = codec.from_message(message, version="7", origin=ORIGIN)
    assert (resource.name, resource.version, resource.origin) == ("web", "7", ORIGIN)
    assert resource.body == message.SerializeToString()
    assert codec.from_message(message).version == content_version(resource.body)


def test_the_order_in_a_nested_any_is_settled_unless_it_is_to_stay() -> None:
    options = cluster_pb2.Cluster(name="in")
    options.metadata.filter_metadata["b"].SetInParent()
    options.metadata.filter_metadata["a"].SetInParent()
    sorted_bytes = options.SerializeToString(deterministic=True)
    entries = sorted_bytes.split(b"\n")  # the two entries of the map, told apart by their keys
    assert sorted_bytes.index(b"\x01a") < sorted_bytes.index(b"\x01b")
    assert entries
    other_bytes = sorted_bytes.replace(b"\x01a", b"\x01?").replace(b"\x01b", b"\x01a").replace(b"\x01?", b"\x01b")
    message = cluster_pb2.Cluster(name="web")
    message.typed_extension_protocol_options["x"].CopyFrom(any_pb2.Any(type_url=CLUSTER, value=other_bytes))
    assert other_bytes in codec.from_message(message, check=False).body
    assert sorted_bytes in codec.from_message(message).body
    assert message.typed_extension_protocol_options["x"].value == other_bytes


def test_a_message_without_a_name_or_a_row_is_an_error() -> None:
    with pytest.raises(InvalidResource, match="Cluster: the Cluster has no name"):
        codec.from_message(cluster_pb2.Cluster())
    with pytest.raises(InvalidResource, match="is no type of resource that can be served"):
        codec.from_message(percent_pb2.Percent(value=1))
    assert codec.from_message(cluster_pb2.Cluster(), name="given", check=False).name == "given"


def test_a_message_with_a_broken_any_is_an_error_unless_unchecked() -> None:
    message = cluster_pb2.Cluster(name="web")
    message.typed_extension_protocol_options["x"].CopyFrom(any_pb2.Any(type_url=HCM, value=b"\xff"))
    with pytest.raises(InvalidResource, match="web: an Any inside it cannot be read"):
        codec.from_message(message)
    assert codec.from_message(message, check=False).references == {"Cluster": {EVERY}}


def test_bytes_are_served_as_they_are() -> None:
    body = cluster_pb2.Cluster(name="web").SerializeToString() + b"\x0a\x03app"
    resource = codec.from_any(CLUSTER, body)
    assert (resource.name, resource.body) == ("app", body)
    assert codec.from_any(CLUSTER, body, name="other", version="v1").version == "v1"


def test_bytes_that_are_not_readable_are_an_error_unless_unchecked() -> None:
    with pytest.raises(InvalidResource, match="Listener: the bytes are not a readable envoy"):
        codec.from_any(LISTENER, b"\xff\xff")
    resource = codec.from_any(LISTENER, b"\xff\xff", name="raw", check=False)
    assert (resource.name, resource.body) == ("raw", b"\xff\xff")
    assert resource.references == {"Cluster": {EVERY}}
    assert codec.to_json(resource) == {"@type": LISTENER}
    with pytest.raises(InvalidResource, match="has no name"):
        codec.from_any(LISTENER, b"\xff\xff", check=False)
    assert codec.from_any(SECRET.url, b"\xff", name="raw", check=False).references == {}


def test_bytes_with_a_broken_any_inside_are_an_error() -> None:
    message = http_connection_manager_pb2.HttpFilter(name="x")
    message.typed_config.type_url = HCM
    message.typed_config.value = b"\xff"
    outer = cluster_pb2.Cluster(name="web")
    outer.typed_extension_protocol_options["x"].Pack(
        http_connection_manager_pb2.HttpConnectionManager(http_filters=[message])
    )
    with pytest.raises(InvalidResource, match="not a readable"):
        codec.from_any(CLUSTER, outer.SerializeToString())


def test_bytes_of_a_type_without_a_row_are_an_error() -> None:
    with pytest.raises(InvalidResource, match=r'"envoy\.type\.v3\.Percent" is no type of resource that can be served'):
        codec.from_any(f"{TYPE}envoy.type.v3.Percent", b"")


def test_a_virtual_host_is_known_by_its_domains_below_its_routes() -> None:
    """In small letters, as Envoy asks; one whose name tells no routes has none."""
    json = {"@type": "type.googleapis.com/envoy.config.route.v3.VirtualHost", "domains": ["A.com", "*.b.com"]}
    found = codec.encode({**json, "name": "x/routes/host"}).resource
    assert found
    assert found.aliases == ("x/routes/a.com", "x/routes/*.b.com")
    bare = codec.encode({**json, "name": "host"}).resource
    assert bare
    assert bare.aliases == ()


def test_a_name_has_one_spelling() -> None:
    """The order of context parameters makes no difference."""
    json = {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "xdstp://o/T/x?b=2&a=1"}
    found = codec.encode(json).resource
    assert found
    assert found.name == "xdstp://o/T/x?a=1&b=2"
