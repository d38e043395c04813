"""From where resources take others, and files in place of a control plane."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec
from legation.envoy.config_sources import Taken, taken, to_json_from_files
from legation.model.resource import EVERY, Name, Resource
from legation.model.resource_types import (
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
)
from tests.unit.envoy.configs import ADS, FILE, ROUTER, ROUTES, TYPE, cluster, hcm, listener, resource_of, routes

SELF: dict[str, Any] = {"resource_api_version": "V3", "self": {}}
BY_PATH: dict[str, Any] = {"resource_api_version": "V3", "path": "/etc/envoy/old.yaml"}
API: dict[str, Any] = {
    "resource_api_version": "V3",
    "api_config_source": {"api_type": "GRPC", "transport_api_version": "V3"},
}
TLS = f"{TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
BUFFER = f"{TYPE}envoy.extensions.filters.http.buffer.v3.Buffer"


def made(json: dict[str, Any]) -> Resource:
    return resource_of(json)


def eds(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    return cluster(type="EDS", eds_cluster_config={"eds_config": source, **more})


def tls(source: dict[str, Any]) -> dict[str, Any]:
    secret = {"name": "key", "sds_config": source}
    config = {"@type": TLS, "common_tls_context": {"tls_certificate_sds_secret_configs": [secret]}}
    return cluster(transport_socket={"name": "tls", "typed_config": config})


def rds(source: dict[str, Any]) -> dict[str, Any]:
    return listener(hcm(ROUTER, rds={"route_config_name": "web", "config_source": source}))


def discovered(source: dict[str, Any]) -> dict[str, Any]:
    found = {"name": "limits", "config_discovery": {"config_source": source, "type_urls": [BUFFER]}}
    return listener(hcm(found, ROUTER))


def scoped(source: dict[str, Any]) -> dict[str, Any]:
    builder = {"fragments": [{"header_value_extractor": {"name": "x", "index": 0}}]}
    return listener(
        hcm(
            ROUTER,
            scoped_routes={
                "name": "s",
                "scope_key_builder": builder,
                "rds_config_source": source,
                "scoped_rds": {"scoped_rds_config_source": source},
            },
        )
    )


def vhds(source: dict[str, Any]) -> dict[str, Any]:
    return {"@type": ROUTES, "name": "web", "vhds": {"config_source": source}}


def leds(source: dict[str, Any]) -> dict[str, Any]:
    locality = {"leds_cluster_locality_config": {"leds_config": source, "leds_collection_name": "xdstp://a/b/*"}}
    return {"@type": CLUSTER_LOAD_ASSIGNMENT.url, "cluster_name": "web", "endpoints": [locality]}


CASES = {
    "endpoints": (eds, [(CLUSTER_LOAD_ASSIGNMENT, "web")]),
    "a secret": (tls, [(SECRET, "key")]),
    "routes": (rds, [(ROUTE_CONFIGURATION, "web")]),
    "an extension": (discovered, [(EXTENSION_CONFIG, "limits")]),
    "scoped routes": (scoped, [(ROUTE_CONFIGURATION, EVERY), (SCOPED_ROUTE, EVERY)]),
    "virtual hosts": (vhds, [(VIRTUAL_HOST, "web/*")]),
    "endpoints of a locality": (leds, [(LB_ENDPOINT, "xdstp://a/b/*")]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_taken_from_where_is_told(case: str) -> None:
    write, names = CASES[case]
    assert list(taken(made(write(ADS)))) == [Taken(name, "") for name in names]
    assert list(taken(made(write(SELF)))) == [Taken(name, "") for name in names]
    assert list(taken(made(write(FILE)))) == [Taken(name, "/etc/envoy/x.yaml") for name in names]
    assert list(taken(made(write(BY_PATH)))) == [Taken(name, "/etc/envoy/old.yaml") for name in names]
    assert not taken(made(write(API)))


@pytest.mark.parametrize("case", CASES)
def test_a_file_stands_in_place_of_the_control_plane_alone(case: str) -> None:
    write, names = CASES[case]
    asked: list[Name] = []

    def place(name: Name) -> str:
        asked.append(name)
        return "/etc/envoy/x.yaml"

    for source in (ADS, SELF):
        redirected = to_json_from_files(made(write(source)), place=place)
        assert redirected == codec.to_json(made(write(FILE)))
    assert asked == [*names, *names]
    others: tuple[dict[str, Any], ...] = (FILE, BY_PATH, API)
    for source in others:
        kept = made(write(source))
        assert to_json_from_files(kept, place=place) == codec.to_json(kept)
    assert len(asked) == 2 * len(names)


def test_where_there_is_no_file_it_stays() -> None:
    resource = made(rds(ADS))
    assert to_json_from_files(resource, place=lambda _: None) == codec.to_json(resource)


def test_a_watched_directory_is_written_beside_each_path() -> None:
    shown = to_json_from_files(made(eds(ADS)), place=lambda _: "/x/current/a.json", watched_directory="/x")
    source: dict[str, Any] = shown["eds_cluster_config"]["eds_config"]["path_config_source"]
    assert source == {"path": "/x/current/a.json", "watched_directory": {"path": "/x"}}


def test_how_long_a_source_is_waited_for_stays() -> None:
    shown = to_json_from_files(made(eds(ADS | {"initial_fetch_timeout": "3s"})), place=lambda _: "/a.json")
    assert shown["eds_cluster_config"]["eds_config"]["initial_fetch_timeout"] == "3s"


def test_endpoints_go_by_the_name_of_the_service() -> None:
    assert taken(made(eds(ADS, service_name="of-others"))) == (Taken((CLUSTER_LOAD_ASSIGNMENT, "of-others"), ""),)


def test_secrets_are_shown() -> None:
    key = {
        "@type": SECRET.url,
        "name": "key",
        "tls_certificate": {"private_key": {"inline_string": "deep"}},
    }
    assert to_json_from_files(made(key), place=lambda _: None) == key


def test_what_cannot_be_read_takes_nothing() -> None:
    broken = Resource(type=ROUTE_CONFIGURATION, name="x", body=b"\xff", version="1")
    assert not taken(broken)
    assert to_json_from_files(broken, place=lambda _: "/a") == {"@type": ROUTE_CONFIGURATION.url}


def test_routes_inside_a_listener_are_looked_into() -> None:
    resource = made(listener(hcm(ROUTER, route_config=routes({"cluster": "a"}) | {"vhds": {"config_source": ADS}})))
    assert [each.name for each in taken(resource)] == [(VIRTUAL_HOST, "web/*")]
