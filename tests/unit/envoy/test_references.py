"""What each kind of resource refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from legation.envoy import types
from legation.envoy.cluster_names import NAMES, UNKNOWABLE
from legation.envoy.references import cannot_tell, references
from legation.model.resource import EVERY
from legation.model.resource_types import BY_NAME, LISTENER, RUNTIME
from tests.unit.envoy.configs import (
    ADS,
    FILE,
    ROUTER,
    ROUTES,
    SECRET,
    TYPE,
    cluster,
    hcm,
    http_filter,
    listener,
    network_filter,
    resource_of,
    routes,
)

if TYPE_CHECKING:
    from google.protobuf.message import Message

API = {"resource_api_version": "V3", "api_config_source": {"api_type": "GRPC", "transport_api_version": "V3"}}
XDS_SERVER = {"grpc_services": [{"envoy_grpc": {"cluster_name": "xds_cluster"}}], "cluster_names": ["xds_cluster"]}
SCOPE = {"key": {"fragments": [{"string_key": "x"}]}}
NETWORK = "envoy.extensions.filters.network"


def names(json: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what a resource refers to."""
    found = resource_of(json).references
    assert all(found.values())
    return {row: set(members) for row, members in found.items()}


def route_config(*actions: Any) -> dict[str, Any]:
    return {"@type": ROUTES, **routes(*actions)}


def tls(**common: Any) -> dict[str, Any]:
    message = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return {"name": "tls", "typed_config": {"@type": f"{TYPE}{message}", "common_tls_context": common}}


@pytest.mark.parametrize(
    ("action", "clusters"),
    [
        pytest.param({"cluster": "a"}, {"a"}, id="cluster"),
        pytest.param({"weighted_clusters": {"clusters": [{"name": "a"}, {"name": "b"}]}}, {"a", "b"}, id="weighted"),
        pytest.param({"cluster": "a", "request_mirror_policies": [{"cluster": "m"}]}, {"a", "m"}, id="mirror"),
        pytest.param({"cluster_header": "x-cluster"}, {EVERY}, id="header"),
        pytest.param({"weighted_clusters": {"clusters": [{"cluster_header": "x"}]}}, {EVERY}, id="weighted header"),
        pytest.param({"cluster_specifier_plugin": "x"}, {EVERY}, id="plugin"),
    ],
)
def test_a_route_refers_to_its_clusters(action: dict[str, Any], clusters: set[str]) -> None:
    assert names(route_config(action)) == {"Cluster": clusters}


def test_a_route_that_redirects_refers_to_nothing() -> None:
    json = {
        "@type": ROUTES,
        "name": "web",
        "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "redirect": {}}]}],
    }
    assert names(json) == {}


@pytest.mark.parametrize(
    ("filter_", "clusters"),
    [
        pytest.param(network_filter(f"{NETWORK}.tcp_proxy.v3.TcpProxy", stat_prefix="x", cluster="a"), {"a"}, id="tcp"),
        pytest.param(
            network_filter(
                f"{NETWORK}.tcp_proxy.v3.TcpProxy",
                stat_prefix="x",
                weighted_clusters={"clusters": [{"name": "a", "weight": 1}]},
            ),
            {"a"},
            id="tcp weighted",
        ),
        pytest.param(
            network_filter(
                f"{NETWORK}.redis_proxy.v3.RedisProxy",
                stat_prefix="x",
                settings={"op_timeout": "1s"},
                prefix_routes={"routes": [{"prefix": "x", "cluster": "a"}], "catch_all_route": {"cluster": "b"}},
            ),
            {"a", "b"},
            id="redis",
        ),
        pytest.param(
            network_filter(
                f"{NETWORK}.thrift_proxy.v3.ThriftProxy",
                stat_prefix="x",
                route_config={"routes": [{"match": {"method_name": ""}, "route": {"cluster": "a"}}]},
            ),
            {"a"},
            id="thrift",
        ),
        pytest.param(hcm(route_config=routes({"cluster": "a"})), {"a"}, id="inline routes"),
        pytest.param(
            hcm(
                http_filter(
                    "jwt_authn.v3.JwtAuthentication",
                    providers={"p": {"remote_jwks": {"http_uri": {"uri": "x", "cluster": "a", "timeout": "1s"}}}},
                )
            ),
            {"a"},
            id="jwt",
        ),
        pytest.param(
            hcm(http_filter("ext_authz.v3.ExtAuthz", grpc_service={"envoy_grpc": {"cluster_name": "a"}})),
            {"a"},
            id="ext_authz",
        ),
        pytest.param(
            hcm(
                http_filter(
                    "health_check.v3.HealthCheck",
                    pass_through_mode=False,
                    cluster_min_healthy_percentages={"a": {"value": 9}},
                )
            ),
            {"a"},
            id="keys of a map",
        ),
        pytest.param(
            hcm(
                tracing={
                    "provider": {
                        "name": "zipkin",
                        "typed_config": {
                            "@type": f"{TYPE}envoy.config.trace.v3.ZipkinConfig",
                            "collector_cluster": "a",
                            "collector_endpoint": "/spans",
                            "collector_endpoint_version": "HTTP_JSON",
                        },
                    }
                }
            ),
            {"a"},
            id="tracing",
        ),
        pytest.param(
            hcm(http_filter("lua.v3.Lua", default_source_code={"inline_string": "handle:headers()"})), set(), id="lua"
        ),
        pytest.param(
            hcm(http_filter("lua.v3.Lua", default_source_code={"inline_string": "handle:httpCall('a')"})),
            {EVERY},
            id="lua calls",
        ),
        pytest.param(
            hcm(http_filter("lua.v3.Lua", default_source_code={"filename": "/x.lua"})), {EVERY}, id="lua file"
        ),
        pytest.param(hcm(http_filter("wasm.v3.Wasm", config={"name": "x", "vm_config": {}})), {EVERY}, id="wasm"),
        pytest.param(hcm({"name": "x", "typed_config": {"@type": "acme.io/acme.X"}}), {EVERY}, id="unknown"),
        pytest.param(
            hcm({"name": "x", "typed_config": {"@type": f"{TYPE}udpa.type.v1.TypedStruct", "type_url": "acme.io/x.Y"}}),
            {EVERY},
            id="TypedStruct",
        ),
        pytest.param(hcm(ROUTER, http_filter("fault.v3.HTTPFault", upstream_cluster="a")), set(), id="a condition"),
    ],
)
def test_a_listener_refers_to_the_clusters_of_its_filters(filter_: dict[str, Any], clusters: set[str]) -> None:
    assert names(listener(filter_)) == ({"Cluster": clusters} if clusters else {})


def test_a_udp_listener_refers_to_its_clusters() -> None:
    udp = "envoy.extensions.filters.udp.udp_proxy.v3"
    action = {"name": "route", "typed_config": {"@type": f"{TYPE}{udp}.Route", "cluster": "b"}}
    by_matcher = network_filter(f"{udp}.UdpProxyConfig", stat_prefix="x", matcher={"on_no_match": {"action": action}})
    assert names(
        listener(listener_filters=[network_filter(f"{udp}.UdpProxyConfig", stat_prefix="x", cluster="a")])
    ) == {"Cluster": {"a"}}
    assert names(listener(listener_filters=[by_matcher])) == {"Cluster": {"b"}}


@pytest.mark.parametrize("name", sorted(NAMES | UNKNOWABLE))
def test_every_field_of_the_tables_is_seen(name: str) -> None:
    message_name, _, field_name = name.rpartition(".")
    message: Any = types.message_class(message_name)()
    field = message.DESCRIPTOR.fields_by_name[field_name]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        getattr(message, field_name)["a"].SetInParent()
    elif field.message_type is not None:
        getattr(message, field_name).SetInParent()
    elif field.is_repeated:
        getattr(message, field_name).append("a")
    else:
        setattr(message, field_name, "a")
    assert EVERY in references(message)["Cluster"] if name in UNKNOWABLE else "a" in references(message)["Cluster"]


@pytest.mark.parametrize(("source", "found"), [(ADS, True), (API, True), (FILE, False)])
def test_only_what_a_control_plane_is_asked_for_is_a_reference(source: dict[str, Any], *, found: bool) -> None:
    eds = cluster(type="EDS", eds_cluster_config={"eds_config": source})
    assert names(eds) == ({"ClusterLoadAssignment": {"web"}} if found else {})
    rds = listener(hcm(rds={"config_source": source, "route_config_name": "r"}))
    assert names(rds) == ({"RouteConfiguration": {"r"}} if found else {})
    sds = cluster(transport_socket=tls(tls_certificate_sds_secret_configs=[{"name": "s", "sds_config": source}]))
    assert names(sds) == ({"Secret": {"s"}} if found else {})
    ecds = listener(hcm({"name": "f", "config_discovery": {"config_source": source, "type_urls": [ROUTES]}}))
    assert names(ecds) == ({"ExtensionConfig": {"f"}} if found else {})
    leds = {"leds_config": source, "leds_collection_name": "xdstp://x/y"}
    assignment = {"@type": f"{TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment", "cluster_name": "web"}
    endpoints = {**assignment, "endpoints": [{"leds_cluster_locality_config": leds}]}
    assert names(endpoints) == ({"LbEndpoint": {"xdstp://x/y"}} if found else {})


def test_an_eds_cluster_refers_to_its_service_name() -> None:
    eds = {"eds_config": ADS, "service_name": "shop/web"}
    assert names(cluster(type="EDS", eds_cluster_config=eds)) == {"ClusterLoadAssignment": {"shop/web"}}


def test_a_secret_of_the_bootstrap_is_no_reference() -> None:
    assert names(cluster(transport_socket=tls(validation_context_sds_secret_config={"name": "ca"}))) == {}


def test_the_cluster_of_a_control_plane_is_no_reference() -> None:
    source = {**API, "api_config_source": {**API["api_config_source"], **XDS_SERVER}}  # type: ignore[dict-item]
    eds = cluster(type="EDS", eds_cluster_config={"eds_config": source})
    assert names(eds) == {"ClusterLoadAssignment": {"web"}}


def test_a_scoped_route_refers_to_its_route_configuration() -> None:
    scoped = {"@type": BY_NAME["ScopedRoute"].url, "name": "s", "route_configuration_name": "r", **SCOPE}
    assert names(scoped) == {"RouteConfiguration": {"r"}}


def test_an_aggregate_cluster_refers_to_its_clusters() -> None:
    message = "envoy.extensions.clusters.aggregate.v3.ClusterConfig"
    kind = {"name": "aggregate", "typed_config": {"@type": f"{TYPE}{message}", "clusters": ["a", "b"]}}
    assert names(cluster(cluster_type=kind)) == {"Cluster": {"a", "b"}}


def test_a_secret_refers_to_nothing() -> None:
    assert names({"@type": SECRET, "name": "s", "generic_secret": {"secret": {"inline_string": "x"}}}) == {}


def test_bytes_that_nobody_can_read_may_use_any_cluster() -> None:
    assert cannot_tell(LISTENER) == {"Cluster": {EVERY}}
    assert cannot_tell(RUNTIME) == {}


def test_a_broken_any_may_use_any_cluster() -> None:
    message: Message = types.message_class("envoy.config.core.v3.TypedExtensionConfig")(name="x")
    message.typed_config.type_url = ROUTES  # type: ignore[attr-defined]
    message.typed_config.value = b"\xff"  # type: ignore[attr-defined]
    assert references(message) == {"Cluster": {EVERY}}


def test_routes_that_take_their_virtual_hosts_from_us_refer_to_all_of_theirs() -> None:
    """By the glob that their names fall under; not those that come from a file."""
    json = {"@type": TYPE + "envoy.config.route.v3.RouteConfiguration", "name": "a/r"}
    assert names({**json, "vhds": {"config_source": ADS}}) == {"VirtualHost": {"a/r/*"}}
    assert names({**json, "vhds": {"config_source": FILE}}) == {}


def test_names_are_referred_to_in_the_spelling_that_all_equals_share() -> None:
    """The order of context parameters makes no difference."""
    leds = {"leds_config": ADS, "leds_collection_name": "xdstp://x/y/z/*?b=1&a=2"}
    json = {"@type": TYPE + "envoy.config.endpoint.v3.ClusterLoadAssignment", "cluster_name": "c"}
    found = names({**json, "endpoints": [{"leds_cluster_locality_config": leds}]})
    assert found == {"LbEndpoint": {"xdstp://x/y/z/*?a=2&b=1"}}
