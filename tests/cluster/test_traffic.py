"""What owners do to their objects, and what becomes of the requests meanwhile: none fails."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.bootstrap import Variant
from tests.cluster import manifests
from tests.cluster.admin import reference
from tests.cluster.stage import Stage
from tests.envoy.world import GRACES

BLUE = {**manifests.EDGE, "team": "blue"}


@pytest.mark.parametrize("variant", ["delta", "sotw"])
async def test_objects_become_traffic_in_whatever_order_they_come(stage: Stage, variant: Variant) -> None:
    """The Envoy is first of all, and waits for its Pod; what a thing refers to comes after it."""
    namespace = stage.namespace
    await stage.serve()
    address = next(stage.addresses)
    edge = stage.launch("edge-0", address, variant=variant)

    async def waits() -> bool:
        found = (await stage.replica.proxies()).get(edge.node)
        return found is not None and found["waits"]

    await stage.replica.until(waits, "an Envoy that waits for its Pod")
    stage.apply(manifests.listener(namespace), manifests.route(namespace, "web"))
    stage.pod("edge-0", address=address)
    await edge.ready()
    one, two = await stage.backend("one"), await stage.backend("two")
    stage.apply(
        manifests.cluster(namespace, "web"),
        manifests.endpoint_slice(namespace, "web", [one]),
        manifests.service(namespace, "web"),
        manifests.endpoint_slice(namespace, "web", [two], name="web-2"),
    )
    await edge.serves()
    async with edge.load() as load:
        await edge.shares(load, one=0.5, two=0.5)
    await stage.replica.no_problem(namespace)


async def test_a_patch_moves_the_requests(stage: Stage) -> None:
    """Of a Route; then of a Cluster in use, whose other settings reach Envoy."""
    await stage.serve(*GRACES)
    await stage.shop("blue", "green")
    edge = await stage.envoy()
    await edge.serves()
    async with edge.load() as load:
        await edge.shares(load, blue=1, green=0)
        stage.admin.patch(manifests.route(stage.namespace, "green"))
        await edge.shares(load, blue=0, green=1)
        stage.admin.patch(manifests.cluster(stage.namespace, "green", connect_timeout="2s"))

        async def taken() -> bool:
            return '"2s"' in await edge.envoy.ask("/config_dump?resource=dynamic_active_clusters")

        await edge.until(taken, "the other timeout")
        await edge.more_answers(load)
        await edge.shares(load, blue=0, green=1)
    await stage.replica.no_problem(stage.namespace)


async def test_labels_decide_at_once_what_an_envoy_gets(stage: Stage) -> None:
    """Of the Pod: a listener comes and goes. Of the selector: it is taken from the Envoy that matches no more."""
    namespace = stage.namespace
    await stage.serve(*GRACES)
    await stage.shop("web")
    stage.apply(manifests.listener(namespace, "extra", BLUE))
    edge = await stage.envoy(variant="sotw")
    other = await stage.envoy("edge-1", BLUE)
    await edge.serves()
    await other.serves("extra")
    async with edge.load() as load, other.load() as load_of_other:
        await edge.listeners("front")
        stage.admin.patch(manifests.pod(namespace, "edge-0", BLUE))
        await edge.serves("extra")
        stage.admin.patch(manifests.pod(namespace, "edge-0", {**manifests.EDGE, "team": "red"}))
        await edge.listeners("front")
        stage.admin.patch(manifests.listener(namespace, "extra", {**BLUE, "team": "red"}))
        await edge.serves("extra")
        await other.listeners("front")
        await edge.more_answers(load)
        await other.more_answers(load_of_other)


async def test_a_broken_object_is_told_and_its_last_good_version_serves(stage: Stage) -> None:
    """Until it is mended. The others go on."""
    namespace = stage.namespace
    await stage.serve(*GRACES)
    await stage.shop("blue", "green")
    edge = await stage.envoy()
    await edge.serves()
    async with edge.load() as load:
        await edge.shares(load, blue=1, green=0)
        broken = manifests.route(namespace, "green")
        (host,) = broken["spec"]["config"]["virtual_hosts"]
        stage.admin.patch({**broken, "spec": {"config": {"virtual_hosts": [{**host, "route": host["routes"]}]}}})
        told = await stage.replica.problem(f"Route {namespace}/all", "route")
        assert "spec.config.virtual_hosts[0].route" in told
        assert told in await stage.replica.said("problems")
        stage.admin.patch(manifests.cluster(namespace, "blue", connect_timeout="3s"))

        async def taken() -> bool:
            return '"3s"' in await edge.envoy.ask("/config_dump?resource=dynamic_active_clusters")

        await edge.until(taken, "the change of another object")
        await edge.more_answers(load)
        await edge.shares(load, blue=1, green=0)
        stage.admin.patch(manifests.route(namespace, "green"))
        await edge.shares(load, blue=0, green=1)
        await stage.replica.no_problem(namespace)


async def test_what_is_deleted_goes_and_the_rest_stays(stage: Stage) -> None:
    """A cluster that nobody uses goes; one that is in use goes once the route names another; a listener ends."""
    namespace = stage.namespace
    await stage.serve(*GRACES)
    await stage.shop("blue", "green", "red")
    stage.apply(manifests.listener(namespace, "extra"))
    edge = await stage.envoy()
    await edge.serves()
    await edge.serves("extra")
    async with edge.load() as load:
        stage.admin.delete(manifests.cluster(namespace, "red"))
        await edge.clusters(has=["blue", "green"], lacks=["red"])
        stage.admin.delete(manifests.listener(namespace, "extra"))
        await edge.listeners("front")
        stage.apply(manifests.route(namespace, "green"))
        stage.admin.delete(manifests.cluster(namespace, "blue"))
        await edge.clusters(has=["green"], lacks=["blue", "red"])
        await edge.shares(load, blue=0, green=1)


async def test_a_kind_that_is_installed_later_is_served_without_a_restart(stage: Stage) -> None:
    """Before, it counts as empty; when its definition goes, so do its objects, and nothing else."""
    name = "envoyresources.legation.dev"
    definition = reference("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
    installed = stage.admin.get(definition)
    fresh = {**definition, "spec": installed["spec"]}
    stage.admin.delete(definition)
    try:
        await stage.until_gone(definition)
        await stage.serve(*GRACES)
        await stage.shop("blue")
        edge = await stage.envoy()
        await edge.serves()
        async with edge.load() as load:
            await _install(stage, fresh, name)
            stage.apply(_resources(stage.namespace))
            await edge.clusters(has=["blue", "fresh"])
            stage.admin.delete(definition)
            await edge.clusters(has=["blue"], lacks=["fresh"])
            await edge.more_answers(load)
    finally:
        await stage.until_gone(definition)
        await _install(stage, fresh, name)


async def _install(stage: Stage, definition: dict[str, Any], name: str) -> None:
    stage.apply(definition)
    stage.admin.wait_crd(name)


def _resources(namespace: str) -> dict[str, Any]:
    hosts = {"cluster_name": "fresh", "endpoints": []}
    config = {"name": "fresh", "type": "STATIC", "connect_timeout": "1s", "load_assignment": hosts}
    resource = {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", **config}
    made = reference("legation.dev/v1alpha1", "EnvoyResources", "fresh", namespace)
    return made | {"spec": {"resources": [resource]}}
