"""What a real Envoy says that it has, beside what it was sent: `legation config` with its dump."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path
from typing import Any

from demo.stage import LEGATION
from tests.envoy.world import World

TYPES = "type.googleapis.com"
ADS = {"ads": {}, "resource_api_version": "V3"}
MANAGER = f"{TYPES}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "router", "typed_config": {"@type": f"{TYPES}/envoy.extensions.filters.http.router.v3.Router"}}
BUFFER = f"{TYPES}/envoy.extensions.filters.http.buffer.v3.Buffer"
PASSWORD = "open sesame"
_NOT_DUMPED = {"VirtualHost", "LbEndpoint", "Runtime"}


def resource(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"{TYPES}/{kind}", **fields}


def listener(name: str, **manager: Any) -> dict[str, Any]:
    config = {"@type": MANAGER, "stat_prefix": name, **manager}
    return resource(
        "envoy.config.listener.v3.Listener",
        name=name,
        address={"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        filter_chains=[{"filters": [{"name": "manager", "typed_config": config}]}],
    )


def everything() -> dict[str, Any]:
    """Return an object that holds something of every type that a dump tells of, spelled in unusual ways."""
    secret = {"name": "word", "sds_config": ADS}
    tls = resource(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni="example",
        common_tls_context={"validation_context_sds_secret_config": {"name": "trust", "sds_config": ADS}},
    )
    injector = resource(
        "envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
        credential={
            "name": "generic",
            "typed_config": resource(
                "envoy.extensions.http.injected_credentials.generic.v3.Generic", credential=secret, header="x-word"
            ),
        },
    )
    scopes = {
        "name": "scopes",
        "scope_key_builder": {
            "fragments": [{"header_value_extractor": {"name": "x-scope", "element_separator": ";", "index": 0}}]
        },
        "rds_config_source": ADS,
        "scoped_rds": {"scoped_rds_config_source": ADS},
    }
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": "everything"},
        "spec": {
            "resources": [
                resource(
                    "envoy.config.cluster.v3.Cluster",
                    name="weighed",
                    type="EDS",
                    connectTimeout="1.500s",
                    lbPolicy="LEAST_REQUEST",
                    edsClusterConfig={"edsConfig": ADS, "serviceName": "hosts of weighed"},
                    transportSocket={"name": "tls", "typedConfig": tls},
                ),
                resource(
                    "envoy.config.endpoint.v3.ClusterLoadAssignment",
                    cluster_name="hosts of weighed",
                    endpoints=[
                        {
                            "locality": {"region": "north", "zone": zone},
                            "priority": 0,
                            "load_balancing_weight": 1,
                            "lb_endpoints": [
                                {
                                    "load_balancing_weight": weight,
                                    "endpoint": {
                                        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}
                                    },
                                }
                            ],
                        }
                        for zone, port, weight in (("b", 8081, 3), ("a", 8082, 1))
                    ],
                ),
                resource(
                    "envoy.config.cluster.v3.Cluster",
                    name="fixed",
                    type="STATIC",
                    connect_timeout="1s",
                    load_assignment={"cluster_name": "fixed", "endpoints": []},
                ),
                resource(
                    "envoy.extensions.transport_sockets.tls.v3.Secret",
                    name="trust",
                    validation_context={"trust_chain_verification": "ACCEPT_UNTRUSTED"},
                ),
                resource(
                    "envoy.extensions.transport_sockets.tls.v3.Secret",
                    name="word",
                    generic_secret={"secret": {"inline_string": PASSWORD}},
                ),
                resource(
                    "envoy.config.core.v3.TypedExtensionConfig",
                    name="limit",
                    typed_config={"@type": BUFFER, "maxRequestBytes": "4096"},
                ),
                listener(
                    "scoped",
                    scoped_routes=scopes,
                    http_filters=[
                        {"name": "limit", "config_discovery": {"config_source": ADS, "type_urls": [BUFFER]}},
                        {"name": "injector", "typed_config": injector},
                        ROUTER,
                    ],
                ),
                resource(
                    "envoy.config.route.v3.ScopedRouteConfiguration",
                    name="one",
                    route_configuration_name="table",
                    key={"fragments": [{"string_key": "one"}]},
                ),
                resource(
                    "envoy.config.route.v3.RouteConfiguration",
                    name="table",
                    virtual_hosts=[
                        {
                            "name": "all",
                            "domains": ["*"],
                            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "fixed", "timeout": "0.25s"}}],
                        }
                    ],
                ),
            ]
        },
    }


async def config(world: World, *options: str) -> tuple[int, str]:
    """Return the exit status and what `legation config` prints."""
    process = await asyncio.create_subprocess_exec(
        LEGATION, "config", "test", "--admin", world.admin, *options, stdout=PIPE, stderr=STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


async def compared(world: World, *options: str) -> dict[tuple[str, str], dict[str, Any]]:
    _, printed = await config(world, "--envoy-admin", f"http://{world.envoy.admin}", "-o", "json", *options)
    return {(each["type"], each["name"]): each for each in json.loads(printed)["resources"]}


async def same(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Wait until Envoy has what it was sent, all of it."""
    last: dict[tuple[str, str], dict[str, Any]] = {}

    async def is_same() -> dict[tuple[str, str], dict[str, Any]] | None:
        nonlocal last
        last = await compared(world)
        whole = len(last) >= 15 and all(each["state"] == "accepted" for each in last.values())
        return last if whole and all(each["holding"] == "same" for each in last.values()) else None

    try:
        found: dict[tuple[str, str], dict[str, Any]] = await world.until(is_same, "the same")
    except AssertionError as error:
        raise AssertionError([each for each in last.values() if each["holding"] != "same"], len(last)) from error
    return found


async def test_after_a_delivery_nothing_differs_in_any_type(world: World, variant: str) -> None:
    world.save("everything.yaml", everything())
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    found = await same(world)
    assert {row for row, _ in found} == {
        "Cluster",
        "ClusterLoadAssignment",
        "Secret",
        "ExtensionConfig",
        "Listener",
        "RouteConfiguration",
        "ScopedRoute",
    }

    status, printed = await config(world, "--envoy-admin", f"http://{world.envoy.admin}")
    assert (status, printed) == (0, f"{len(found)} same\n")

    status, printed = await config(world, "--show", "word")
    assert status == 0
    assert "[redacted]" in printed
    assert PASSWORD not in printed


async def test_what_differs_is_told_by_field_and_what_only_one_side_has_by_name(world: World, tmp_path: Path) -> None:
    """A dump from before a change is as good as an Envoy that did not take it."""
    world.save("everything.yaml", everything())
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"))
    await same(world)
    dump = tmp_path / "dump.json"
    dump.write_text(await world.envoy.ask("/config_dump?include_eds"))

    after = everything()
    after["spec"]["resources"][0]["connectTimeout"] = "2s"
    after["spec"]["resources"][1]["endpoints"][0]["lb_endpoints"][0]["load_balancing_weight"] = 4
    del after["spec"]["resources"][2]
    after["spec"]["resources"][-1]["virtual_hosts"][0]["routes"][0]["route"]["cluster"] = "blue"
    after["spec"]["resources"].append(
        resource("envoy.config.cluster.v3.Cluster", name="new", type="STATIC", connect_timeout="1s")
    )
    world.save("everything.yaml", after)
    await world.clusters(has=("new",), lacks=("fixed",))
    await same(world)

    status, printed = await config(world, "--config-dump", str(dump))
    assert status == 1
    assert '~ cluster "weighed" differs:\n    connect_timeout: sent 2s, there 1.500s\n' in printed
    assert "load_balancing_weight: sent 4, there 3" in printed
    assert '- cluster "new": Envoy does not have it\n' in printed
    assert '+ cluster "fixed": Envoy has it, and not from this server\n' in printed


async def test_what_is_static_is_no_difference_and_a_refusal_is_told_in_envoys_words(world: World) -> None:
    world.save("everything.yaml", everything())
    await world.serve()
    bootstrap = await world.bootstrap("delta")
    bootstrap["static_resources"]["clusters"].append({"name": "mine", "type": "STATIC", "connect_timeout": "1s"})
    await world.start_envoy(bootstrap)
    await same(world)

    bad = listener("scoped", route_config={"name": "inline"}, http_filters=[ROUTER])
    bad["address"]["socket_address"]["address"] = "192.0.2.1"
    bad["address"]["socket_address"]["port_value"] = 9
    bad["name"] = "elsewhere"
    world.save("bad.yaml", {**everything(), "metadata": {"name": "bad"}, "spec": {"resources": [bad]}})
    await world.problem("elsewhere", "refused")
    status, printed = await config(world, "--envoy-admin", f"http://{world.envoy.admin}")
    assert status == 1
    assert '- listener "elsewhere": Envoy does not have it (refuses' in printed
    assert "mine" not in printed


async def test_what_comes_one_by_one_or_on_demand_is_no_difference_either(world: World) -> None:
    """Virtual hosts, endpoints of a locality, and Runtime: the dump tells nothing of these by themselves."""
    collection = "xdstp://demo/envoy.config.endpoint.v3.LbEndpoint/local"
    leds = {"leds_config": ADS, "leds_collection_name": f"{collection}/*"}
    wrapper = f"{TYPES}/envoy.service.discovery.v3.Resource"
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 8081}}
    world.save(
        "more.yaml",
        {
            "apiVersion": "legation.dev/v1alpha1",
            "kind": "EnvoyResources",
            "metadata": {"name": "more"},
            "spec": {
                "resources": [
                    resource("envoy.config.route.v3.RouteConfiguration", name="hosts", vhds={"config_source": ADS}),
                    resource(
                        "envoy.config.route.v3.VirtualHost",
                        name="hosts/blue",
                        domains=["blue.example"],
                        routes=[{"match": {"prefix": "/"}, "route": {"cluster": "local"}}],
                    ),
                    listener("more", rds={"route_config_name": "hosts", "config_source": ADS}, http_filters=[ROUTER]),
                    resource(
                        "envoy.config.cluster.v3.Cluster",
                        name="local",
                        type="EDS",
                        connect_timeout="1s",
                        eds_cluster_config={"eds_config": ADS},
                    ),
                    resource(
                        "envoy.config.endpoint.v3.ClusterLoadAssignment",
                        cluster_name="local",
                        endpoints=[{"locality": {"zone": "here"}, "leds_cluster_locality_config": leds}],
                    ),
                    {
                        "@type": wrapper,
                        "name": f"{collection}/one",
                        "resource": resource("envoy.config.endpoint.v3.LbEndpoint", endpoint={"address": address}),
                    },
                    resource("envoy.service.runtime.v3.Runtime", name="layer", layer={"a.b": 1}),
                ]
            },
        },
    )
    await world.serve()
    bootstrap = await world.bootstrap("delta")
    layer = {"name": "layer", "rtds_layer": {"name": "layer", "rtds_config": ADS}}
    bootstrap["layered_runtime"] = {"layers": [*bootstrap.get("layered_runtime", {}).get("layers", []), layer]}
    await world.start_envoy(bootstrap)

    async def settled() -> dict[tuple[str, str], dict[str, Any]] | None:
        found = await compared(world)
        rows = {row for row, _ in found}
        whole = {"VirtualHost", "LbEndpoint", "Runtime"} <= rows
        return found if whole and all(each["state"] == "accepted" for each in found.values()) else None

    found = await world.until(settled, "all of it")
    assert {each["holding"] for (row, _), each in found.items() if row not in _NOT_DUMPED} == {"same"}
    assert {each["holding"] for (row, _), each in found.items() if row in _NOT_DUMPED} == {"not dumped"}
