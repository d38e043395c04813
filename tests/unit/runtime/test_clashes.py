"""Resources that want what another one has."""

from __future__ import annotations

import pytest

from legation.model.node import Scope, Workload
from legation.model.problems import Level
from legation.model.resource_types import LISTENER
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.small_world import resource, route, static_cluster
from tests.unit.runtime.assembled import assembly
from tests.unit.runtime.checked import item, problems


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
