"""Where resources come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from legation.model.objects import ObjectKey, Place
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from tests.manifests import cluster, manifest
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import ECHO, eds
from tests.unit.runtime.trail_world import World, web

EDS = CLUSTER_LOAD_ASSIGNMENT


def test_a_resource_leads_to_its_object_and_line() -> None:
    world = World(web())
    (traced,) = world.of_node("any.shop").resources
    assert str(traced.resource.origin) == "Cluster shop/web"
    assert traced.place == Place("web.yaml", 12, 1)
    (blamed,) = world.inquiry.blame_resource(CLUSTER, "web")
    assert blamed.traced is not None
    assert (blamed.traced.place, blamed.traced.path) == (Place("web.yaml", 14, 1), ("spec", "config"))
    assert list(world.inquiry.blame_resource(LISTENER, "web")) == []


def test_what_is_made_of_a_service_says_so() -> None:
    kube = SmallCluster()
    kube.service("echo", "10.1.0.1")
    kube.pod("edge-1", "10.0.0.7")
    world = World(eds(), kube=kube)
    by_name = {each.resource.name: each for each in world.of_node("edge-1.shop").resources}
    assert by_name[ECHO].made_of == ("Service shop/echo",)
    assert by_name["web"].made_of == ()
    (blamed,) = world.inquiry.blame_resource(EDS, ECHO)
    assert blamed.traced is not None
    assert blamed.traced.made_of == ("Service shop/echo",)


def test_an_object_whose_newest_version_is_broken_is_not_the_one_that_is_served() -> None:
    world = World(web())
    world.let(cluster("web", config={"name": "web", "conect_timeout": "1s"}, namespace="shop"))
    ((traced, blamed),) = world.inquiry.blame_object("Cluster", "shop", "web")
    assert not traced.served
    (only,) = blamed
    assert only.traced is not None
    assert only.traced.stale


def test_an_object_that_amends_leads_to_what_it_amends() -> None:
    split = manifest(
        "TrafficSplit",
        "colours",
        api_version="split.smi-spec.io/v1alpha4",
        namespace="shop",
        spec={
            "service": "front",
            "backends": [{"service": "blue", "weight": 30}, {"service": "green", "weight": 70}],
        },
    )
    weighted = {"clusters": [{"name": "blue", "weight": 100}, {"name": "green", "weight": 0}]}
    route = manifest(
        "Route",
        "colours",
        namespace="shop",
        spec={
            "config": {
                "name": "colours",
                "virtual_hosts": [
                    {
                        "name": "front",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}],
                    }
                ],
            }
        },
    )
    world = World(split, route)
    key = ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", "colours")
    (traced,) = world.of_node("any.shop").resources
    assert traced.amended_by == (key,)
    assert traced.resource.origin == route.key
    ((_, blamed),) = world.inquiry.blame_object("TrafficSplit", "shop", "colours")
    assert [each.name for each in blamed] == ["colours"]


def test_every_object_and_every_resource_can_be_asked_for() -> None:
    world = World(web(), cluster("other", namespace="far"))
    assert _keys(world.inquiry.objects()) == ["Cluster far/other", "Cluster shop/web"]
    assert _keys(world.inquiry.objects(lambda key: key.name == "web")) == ["Cluster shop/web"]
    chosen = world.inquiry.resources(lambda row, name: (row, name) == ("Cluster", "web"))
    assert [each.resource.name for each in chosen] == ["web"]


def _keys(found: Iterable[Any]) -> list[str]:
    return [str(each.manifest.key) for each in found]
