from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import chain, listener, network_filter, told
from tests.unit.envoy.lints.test_access import HTTP, config

GRPC = {"grpc_service": {"envoy_grpc": {"cluster_name": "web"}}}
WEB = {"envoy_grpc": {"cluster_name": "web"}}
HTTP_SERVICE = {"http_service": {"server_uri": {"uri": "a", "cluster": "web", "timeout": "1s"}}}
PLACE = "filter_chains[0].filters[0].typed_config.rds"


@pytest.mark.parametrize(
    ("message", "fields", "place"),
    [
        (f"{HTTP}.ext_authz.v3.ExtAuthz", GRPC, ""),
        ("envoy.extensions.filters.network.ext_authz.v3.ExtAuthz", {"stat_prefix": "x", **GRPC}, ""),
        (f"{HTTP}.ratelimit.v3.RateLimit", {"domain": "x", "rate_limit_service": GRPC}, "rate_limit_service."),
        (
            "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            {"common_config": {"log_name": "x", **GRPC}},
            "common_config.",
        ),
    ],
)
def test_the_second_version(message: str, fields: dict[str, Any], place: str) -> None:
    def asked(version: str) -> list[str]:
        said = {"transport_api_version": version}
        name = place.removesuffix(".")
        return told(config(message, **({**fields, name: {**fields[name], **said}} if name else {**fields, **said})))

    assert asked("V3") == asked("AUTO") == []
    assert asked("V2") == [f"error old-api typed_config.{place}transport_api_version"]


def test_over_http_there_are_no_versions() -> None:
    assert told(config(f"{HTTP}.ext_authz.v3.ExtAuthz", transport_api_version="V2", **HTTP_SERVICE)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"api_type": "GRPC", "grpc_services": [WEB]}, ""),
        ({"api_type": "GRPC", "grpc_services": [WEB], "transport_api_version": "V2"}, "old-api transport_api_version"),
        ({"api_type": "DELTA_GRPC", "cluster_names": ["web"]}, "either-or cluster_names"),
        ({"api_type": "GRPC"}, "missing-field grpc_services"),
        ({"api_type": "GRPC", "grpc_services": [WEB, WEB, WEB]}, "missing-field grpc_services"),
        ({"api_type": "REST", "cluster_names": ["web"], "refresh_delay": "5s"}, ""),
        ({"api_type": "REST", "cluster_names": ["web"]}, "missing-field refresh_delay"),
        ({"api_type": "REST", "cluster_names": ["a", "b"], "refresh_delay": "5s"}, "missing-field cluster_names"),
        ({"api_type": "REST", "grpc_services": [WEB], "refresh_delay": "5s"}, "either-or grpc_services"),
    ],
)
def test_sources(source: dict[str, Any], found: str) -> None:
    code, _, field = found.partition(" ")

    told_of = told(served_by({"config_source": {"api_config_source": {"transport_api_version": "V3", **source}}}))

    assert told_of == ([f"error {code} {PLACE}.config_source.api_config_source.{field}"] if found else [])


def test_a_second_server_is_for_envoys_whose_bootstrap_says_so() -> None:
    source = {"api_type": "GRPC", "grpc_services": [WEB, WEB], "transport_api_version": "V3"}

    assert told(served_by({"config_source": {"api_config_source": source}})) == [
        f"warning one-service {PLACE}.config_source.api_config_source.grpc_services"
    ]


def test_routes_come_from_somewhere() -> None:
    assert told(served_by({"config_source": {"ads": {}}})) == []
    assert told(served_by({})) == [f"error missing-field {PLACE}.config_source"]
    assert told(served_by({"route_config_name": "xdstp://a/envoy.config.route.v3.RouteConfiguration/b"})) == []


def served_by(rds: dict[str, Any]) -> dict[str, Any]:
    router = {"name": "r", "typed_config": {"@type": f"type.googleapis.com/{HTTP}.router.v3.Router"}}
    manager = network_filter(
        "http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="x",
        http_filters=[router],
        rds={"route_config_name": "pages", **rds},
    )
    return listener(chain(manager))
