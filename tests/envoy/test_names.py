"""What a real Envoy asks for by other names than those of single resources: hosts, a header's clusters, collections."""

from __future__ import annotations

import asyncio
import http.client
import re
from functools import partial
from typing import Any

import pytest

from tests.envoy.world import World

ADS = "{ads: {}, resource_api_version: V3}"
LB_ENDPOINT = "envoy.config.endpoint.v3.LbEndpoint"
TYPES = "type.googleapis.com"
SOON = 5.0
"""Seconds in which what would hang for fifteen must be answered."""


async def ask(world: World, host: str, listener: str = "front", **headers: str) -> tuple[int, str]:
    """Return the status and the text of what Envoy answers to a GET."""
    port = await world.until(partial(world.envoy.listener_port, listener), f"listener {listener}")
    return await asyncio.to_thread(_ask, port, {"host": host, **headers})


def _ask(port: int, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)
    try:
        connection.request("GET", "/", headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


async def answers(world: World, status: int, text: str, *, host: str = "any", **headers: str) -> None:
    """Wait until Envoy answers so; whatever else it answers must come soon, too."""

    async def agrees() -> bool:
        return await ask(world, host, **headers) == (status, text)

    await world.until(agrees, f"{status} {text} for {host}")


def envoy_object(kind: str, spec: dict[str, Any], *, group: str = "bootes.io/v1") -> dict[str, Any]:
    """Return an object that holds Envoy's configuration."""
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "test"}, "spec": spec}


def resources(*each: dict[str, Any]) -> dict[str, Any]:
    """Return an object that holds these resources."""
    return envoy_object("EnvoyResources", {"resources": list(each)}, group="legation.dev/v1alpha1")


def on_demand(world: World, config: str = "") -> None:
    """Put the filter of that name before the router."""
    router = "          - name: envoy.filters.http.router"
    kind = f"'@type': {TYPES}/envoy.extensions.filters.http.on_demand.v3.OnDemand"
    world.edit("listener.yaml", router, f"          - {{name: on_demand, typed_config: {{{kind}{config}}}}}\n{router}")


def virtual_host(name: str, domain: str, cluster: str) -> dict[str, Any]:
    """Return a virtual host that sends everything to one cluster."""
    kind = f"{TYPES}/envoy.config.route.v3.VirtualHost"
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster}}
    return {"@type": kind, "name": name, "domains": [domain], "routes": [route]}


async def test_virtual_hosts_come_by_themselves_and_on_demand(world: World) -> None:
    """An unknown host is answered at once, and each time anew; known ones outlive a change of their routes."""
    vhds = {"config_source": {"ads": {}, "resource_api_version": "V3"}}
    routes = envoy_object("Route", {"config": {"name": "colours", "vhds": vhds}})
    blue = virtual_host("colours/blue", "*.blue.example", "blue")
    world.save("route.yaml", routes)
    world.save("hosts.yaml", resources(blue))
    on_demand(world)
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"))
    assert await ask(world, "a.blue.example") == (200, "blue")
    for _ in range(2):
        assert await ask(world, "green.example") == (404, "")
    world.save("hosts.yaml", resources(blue, virtual_host("colours/green", "green.example", "green")))
    await answers(world, 200, "green", host="green.example")
    routes["spec"]["config"]["request_headers_to_remove"] = ["x-secret"]
    world.save("route.yaml", routes)
    await world.until(lambda: _has(world, "/config_dump?resource=dynamic_route_configs", "x-secret"), "the new routes")
    assert await ask(world, "green.example") == (200, "green")
    assert await ask(world, "a.blue.example") == (200, "blue")
    world.save("hosts.yaml", resources(blue))
    await answers(world, 404, "", host="green.example")


async def test_virtual_hosts_survive_a_restart_of_the_server(world: World) -> None:
    """Envoy comes back with the names that it asked for on demand, and the wildcard."""
    vhds = {"config_source": {"ads": {}, "resource_api_version": "V3"}}
    world.save("route.yaml", envoy_object("Route", {"config": {"name": "colours", "vhds": vhds}}))
    blue = virtual_host("colours/blue", "*.blue.example", "blue")
    world.save("hosts.yaml", resources(blue))
    on_demand(world)
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"))
    assert await ask(world, "green.example") == (404, "")
    await world.stop_serving()
    assert await ask(world, "a.blue.example") == (200, "blue")
    world.save("hosts.yaml", resources(blue, virtual_host("colours/red", "red.example", "green")))
    await world.serve()
    await answers(world, 200, "green", host="red.example")
    assert await ask(world, "a.blue.example") == (200, "blue")
    assert await ask(world, "yellow.example") == (404, "")


@pytest.mark.parametrize("beside_all", [True, False], ids=["beside-all", "alone"])
async def test_the_cluster_of_a_header_comes_on_demand(world: World, *, beside_all: bool) -> None:
    """One that does not exist is answered at once, and used as soon as it exists."""
    world.edit("route.yaml", r"^          weighted_clusters:(\n.*)*", "          cluster_header: x-cluster\n")
    on_demand(world, f", odcds: {{source: {ADS}, timeout: 15s}}")
    await world.serve()
    bootstrap = await world.bootstrap("delta")
    if not beside_all:
        del bootstrap["dynamic_resources"]["cds_config"]
    await world.start_envoy(bootstrap)
    assert await ask(world, "any", **{"x-cluster": "blue"}) == (200, "blue")
    # Once for each name: Envoy 1.40 lets a second request wait, for it has asked already and does not ask again.
    assert await ask(world, "any", **{"x-cluster": "emerald"}) == (503, "")
    world.edit("green.yaml", r"name: green\b", *["name: emerald"] * 4)
    await world.clusters(has=("emerald",))
    assert await ask(world, "any", **{"x-cluster": "emerald"}) == (200, "green")


async def test_clusters_come_as_a_collection(world: World) -> None:
    """By glob in place of the wildcard: what is not below it does not come."""
    kind = "xdstp://demo/envoy.config.cluster.v3.Cluster/all"
    name = f"{kind}/blue?a=1&b=2"
    world.edit("blue.yaml", r"    name: blue", f"    name: {name}")
    world.edit("blue.yaml", r"    eds_cluster_config:", "    eds_cluster_config:\n      service_name: blue")
    world.edit("route.yaml", r"name: blue,", f"name: '{name}',")
    await world.serve("--removal-grace", "0s", "--drain-grace", "0s")
    bootstrap = await world.bootstrap("delta")
    bootstrap["dynamic_resources"]["cds_resources_locator"] = f"{kind}/*?b=2&a=1"
    await world.start_envoy(bootstrap)
    await world.clusters(has=(name,), lacks=("green",))
    assert await ask(world, "any") == (200, "blue")
    world.edit("green.yaml", r"    name: green", f"    name: {kind}/green?a=1&b=2")
    world.edit("green.yaml", r"    eds_cluster_config:", "    eds_cluster_config:\n      service_name: green")
    await world.clusters(has=(name, f"{kind}/green?a=1&b=2"))
    world.edit("green.yaml", r"green\?a=1&b=2", "green?a=2&b=2")
    await world.clusters(has=(name,), lacks=(f"{kind}/green?a=1&b=2", f"{kind}/green?a=2&b=2"))


async def test_listeners_come_as_a_collection_and_an_empty_one_is_enough_to_start(world: World) -> None:
    """Envoy is ready although there is nothing below the glob."""
    kind = "xdstp://demo/envoy.config.listener.v3.Listener/all"
    await world.serve()
    bootstrap = await world.bootstrap("delta")
    bootstrap["dynamic_resources"]["lds_resources_locator"] = f"{kind}/*"
    await world.start_envoy(bootstrap)
    world.edit("listener.yaml", r"    name: front", f"    name: {kind}/front")
    assert await ask(world, "any", f"{kind}/front") == (200, "blue")


async def test_the_endpoints_of_a_locality_come_one_by_one(world: World) -> None:
    """They come, change and go without a change of the cluster or its assignment, and outlive one of the cluster."""
    collection = f"xdstp://demo/{LB_ENDPOINT}/blue/here"
    leds = {"leds_config": {"ads": {}, "resource_api_version": "V3"}, "leds_collection_name": f"{collection}/*"}
    localities = [{"locality": {"zone": "here"}, "leds_cluster_locality_config": leds}]
    one, other = (lb_endpoint(f"{collection}/{each}", _port(world, each)) for each in ("blue", "green"))
    world.edit("blue.yaml", r"^---(\n.*)*", "")
    world.save(
        "endpoints.yaml", envoy_object("Endpoint", {"config": {"cluster_name": "blue", "endpoints": localities}})
    )
    world.save("members.yaml", resources(one))
    await world.serve()
    await world.start_envoy(await world.bootstrap("delta"))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.save("members.yaml", resources(one, other))
        await world.shares(load, blue=0.5, green=0.5)
        world.edit("blue.yaml", r"connect_timeout: 1s", "connect_timeout: 2s")
        await world.until(lambda: _has(world, "/config_dump?resource=dynamic_active_clusters", '"2s"'), "the change")
        await world.shares(load, blue=0.5, green=0.5)
        world.save("members.yaml", resources(other))
        await world.shares(load, blue=0, green=1)


def _port(world: World, backend: str) -> int:
    found = re.search(r"port_value: (\d+)", (world.manifests / f"{backend}.yaml").read_text())
    assert found
    return int(found[1])


def lb_endpoint(name: str, port: int) -> dict[str, Any]:
    """Return an endpoint on this machine, with the name that it does not hold itself."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    inner = {"@type": f"{TYPES}/{LB_ENDPOINT}", "endpoint": {"address": address}}
    return {"@type": f"{TYPES}/envoy.service.discovery.v3.Resource", "name": name, "resource": inner}


async def _has(world: World, path: str, text: str) -> bool:
    return text in await world.envoy.ask(path)
