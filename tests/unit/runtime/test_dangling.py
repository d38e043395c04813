"""References to names that nobody has."""

from __future__ import annotations

from legation.model.node import Scope
from legation.model.problems import Level
from legation.model.resource import EVERY
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.small_world import cluster, listener, resource, route, static_cluster
from tests.unit.envoy.configs import ROUTER, hcm, resource_of, routes
from tests.unit.envoy.configs import listener as listener_json
from tests.unit.runtime.checked import item, problems


def test_a_reference_to_a_name_that_nobody_has_is_a_warning() -> None:
    """The name may be static in the bootstrap, so it is delivered."""
    (problem,) = problems(item(route("r", clusters=["backnd"]), "r"), item(static_cluster("backend")))

    assert problem.level is Level.WARNING
    assert problem.code == "dangling-reference"
    assert str(problem) == (
        'a.yaml:1:1: Cluster shop/r: spec.config: the RouteConfiguration "r" refers to the Cluster "backnd", which no '
        'object of this namespace holds (did you mean "backend"? it is right if it is static in the Envoy\'s bootstrap)'
    )


def test_each_missing_name_is_told() -> None:
    """Of every type that something can refer to."""
    found = problems(item(cluster("c")), item(listener("l", routes=["r"], clusters=["d", "e"])))

    assert len(found) == 4
    assert all("did you mean" not in problem.mend for problem in found)


def test_a_reference_that_cannot_be_known_does_not_dangle() -> None:
    """A cluster taken from a header may be any."""
    assert not problems(item(route("r", clusters=[EVERY])))


def test_a_reference_to_something_for_other_workloads_dangles() -> None:
    """Nobody who gets the route gets the cluster."""
    path, there = route("r", clusters=["c"]), static_cluster("c")

    assert not problems(item(path, app="edge"), item(there, tier="front"))
    (problem,) = problems(item(path, app="edge"), item(there, app="web"))
    assert problem.message.endswith('refers to the Cluster "c", which goes to other workloads')
    (problem,) = problems(item(path), item(there, namespace="other"))
    assert problem.message.endswith('refers to the Cluster "c", which no object of this namespace holds')


def test_names_are_shown_on_one_line_and_not_too_long() -> None:
    """Whatever an owner writes as a name."""
    (problem,) = problems(item(resource(CLUSTER, "a\nb", 1, ((CLUSTER, ("x" * 500,)),))))

    assert "\n" not in problem.message
    assert len(problem.message) < 250


def test_a_collection_that_is_referred_to_has_members_or_is_told() -> None:
    """What is below another path, or deeper, is no member."""
    assignment = item(resource(CLUSTER_LOAD_ASSIGNMENT, "c", 1, ((LB_ENDPOINT, ("c/l/*",)),)))
    assert not problems(assignment, item(resource(LB_ENDPOINT, "c/l/a")))
    (problem,) = problems(assignment, item(resource(LB_ENDPOINT, "c/l/a/b")), item(resource(LB_ENDPOINT, "c/m/a")))
    assert problem.code == "dangling-reference"
    assert 'the LbEndpoint "c/l/*"' in problem.message


def test_routes_in_a_listener_name_clusters_that_envoy_looks_for_at_once() -> None:
    """The field is named, and what happens."""
    config = listener_json(hcm(ROUTER, route_config=routes({"cluster": "web"})))
    of = manifest(name="edge", namespace="shop")
    scope = Scope(namespace="shop")
    one = Item(resource=resource_of(config), scope=scope, manifest=of, json=config, path=("spec", "config"))
    (problem,) = problems(one)

    assert problem.level is Level.WARNING
    assert problem.message.endswith("; an Envoy that does not know it refuses the Listener")
    assert problem.path[:2] == ("spec", "config")
    assert problem.path[-3:] == (0, "route", "cluster")
