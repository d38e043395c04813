"""The problems that follow from what Envoys refuse: where each is told, and which are in the way of an object."""

from __future__ import annotations

import pytest

from legation.model.objects import ManifestObject, ObjectKey, show_path
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.runtime.feedback import Feedback
from legation.runtime.groups import AnyGroup
from legation.runtime.hub import Hub
from legation.runtime.intake import Heard
from legation.runtime.refusals import in_the_way, of_held_up, of_refused
from legation.runtime.served import Served
from legation.testing import ManualClock
from tests.fakes import FakeClient
from tests.manifests import cluster, manifest
from tests.unit.translate.upstreams import upstream


def routes(*clusters: str) -> ManifestObject:
    entries = [{"name": each, "weight": 1} for each in clusters]
    one = {"match": {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": entries}}}
    hosts = [{"name": "web", "domains": ["*"], "routes": [one]}]
    return manifest("Route", "main", spec={"config": {"name": "main", "virtual_hosts": hosts}})


OWNER = routes().key
V1 = cluster("v1")


class World:
    """An Envoy that has routes to v1."""

    def __init__(self) -> None:
        self.served = Served(owner=lambda _: None)
        self.feedback = Feedback(clock=ManualClock())
        self.hub: Hub[AnyGroup] = Hub(self.served, feedback=self.feedback)
        self.let(V1, routes("v1"))
        self.client = FakeClient(self.hub, "edge")
        for row in (CLUSTER, ROUTE_CONFIGURATION):
            self.client.subscribe(row)
            self.client.take(row)

    def let(self, *objects: ManifestObject) -> None:
        known = {each.key: each for each in objects}
        self.served.update(Heard(number=1, objects=known, problems=(), broken=frozenset(), cluster=None))
        self.hub.publish()

    def refuse_cluster(self) -> None:
        sent = self.client.is_sent(CLUSTER)
        self.client.refuse(sent, "no", [each for each in sent.resources if each.name == "v2"])

    def in_the_way(self, *keys: ObjectKey, waits: bool = True) -> list[str]:
        return [each.code for each in in_the_way(self.feedback, self.served, keys, waits=waits)]


@pytest.fixture
def world() -> World:
    return World()


def test_what_waits_is_told_at_the_name_that_it_waits_for(world: World) -> None:
    world.let(V1, cluster("v2"), routes("v1", "v2"))
    world.refuse_cluster()
    (problem,) = of_held_up(world.feedback, world.served).values()
    assert show_path(problem.path).endswith("weighted_clusters.clusters[1].name")
    assert problem.object == OWNER
    (problem,) = of_refused(world.feedback, world.served).values()
    assert problem.object == cluster("v2").key


def test_what_waits_for_what_somebody_else_put_there_is_told_with_who_did(world: World) -> None:
    world.let(V1, upstream(weight=1, routes=[{"configuration": "main"}]), routes("v1"))
    world.refuse_cluster()
    (problem,) = of_held_up(world.feedback, world.served).values()
    assert (problem.object, problem.path) == (OWNER, ("spec", "config"))
    assert problem.mend.endswith("Upstream default/v2 says something of it, too")


def test_in_the_way_is_what_is_broken_and_what_is_waited_for_if_anybody_waits(world: World) -> None:
    broken = cluster("v3", config={"name": "v3", "type": "NO"})
    world.let(V1, cluster("v2"), routes("v1", "v2"), broken)
    world.refuse_cluster()
    assert world.in_the_way(OWNER) == ["held-up"]
    assert world.in_the_way(OWNER, waits=False) == []
    (code,) = world.in_the_way(broken.key)
    assert world.in_the_way() == [code, "held-up"]
