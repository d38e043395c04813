"""The Envoy of deploy/examples/envoy.yaml, with its bootstrap and what its manifests hold."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from demo import web
from legation.envoy.bootstrap import bootstrap
from legation.envoy.trust import CONFIG_MAP, TOKEN_FILE, TRUST_FOLDER, Trust
from tests.envoy.world import World

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "envoy.yaml"
NODE = "envoy-0.default"
NAME = "default/web:http"


def objects(kind: str) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(EXAMPLE.read_text()) if each["kind"] == kind]


def only(kind: str) -> dict[str, Any]:
    (found,) = objects(kind)
    return found


def example_bootstrap() -> dict[str, Any]:
    """Return what stands in the ConfigMap."""
    found = yaml.safe_load(only("ConfigMap")["data"]["bootstrap.yaml"])
    assert isinstance(found, dict)
    return found


def arguments() -> list[str]:
    """Return what the container says who it is, as the kubelet fills it in."""
    container = objects("Deployment")[0]["spec"]["template"]["spec"]["containers"][0]
    words = [each.replace("$(POD_NAME).$(POD_NAMESPACE)", NODE) for each in container["args"]]
    at = words.index("--service-node")
    return [each.replace("$(POD_NAMESPACE)", "default") for each in words[at : at + 4]]


def test_its_bootstrap_is_the_one_that_legation_prints() -> None:
    server = "legation.legation.svc"
    trust = Trust(server_name=server)
    printed = bootstrap(node_id=NODE, xds_address=(server, 18000), admin_port=9901, trust=trust)
    assert example_bootstrap() == {key: value for key, value in printed.items() if key != "node"}


def test_its_pod_mounts_what_the_bootstrap_names() -> None:
    pod = objects("Deployment")[0]["spec"]["template"]["spec"]
    (volume,) = (each for each in pod["volumes"] if "projected" in each)
    (mount,) = (each for each in pod["containers"][0]["volumeMounts"] if each["name"] == volume["name"])
    # A subPath would never be followed.
    assert mount == {"name": volume["name"], "mountPath": TRUST_FOLDER, "readOnly": True}
    token, public = volume["projected"]["sources"]
    assert token["serviceAccountToken"]["path"] == TOKEN_FILE
    # Not optional: Envoy does not start without what is in it.
    assert public == {"configMap": {"name": CONFIG_MAP}}


async def test_it_is_served_and_serves(world: World) -> None:
    """What a cluster would add is written by hand: the Pod, and the endpoints of the Service."""
    listener = only("Listener")
    # Where the tests run no port is sure to be free, and traffic stays on the machine.
    listener["spec"]["config"]["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": 0}
    labels = objects("Deployment")[0]["spec"]["template"]["metadata"]["labels"]
    name, _, namespace = NODE.rpartition(".")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": world.backends["blue"]}}
    assignment = {"cluster_name": NAME, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    endpoints = {"apiVersion": "bootes.io/v1", "kind": "Endpoint", "metadata": {"name": "web"}}
    for file in world.manifests.iterdir():
        file.unlink()
    world.save("all.yaml", listener, only("Route"), only("Cluster"), pod, endpoints | {"spec": {"config": assignment}})
    await world.serve()

    found = example_bootstrap()
    found["admin"]["address"]["socket_address"]["port_value"] = 0
    found["static_resources"]["clusters"] = (await world.bootstrap("delta"))["static_resources"]["clusters"]
    await world.start_envoy(found, *arguments())

    port = await world.until(partial(world.envoy.listener_port, "http"), "its listener")
    assert await web.get(f"127.0.0.1:{port}", "/") == "blue"
    assert NODE in await world.proxies()
    await world.no_problems()
