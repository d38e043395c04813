"""What of an Upstream is served: to whom, when it takes no share, and where it is told what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from legation.envoy.codec import to_json
from legation.model.node import Node, Peer
from legation.model.objects import ManifestObject, ObjectKey, show_path
from legation.model.resource_types import ROUTE_CONFIGURATION
from legation.runtime.admission import Rules
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from tests.manifests import cluster, manifest
from tests.small_cluster import GRANT, SmallCluster
from tests.unit.translate.upstreams import upstream as upstream_in

EDGE = Node(id="edge.shop")
HOME = Peer(address="ipv4:10.0.0.7:1", transport="grpc")


def upstream(**spec: Any) -> ManifestObject:
    return upstream_in(namespace="shop", **{"weight": 20, "routes": [{"configuration": "main"}], **spec})


def routes() -> ManifestObject:
    one = {"match": {"prefix": "/"}, "name": "all", "route": {"cluster": "v1"}}
    hosts = [{"name": "web", "domains": ["*"], "routes": [one]}]
    return manifest("Route", "main", namespace="shop", spec={"config": {"name": "main", "virtual_hosts": hosts}})


class World:
    """The Envoy edge.shop, and the routes that it gets."""

    def __init__(self) -> None:
        self.served = Served(owner=lambda _: None, rules=Rules())
        self.kube = SmallCluster()
        self.kube.pod("edge", "10.0.0.7", namespace="shop")
        self.objects: Mapping[ObjectKey, ManifestObject] = {}

    def let(self, *objects: ManifestObject, known: bool = True) -> None:
        """Let these be there besides the routes; `known`: what is in the cluster is known, too."""
        every = (routes(), cluster("v1", namespace="shop"), *objects)
        self.objects = {each.key: each for each in every}
        self.look(known=known)

    def look(self, *, known: bool = True) -> None:
        now = self.kube.now() if known else None
        self.served.update(
            Heard(number=1, objects=self.objects, problems=(), broken=frozenset(), cluster=now),
        )

    def shares(self) -> bool:
        snapshot = self.served.snapshot_of(self.served.group_of(HOME, EDGE))
        assert snapshot is not None
        found = snapshot.get(ROUTE_CONFIGURATION, "main")
        assert found is not None
        return "v2" in str(to_json(found))

    def told(self) -> dict[str, str]:
        return {each.code: show_path(each.path) for each in self.served.problems}


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    "spec", [{}, {"cluster": {"connect_timeout": "1s"}}], ids=["alone", "with more of its cluster"]
)
def test_a_service_that_is_missing_is_told_where_it_is_named(world: World, spec: Any) -> None:
    typo = upstream(service={"name": "nope", "port": "http"}, **spec)
    world.let(typo)
    assert world.told()["no-service"] == "spec.service"
    world.let(typo, known=False)
    assert world.told() == {"dangling-reference": "spec.service"}


def test_a_name_of_ones_own_is_told_where_it_is_written(world: World) -> None:
    named = {"eds_cluster_config": {"service_name": "shop/nope:http"}}
    world.let(upstream(service={"name": "echo", "port": "http"}, cluster=named), known=False)
    assert world.told() == {"dangling-reference": "spec.cluster.eds_cluster_config"}


def test_there_is_no_share_while_the_service_does_not_exist(world: World) -> None:
    of_service = upstream(service={"name": "echo", "port": "http"})
    world.let(of_service)
    assert not world.shares()
    assert world.told() == {"no-service": "spec.service", "not-heard": "spec.service"}
    world.kube.service("echo")
    world.look()
    assert world.shares()
    # That nobody is ready is a matter of the moment: routes do not follow that.
    world.kube.service("echo", "10.1.0.1")
    world.look()
    assert world.shares()
    assert "not-heard" not in world.told()
    world.kube.no_service("echo")
    world.look()
    assert not world.shares()


def test_a_port_that_the_service_does_not_have_is_as_good_as_no_service(world: World) -> None:
    world.kube.service("echo", "10.1.0.1")
    world.let(upstream(service={"name": "echo", "port": "nope"}))
    assert not world.shares()
    assert world.told() == {"no-port": "spec.service", "not-heard": "spec.service"}


def test_a_service_of_another_namespace_needs_a_grant_for_a_share(world: World) -> None:
    world.kube.service("echo", "10.1.0.1", namespace="bank")
    world.let(upstream(service={"name": "echo", "port": "http", "namespace": "bank"}))
    assert not world.shares()
    assert world.told() == {"not-granted": "spec.service", "not-heard": "spec.service"}
    world.kube.grants = frozenset({replace(GRANT, from_group="legation.dev", from_kind="Upstream")})
    world.look()
    assert world.shares()


def test_nobody_knows_of_a_service_where_there_is_no_cluster(world: World) -> None:
    world.let(upstream(service={"name": "echo", "port": "http"}), known=False)
    assert world.shares()


def test_endpoints_that_an_object_makes_need_no_service(world: World) -> None:
    config = {"cluster_name": "shop/echo:http", "endpoints": []}
    by_hand = manifest("Endpoint", "by-hand", namespace="shop", spec={"config": config})
    world.let(upstream(service={"name": "echo", "port": "http"}), by_hand)
    assert world.shares()


def test_without_hosts_there_is_no_share(world: World) -> None:
    world.let(upstream(hosts=[]))
    assert not world.shares()
    assert world.told() == {"upstream-without-hosts": "spec.hosts"}
    world.let(upstream())
    assert world.shares()
    world.let(upstream(hosts=[]))
    assert not world.shares()
