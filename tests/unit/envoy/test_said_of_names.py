"""What a resource says of names besides mentioning them."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.resource_types import EXTENSION_CONFIG, ROUTE_CONFIGURATION, SECRET
from tests.unit.envoy.configs import ADS, FILE, ROUTER, ROUTES, TYPE, cluster, hcm, listener, resource_of, routes

WEB, ADMIN = (ROUTE_CONFIGURATION.name, "web"), (ROUTE_CONFIGURATION.name, "admin")
CORS = {"name": "cors", "typed_config": {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.Cors"}}
POLICY = {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.CorsPolicy"}
TLS = f"{TYPE}envoy.extensions.transport_sockets.tls.v3."


def rds(name: str) -> dict[str, Any]:
    return {"rds": {"route_config_name": name, "config_source": ADS}}


def per_filter(*names: str) -> dict[str, Any]:
    return {"typed_per_filter_config": dict.fromkeys(names, POLICY)}


def sds(name: str, source: dict[str, Any] = ADS) -> dict[str, Any]:
    return {"name": name, "sds_config": source}


def test_the_filters_of_a_listener_by_the_routes_that_it_asks_for() -> None:
    upgrade = {"upgrade_type": "websocket", "filters": [{**CORS, "name": "upgraded"}, ROUTER]}
    found = resource_of(
        listener(hcm(CORS, ROUTER, **rds("web"), upgrade_configs=[upgrade]), hcm(ROUTER, **rds("admin")))
    ).said_of_names

    assert found == {WEB: {"cors", "upgraded", ROUTER["name"]}, ADMIN: {ROUTER["name"]}}


def test_a_listener_that_asks_for_no_routes_says_nothing_of_any() -> None:
    assert resource_of(listener(hcm(CORS, ROUTER))).said_of_names == {}


def test_the_filters_that_routes_configure_at_every_level() -> None:
    config = routes({"weighted_clusters": {"clusters": [{"name": "a", "weight": 1, **per_filter("of-cluster")}]}})
    (host,) = config["virtual_hosts"]
    host["routes"][0] |= per_filter("of-route")
    host |= per_filter("of-host")

    assert resource_of({"@type": ROUTES, **config, **per_filter("of-all")}).said_of_names == {
        WEB: {"of-cluster", "of-route", "of-host", "of-all"}
    }
    assert resource_of({"@type": ROUTES, **routes({"cluster": "a"})}).said_of_names == {}


def test_for_what_a_secret_is_taken() -> None:
    common = {
        "tls_certificate_sds_secret_configs": [sds("cert")],
        "combined_validation_context": {
            "default_validation_context": {},
            "validation_context_sds_secret_config": sds("ca"),
        },
    }
    context = {"@type": f"{TLS}UpstreamTlsContext", "common_tls_context": common}
    found = resource_of(cluster(transport_socket={"name": "tls", "typed_config": context})).said_of_names

    assert found == {(SECRET.name, "cert"): {"tls_certificate"}, (SECRET.name, "ca"): {"validation_context"}}


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"tls_certificate": {}}, {"tls_certificate"}),
        ({"validation_context": {}}, {"validation_context"}),
        ({"generic_secret": {}}, {"generic_secret"}),
        ({}, set()),
    ],
)
def test_what_a_secret_holds(kind: dict[str, Any], words: set[str]) -> None:
    assert resource_of({"@type": f"{TLS}Secret", "name": "cert", **kind}).said_of_names == {
        (SECRET.name, "cert"): words
    }


def test_the_types_of_which_an_extension_config_is_one() -> None:
    late = {"name": "late", "config_discovery": {"config_source": ADS, "type_urls": [TYPE + "a.v1.B", TYPE + "a.v1.C"]}}
    own = {"@type": f"{TYPE}envoy.config.core.v3.TypedExtensionConfig", "name": "late", "typed_config": POLICY}

    assert resource_of(listener(hcm(late, ROUTER))).said_of_names == {
        (EXTENSION_CONFIG.name, "late"): {"a.v1.B", "a.v1.C"}
    }
    assert resource_of(own).said_of_names == {
        (EXTENSION_CONFIG.name, "late"): {"envoy.extensions.filters.http.cors.v3.CorsPolicy"}
    }


def test_what_comes_from_a_file_is_nothing_that_anybody_here_defines() -> None:
    context = {
        "@type": f"{TLS}UpstreamTlsContext",
        "common_tls_context": {"validation_context_sds_secret_config": sds("ca", FILE)},
    }

    assert resource_of(cluster(transport_socket={"name": "tls", "typed_config": context})).said_of_names == {}
