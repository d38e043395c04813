"""Resources that expire: a real Envoy keeps them as long as the server is there, and drops them when it is gone."""

from __future__ import annotations

import json

from tests.envoy.world import World

WRAPPER = "type.googleapis.com/envoy.service.discovery.v3.Resource"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
FEATURES = ["xds.config.supports-resource-ttl", "xds.config.resource-in-sotw"]


async def test_what_expires_stays_while_the_server_renews_it_and_goes_when_that_stops(
    world: World, variant: str
) -> None:
    world.save("mortal.yaml", _mortal(ttl="2s"))
    await world.serve()
    bootstrap = await world.bootstrap(variant)
    bootstrap["node"]["client_features"] = FEATURES
    await world.start_envoy(bootstrap)
    await world.clusters(has=("mortal", "blue", "green"))
    begun = await _uptime(world)

    async def older() -> bool:
        return await _uptime(world) >= begun + 5

    await world.until(older, "more than two of its lives")
    await world.clusters(has=("mortal", "blue", "green"))
    await world.no_problems()

    await world.stop_serving()
    await world.clusters(has=("blue", "green"), lacks=("mortal",))


async def _uptime(world: World) -> int:
    """Return for how many seconds Envoy has been running."""
    said = json.loads(await world.envoy.ask("/server_info"))
    return int(str(said["uptime_current_epoch"]).removesuffix("s"))


def _mortal(*, ttl: str) -> dict[str, object]:
    host = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9}}}}
    hosts = {"cluster_name": "mortal", "endpoints": [{"lb_endpoints": [host]}]}
    config = {"@type": CLUSTER, "name": "mortal", "type": "STATIC", "connect_timeout": "1s", "load_assignment": hosts}
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": "mortal"},
        "spec": {"resources": [{"@type": WRAPPER, "ttl": ttl, "resource": config}]},
    }
