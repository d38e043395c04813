"""Fields that nobody here knows reach a real Envoy; all else works as if they were not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from legation.envoy import codec
from legation.judging.judge import judge_once
from legation.judging.verdict import Kind
from legation.model.problems import Level
from legation.model.resource import Resource
from tests.envoy.world import World

TYPE = "type.googleapis.com/"
EXTENSIONS = f"{TYPE}envoy.extensions."
HTTP = f"{EXTENSIONS}filters.http."
ROUTER = {"name": "router", "typed_config": {"@type": f"{HTTP}router.v3.Router"}}
OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
UNKNOWN = "tomorrow"


async def test_envoy_gets_an_unknown_field_and_routes_come_as_before(world: World, variant: str) -> None:
    """The listener says its routes by RDS: what is not known beside them does not hide them."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    world.edit("listener.yaml", r"stat_prefix: front", "stat_prefix: front\n          tomorrow: {of: 1}")
    found = await world.problem("tomorrow")
    assert (found["level"], found["code"], found["object"]) == ("warning", "unknown-field", "Listener default/front")
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)


async def test_an_envoy_that_knows_it_as_little_refuses_it_if_it_is_told_to(world: World) -> None:
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"), "--reject-unknown-dynamic-fields")
    async with world.load() as load:
        world.edit("listener.yaml", r"stat_prefix: front", "stat_prefix: front\n          tomorrow: 1")
        found = await world.problem("no such field", "tomorrow")
        assert found["object"] == "Listener default/front"
        await world.more_answers(load)


def manager(**fields: Any) -> dict[str, Any]:
    config = {
        "@type": f"{EXTENSIONS}filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "x",
        "route_config": {"virtual_hosts": [host()]},
        "http_filters": [ROUTER],
        **fields,
    }
    return {"filters": [{"name": "manager", "typed_config": config}]}


def host(**fields: Any) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, **fields}
    return {"name": "all", "domains": ["*"], "routes": [route]}


def listener(chain: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "@type": f"{TYPE}envoy.config.listener.v3.Listener",
        "name": "x",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
        "filter_chains": [chain],
        **fields,
    }


def cluster(**fields: Any) -> dict[str, Any]:
    return {"@type": f"{TYPE}envoy.config.cluster.v3.Cluster", "name": "x", "connect_timeout": "1s", **fields}


def extension(url: str, **fields: Any) -> dict[str, Any]:
    """Return an extension with a field that no Envoy knows."""
    return {"name": "x", "typed_config": {"@type": url, **fields, UNKNOWN: {"a": [1, None]}}}


BUFFER = extension(f"{HTTP}buffer.v3.Buffer", max_request_bytes=5)
RAW = extension(f"{EXTENSIONS}transport_sockets.raw_buffer.v3.RawBuffer")
STDOUT = f"{EXTENSIONS}access_loggers.stream.v3.StdoutAccessLog"
PER_ROUTE = extension(f"{HTTP}buffer.v3.BufferPerRoute", disabled=True)["typed_config"]
FILTER_CONFIG = f"{TYPE}envoy.config.route.v3.FilterConfig"
CHECK = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
TAKEN = {
    "network filter": listener(
        {"filters": [extension(f"{EXTENSIONS}filters.network.tcp_proxy.v3.TcpProxy", stat_prefix="a", cluster="c")]}
    ),
    "manager": listener(manager(**{UNKNOWN: 1})),
    "value of the manager": listener(manager(codec_type="HTTP9")),
    "http filter": listener(manager(http_filters=[BUFFER, ROUTER])),
    "router": listener(manager(http_filters=[extension(f"{HTTP}router.v3.Router")])),
    "route": listener(
        manager(
            http_filters=[{**BUFFER, "name": "b"}, ROUTER],
            route_config={"virtual_hosts": [host(typed_per_filter_config={"b": PER_ROUTE})]},
        )
    ),
    "route with a wrapper": listener(
        manager(
            http_filters=[{**BUFFER, "name": "b"}, ROUTER],
            route_config={
                "virtual_hosts": [
                    host(typed_per_filter_config={"b": {"@type": FILTER_CONFIG, "config": PER_ROUTE}}),
                ]
            },
        )
    ),
    "route with an unknown wrapper": listener(
        manager(
            http_filters=[{**BUFFER, "name": "b"}, ROUTER],
            route_config={
                "virtual_hosts": [
                    host(typed_per_filter_config={"b": {"@type": FILTER_CONFIG, "disabled": True, UNKNOWN: 1}}),
                ]
            },
        )
    ),
    "compressor library": listener(
        manager(
            http_filters=[
                {
                    "name": "c",
                    "typed_config": {
                        "@type": f"{HTTP}compressor.v3.Compressor",
                        "compressor_library": extension(f"{EXTENSIONS}compression.gzip.compressor.v3.Gzip"),
                    },
                },
                ROUTER,
            ]
        )
    ),
    "request id": listener(
        manager(request_id_extension=extension(f"{EXTENSIONS}request_id.uuid.v3.UuidRequestIdConfig"))
    ),
    "listener filter": listener(
        manager(), listener_filters=[extension(f"{EXTENSIONS}filters.listener.tls_inspector.v3.TlsInspector")]
    ),
    "downstream transport socket": listener({**manager(), "transport_socket": RAW}),
    "access log": listener(manager(access_log=[extension(STDOUT)])),
    "matcher": listener(
        manager(
            route_config={
                "virtual_hosts": [
                    host(
                        match={
                            "path_match_policy": extension(
                                f"{EXTENSIONS}path.match.uri_template.v3.UriTemplateMatchConfig",
                                path_template="/a/{b}",
                            )
                        }
                    )
                ]
            }
        )
    ),
    "transport socket": cluster(transport_socket=RAW),
    "upstream TLS": cluster(
        transport_socket=extension(f"{EXTENSIONS}transport_sockets.tls.v3.UpstreamTlsContext", sni="a")
    ),
    "protocol options": cluster(
        typed_extension_protocol_options={
            OPTIONS: extension(TYPE + OPTIONS, explicit_http_config={"http2_protocol_options": {}})["typed_config"]
        }
    ),
    "load balancer": cluster(
        load_balancing_policy={
            "policies": [
                {"typed_extension_config": extension(f"{EXTENSIONS}load_balancing_policies.round_robin.v3.RoundRobin")}
            ]
        }
    ),
    "health checker": cluster(
        health_checks=[
            {
                **CHECK,
                "custom_health_check": {
                    **extension(f"{EXTENSIONS}health_checkers.redis.v3.Redis"),
                    "name": "envoy.health_checkers.redis",
                },
            }
        ]
    ),
}


def resource_of(json: Mapping[str, Any]) -> Resource:
    encoded = codec.encode(json)
    assert encoded.resource is not None, encoded.findings
    return encoded.resource


async def test_a_real_envoy_takes_each_of_them() -> None:
    resources = {name: resource_of(json) for name, json in TAKEN.items()}
    verdicts = await judge_once(list(resources.values()), timeout=60)
    refused = {
        name: verdicts[each].words for name, each in resources.items() if verdicts[each].kind is not Kind.ACCEPTED
    }
    assert refused == {}


@pytest.mark.parametrize("json", TAKEN.values(), ids=TAKEN)
def test_each_is_told_as_a_warning(json: Mapping[str, Any]) -> None:
    found = [each for each in codec.encode(json).findings if each.code.startswith("unknown-")]
    assert found
    assert {each.level for each in found} == {Level.WARNING}
