"""The exact field that mentions a name."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.whereabouts import Whereabouts, whereabouts
from legation.model.objects import show_path
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    ROUTE_CONFIGURATION,
    SECRET,
    ResourceType,
)
from tests.unit.envoy.configs import (
    ADS,
    ROUTER,
    ROUTES,
    TYPE,
    cluster,
    hcm,
    listener,
    network_filter,
    resource_of,
    routes,
)

MANAGER = "filter_chains[0].filters[0].typed_config"


def where(json: dict[str, Any], row: ResourceType, name: str) -> tuple[str, bool]:
    inner = json.get("resource", json)
    found = whereabouts(resource_of(inner), (row, name), json)
    return show_path(found.path), found.needed


def tls(name: str) -> dict[str, Any]:
    context = {"common_tls_context": {"tls_certificate_sds_secret_configs": [{"name": name, "sds_config": ADS}]}}
    kind = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return {"transport_socket": {"name": "tls", "typed_config": {"@type": TYPE + kind, **context}}}


@pytest.mark.parametrize(
    ("json", "row", "name", "path"),
    [
        ({"@type": ROUTES, **routes({"cluster": "a"}, {"cluster": "b"})}, CLUSTER, "b", "routes[1].route.cluster"),
        (
            {"@type": ROUTES, **routes({"weightedClusters": {"clusters": [{"name": "a", "weight": 1}]}})},
            CLUSTER,
            "a",
            "routes[0].route.weightedClusters.clusters[0].name",
        ),
        (cluster(type="EDS", eds_cluster_config={"eds_config": ADS}), CLUSTER_LOAD_ASSIGNMENT, "web", "name"),
        (
            cluster(type="EDS", eds_cluster_config={"eds_config": ADS, "service_name": "pods"}),
            CLUSTER_LOAD_ASSIGNMENT,
            "pods",
            "eds_cluster_config",
        ),
        (
            cluster(**tls("cert")),
            SECRET,
            "cert",
            "transport_socket.typed_config.common_tls_context.tls_certificate_sds_secret_configs[0].name",
        ),
        (
            listener(hcm(ROUTER, rds={"route_config_name": "web", "config_source": ADS})),
            ROUTE_CONFIGURATION,
            "web",
            f"{MANAGER}.rds.route_config_name",
        ),
        (
            listener(hcm({"name": "late", "config_discovery": {"config_source": ADS, "type_urls": ["a/b.C"]}})),
            EXTENSION_CONFIG,
            "late",
            f"{MANAGER}.http_filters[0].name",
        ),
        (
            listener(network_filter("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", cluster="db")),
            CLUSTER,
            "db",
            f"{MANAGER}.cluster",
        ),
    ],
)
def test_the_field_that_says_the_name(json: dict[str, Any], row: ResourceType, name: str, path: str) -> None:
    found, needed = where(json, row, name)

    assert found.endswith(path)
    assert not needed


def test_in_a_wrapped_resource_it_is_a_step_deeper() -> None:
    inner = {"@type": ROUTES, **routes({"cluster": "a"})}
    json = {"@type": f"{TYPE}envoy.service.discovery.v3.Resource", "name": "web", "resource": inner}

    assert where(json, CLUSTER, "a")[0] == "resource.virtual_hosts[0].routes[0].route.cluster"


def test_in_a_typed_struct_it_stands_where_it_is_written() -> None:
    config = {
        "@type": f"{TYPE}xds.type.v3.TypedStruct",
        "type_url": f"{TYPE}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "value": {"cluster": "db", "stat_prefix": "db"},
    }

    found = where(listener({"name": "proxy", "typed_config": config}), CLUSTER, "db")

    assert found == (f"{MANAGER}.value.cluster", False)


def test_what_is_not_mentioned_stands_nowhere() -> None:
    json = {"@type": ROUTES, **routes({"cluster": "a"})}

    assert whereabouts(resource_of(json), (CLUSTER, "b"), json) == Whereabouts()


@pytest.mark.parametrize(
    ("validate", "needed"), [(None, True), (True, True), (False, False)], ids=["not said", "wanted", "not wanted"]
)
def test_routes_inside_a_listener_need_their_clusters(validate: object, *, needed: bool) -> None:
    inline = routes({"cluster": "a"}) | ({} if validate is None else {"validate_clusters": validate})

    assert where(listener(hcm(ROUTER, route_config=inline)), CLUSTER, "a")[1] is needed


def test_routes_of_their_own_need_them_only_if_they_say_so() -> None:
    plain = {"@type": ROUTES, **routes({"cluster": "a"})}

    assert where(plain, CLUSTER, "a")[1] is False
    assert where({**plain, "validate_clusters": True}, CLUSTER, "a")[1] is True


def test_what_routes_say_for_a_filter_needs_no_cluster() -> None:
    service = {"grpc_service": {"envoy_grpc": {"cluster_name": "processor"}}}
    override = {"@type": f"{TYPE}envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute", "overrides": service}
    inline = routes({"cluster": "a"}, typed_per_filter_config={"processor": override})

    assert where(listener(hcm(ROUTER, route_config=inline)), CLUSTER, "processor")[1] is False


def test_what_else_stands_in_a_listener_needs_no_cluster() -> None:
    shadow = {"grpc_service": {"envoy_grpc": {"cluster_name": "auth"}}}
    config = {"@type": f"{TYPE}envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", **shadow}
    inside = listener(hcm({"name": "auth", "typed_config": config}, ROUTER))

    assert where(inside, CLUSTER, "auth") == (
        f"{MANAGER}.http_filters[0].typed_config.grpc_service.envoy_grpc.cluster_name",
        False,
    )
