"""What is understood of a TypedStruct: as much as if nothing unknown stood in it."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import any_pb2

from legation.envoy import codec, types
from legation.envoy.config_sources import taken
from legation.envoy.understanding import type_of, understood, walk
from legation.envoy.warming import warms_within
from legation.model.objects import show_path
from tests.unit.envoy.configs import (
    ADS,
    HCM,
    HTTP_OPTIONS,
    ROUTER,
    TYPE,
    cluster,
    hcm,
    http_filter,
    listener,
    routes,
)

STRUCT = f"{TYPE}xds.type.v3.TypedStruct"
ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}
BUFFER = f"{TYPE}envoy.extensions.filters.http.buffer.v3.Buffer"


def resource(json: dict[str, Any]) -> Any:
    encoded = codec.encode(json)
    assert encoded.resource is not None, encoded.findings
    return encoded.resource


def edge(*filters: Any) -> Any:
    return resource(listener(*filters, address=ADDRESS))


def as_struct(network_filter: dict[str, Any]) -> dict[str, Any]:
    """Return the same as its owner would write it as a TypedStruct."""
    config = dict(network_filter["typed_config"])
    url = config.pop("@type")
    return {**network_filter, "typed_config": {"@type": STRUCT, "type_url": url, "value": config}}


MANAGERS = [
    pytest.param(hcm(ROUTER, route_config=routes({"cluster": "web"})), id="clusters"),
    pytest.param(hcm(ROUTER, rds={"config_source": ADS, "route_config_name": "web"}), id="routes"),
    pytest.param(
        hcm(
            http_filter("ext_authz.v3.ExtAuthz", grpc_service={"envoy_grpc": {"cluster_name": "auth"}}, foo=1),
            ROUTER,
            route_config=routes({"cluster_header": "x"}),
        ),
        id="an extension in it that is one too",
    ),
]


@pytest.mark.parametrize("manager", MANAGERS)
def test_the_references_of_a_filter_with_an_unknown_field_are_those_of_the_filter(manager: dict[str, Any]) -> None:
    more = {**manager, "typed_config": {**manager["typed_config"], "unknown": {"cluster": "x"}}}
    plain, one, own = edge(manager), edge(more), edge(as_struct(manager))
    assert plain.references
    assert one.references == own.references == plain.references
    assert one.claims == plain.claims == ("tcp 127.0.0.1:8080",)
    assert taken(one) == taken(plain)


def test_a_cluster_that_only_says_more_uses_what_it_used() -> None:
    options = {"@type": TYPE + HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}}
    plain = resource(cluster(typed_extension_protocol_options={HTTP_OPTIONS: options}))
    one = resource(cluster(typed_extension_protocol_options={HTTP_OPTIONS: {**options, "foo": 1}}))
    assert one.references == plain.references
    assert one.warms_within == plain.warms_within
    assert one.body != plain.body


def test_lints_see_what_is_understood() -> None:
    """HTTP/2 is what a health check by gRPC needs."""
    check = {"timeout": "1s", "interval": "1s", "healthy_threshold": 1, "unhealthy_threshold": 1}
    options = {"@type": TYPE + HTTP_OPTIONS, "explicit_http_config": {"http2_protocol_options": {}}, "foo": 1}
    fields = {"health_checks": [{**check, "grpc_health_check": {}}]}
    assert "no-http2" in {each.code for each in codec.encode(cluster(**fields)).findings}
    resource(cluster(**fields, typed_extension_protocol_options={HTTP_OPTIONS: options}))


def test_how_long_a_cluster_takes_is_known_by_its_type() -> None:
    forward: dict[str, Any] = {"dns_cache_config": {"name": "d"}}
    name = "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"
    message: Any = types.message_class("envoy.config.cluster.v3.Cluster")(name="a")
    message.cluster_type.typed_config.CopyFrom(struct(name, **forward))
    assert warms_within(message) == 0.0


def struct(name: str, **value: Any) -> any_pb2.Any:
    message: Any = types.message_class("xds.type.v3.TypedStruct")(type_url=TYPE + name)
    message.value.update(value)
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def test_the_type_is_that_of_what_it_holds() -> None:
    assert type_of(struct("a.B")) == "a.B"
    assert type_of(any_pb2.Any(type_url=BUFFER)) == BUFFER.removeprefix(TYPE)
    assert type_of(any_pb2.Any(type_url=STRUCT, value=b"\xff")) == "xds.type.v3.TypedStruct"
    assert type_of(any_pb2.Any()) == ""


def test_what_is_not_known_or_does_not_fit_is_missing() -> None:
    one: Any = understood(struct(HCM.removeprefix(TYPE), stat_prefix="a", foo=1, codec_type="X", server_name=3))
    assert one.DESCRIPTOR.full_name == HCM.removeprefix(TYPE)
    assert [field.name for field, _ in one.ListFields()] == ["stat_prefix"]


def test_of_an_unknown_type_nothing_is_understood_but_the_json() -> None:
    one: Any = understood(struct("a.B", c=1))
    assert one.value["c"] == 1
    assert understood(any_pb2.Any(type_url=f"{TYPE}a.B")) is None


def test_it_is_read_once() -> None:
    assert understood(struct(BUFFER.removeprefix(TYPE), foo=1)) is understood(struct(BUFFER.removeprefix(TYPE), foo=1))


def test_every_message_inside_has_a_path() -> None:
    """Those in an `Any` stand where the `Any` does."""
    message: Any = types.message_class("envoy.config.listener.v3.Listener")()
    message.filter_chains.add().filters.add().name = "x"
    message.filter_chains[0].filters[0].typed_config.Pack(
        types.message_class("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy")(cluster="web")
    )
    message.metadata.typed_filter_metadata["a.b"].Pack(message)

    found = {show_path(path): each.DESCRIPTOR.name for path, each in walk(message)}

    assert found[""] == "Listener"
    assert found["filter_chains[0].filters[0].typed_config"] == "TcpProxy"
    assert found['metadata.typed_filter_metadata["a.b"].filter_chains[0]'] == "FilterChain"
