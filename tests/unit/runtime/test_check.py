from __future__ import annotations

import pytest

from legation.model.node import Scope, Workload
from legation.model.problems import Level, Problem
from legation.model.resource import EVERY, Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT, LISTENER
from legation.runtime.check import check
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.small_world import cluster, endpoints, listener, resource, route, static_cluster
from tests.unit.envoy.configs import ROUTER, hcm, resource_of, routes
from tests.unit.envoy.configs import listener as listener_json
from tests.unit.runtime.assembled import assembly


def item(of: Resource, name: str = "it", *, namespace: str = "shop", line: int = 1, **labels: str) -> Item:
    return Item(
        resource=of,
        scope=Scope(namespace=namespace, labels=frozenset(labels.items())),
        manifest=manifest(name=name, namespace=namespace, line=line),
        path=("spec", "config"),
    )


def problems(*items: Item) -> list[Problem]:
    return list(check(assembly(items)))


def test_what_fits_together_has_no_problems() -> None:
    """A listener with its route, its cluster and the endpoints of it."""
    assert not problems(
        item(listener("l", routes=["r"])), item(route("r", clusters=["c"])), item(cluster("c")), item(endpoints("c"))
    )


def test_the_junior_of_two_claimants_is_told_who_has_the_name() -> None:
    """It is not delivered, so it is an error; the senior hears nothing."""
    loser = item(static_cluster("c", 2), "loser", line=9)
    (problem,) = problems(loser, item(static_cluster("c", 1), "winner", line=3))

    assert problem.level is Level.ERROR
    assert str(problem) == (
        'a.yaml:9:1: Cluster shop/loser: spec.config: the Cluster "c" is that of Cluster shop/winner (a.yaml:3:1), '
        "which came first (give one of them another name, or selectors that no workload fulfils both)"
    )


def test_the_junior_of_two_listeners_on_one_address_is_told_who_has_it_and_is_not_delivered() -> None:
    senior = item(resource(LISTENER, "a", claims=("tcp 127.0.0.1:80",)), "winner", line=3)
    junior = item(resource(LISTENER, "b", claims=("tcp 127.0.0.1:80",)), "loser", line=9)
    other = item(resource(LISTENER, "c", claims=("tcp 127.0.0.1:81",)), "other", line=9)
    (problem,) = problems(junior, senior, other)

    assert (problem.code, problem.level) == ("duplicate-address", Level.ERROR)
    assert str(problem) == (
        'a.yaml:9:1: Cluster shop/loser: spec.config: the Listener "b" has the address tcp 127.0.0.1:80 of '
        'the Listener "a" of Cluster shop/winner (a.yaml:3:1), which came first '
        "(give one of them another address, or selectors that no workload fulfils both)"
    )
    delivered = assembly((junior, senior, other)).snapshot_for(Workload(namespace="shop"))[LISTENER]
    assert [each.name for each in delivered] == ["a", "c"]


def test_listeners_that_no_workload_gets_both_may_share_an_address() -> None:
    mine, yours = (
        item(resource(LISTENER, name, claims=("tcp 0.0.0.0:80",)), name, app=name) for name in ("edge", "inner")
    )
    assert not problems(mine, yours)


@pytest.mark.parametrize(
    ("labels", "meet"),
    [
        (({}, {"app": "edge"}), True),
        (({"app": "edge"}, {"app": "edge"}), True),
        (({"app": "edge"}, {"tier": "front"}), True),
        (({"app": "edge"}, {"app": "web"}), False),
    ],
    ids=["one for all", "the same", "others", "apart"],
)
def test_claims_that_no_workload_can_meet_do_not_collide(
    labels: tuple[dict[str, str], dict[str, str]],
    meet: object,
) -> None:
    """One name for two sorts of workloads is how configurations differ by label."""
    claims = (item(static_cluster("c", number), line=number, **each) for number, each in enumerate(labels, 1))

    assert bool(problems(*claims)) == meet


def test_a_name_in_another_namespace_or_of_another_type_does_not_collide() -> None:
    """Nobody gets both."""
    assert not problems(item(static_cluster("c")), item(static_cluster("c"), namespace="other"), item(route("c")))


def test_a_loser_is_told_of_the_claimant_that_it_meets() -> None:
    """Not of one that is only senior."""
    found = problems(
        item(static_cluster("c", 1), "web", line=1, app="web"),
        item(static_cluster("c", 2), "edge", line=2, app="edge"),
        item(static_cluster("c", 3), "loser", line=3, app="edge"),
    )

    assert [problem.object.name for problem in found if problem.object] == ["loser"]
    assert "Cluster shop/edge" in found[0].message


def test_an_object_that_holds_a_name_twice_is_its_own_rival() -> None:
    """That is said in other words."""
    of = manifest(namespace="shop")
    scope = Scope(namespace="shop")
    one, two = (Item(resource=static_cluster("c", number), scope=scope, manifest=of) for number in (1, 2))

    assert [problem.message for problem in problems(one, two)] == [
        'the Cluster "c" stands in this object twice; the first one counts'
    ]


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
