"""What is made when somebody asks for it by name: for whom, of what, and when anew."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest

from legation.envoy.codec import encode
from legation.model.node import Workload
from legation.model.objects import ObjectKey
from legation.model.resource_types import CLUSTER, SECRET
from legation.runtime import completing, wanted
from legation.runtime.read import read
from tests.manifests import manifest
from tests.small_cluster import GRANT
from tests.unit.runtime.by_name_world import ECHO, EDS, TOKEN, World, addresses_of, cluster, eds, explicit, tls, usual


@pytest.fixture
def world() -> World:
    return usual()


# What is made, and of what


def test_what_an_object_refers_to_is_made(world: World) -> None:
    assert world.addresses() == ["10.0.0.1"]
    assert world.secret() is not None
    assert world.codes() == []


def test_it_does_not_matter_which_comes_first_the_object_or_the_cluster() -> None:
    world = World()
    world.refer(eds())
    world.kube.service("echo", "10.0.0.1")
    assert world.look()
    assert world.addresses() == ["10.0.0.1"]


def test_nothing_is_made_that_nobody_needs(world: World) -> None:
    world.kube.service("other", "10.0.0.9")
    assert not world.look()
    assert world.names() == [ECHO]


def test_what_is_made_says_of_what(world: World) -> None:
    resource = world.snapshot().get(EDS, ECHO)
    assert resource is not None
    assert resource.origin == ObjectKey("", "Service", "shop", "echo")


def test_only_who_gets_what_refers_to_it_gets_it() -> None:
    world = World()
    world.kube.service("echo", "10.0.0.1")
    world.look()
    world.refer(eds(app="edge"))
    assert world.addresses(app="edge") == ["10.0.0.1"]
    assert world.addresses() is None
    assert world.names(namespace="bank") == []


def test_a_name_of_another_form_is_nobodys_business_here(world: World) -> None:
    world.refer(eds("echo"))
    assert world.names() == []
    assert world.codes() == []
    assert not world.by_name.answers(EDS, "echo")
    assert world.by_name.answers(EDS, ECHO)
    assert not world.by_name.answers(CLUSTER, ECHO)


def test_what_a_cluster_tells_is_told_nowhere_without_one() -> None:
    """Without Kubernetes nothing is another than it was."""
    world = World()
    world.refer(eds(), tls())
    bare = world.assembly.snapshot_for(Workload(namespace="shop"))
    assert not world.by_name.look(None)
    assert not world.by_name.want("shop", EDS, ["shop/other:http"])
    assert world.by_name.complete(bare, "shop") is bare
    assert world.codes() == []
    assert not world.by_name.answers(EDS, ECHO)
    assert world.by_name.next_look is None


def test_a_cluster_that_is_not_read_any_more_takes_its_own_with_it(world: World) -> None:
    assert world.names() == [ECHO]
    assert world.by_name.look(None)
    assert world.names() == []
    assert world.look()
    assert world.addresses() == ["10.0.0.1"]


# What changes


def test_a_changed_service_makes_one_assignment_anew_and_touches_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.kube.service("other", "10.0.0.2")
    world.look()
    world.refer(eds(), eds("shop/other:http", name="more"), tls(), explicit("10.9.9.9", name="by-hand"))
    before = world.snapshot()
    encoded: list[str] = []

    def note(json: Any, *, origin: ObjectKey | None = None) -> Any:
        encoded.append(json["cluster_name"])
        return encode(json, origin=origin)

    monkeypatch.setattr("legation.runtime.made.codec.encode", note)
    world.kube.service("echo", "10.0.0.1", "10.0.0.3")
    assert world.look()
    after = world.snapshot()
    assert encoded == [ECHO]
    assert addresses_of(after.get(EDS, ECHO)) == ["10.0.0.1", "10.0.0.3"]
    assert all(after[row] is before[row] for row in before.collections if row is not EDS)
    changed = {name for name in before[EDS].resources if after.get(EDS, name) is not before.get(EDS, name)}
    assert changed == {ECHO}
    assert after[EDS].since(before[EDS]).changed.keys() == {ECHO}


def test_a_change_that_makes_the_same_is_none(world: World) -> None:
    before = world.snapshot()
    world.kube.service("echo", "10.0.0.1")
    assert not world.look()
    assert world.snapshot() is before


def test_what_concerns_another_namespace_leaves_the_snapshot_as_it_is(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.look()
    world.refer(eds(), tls(), eds("bank/ledger:http", namespace="bank"))
    before = world.snapshot()
    world.kube.service("ledger", "10.0.0.8", namespace="bank")
    assert world.look()
    assert world.snapshot() is before
    assert world.addresses("bank/ledger:http", "bank") == ["10.0.0.8"]


def test_equal_content_is_the_same_snapshot_whatever_happened_meanwhile(world: World) -> None:
    before = world.snapshot()
    for addresses in (["10.0.0.2"], ["10.0.0.1"]):
        world.kube.service("echo", *addresses)
        world.look()
        world.snapshot()
    assert world.snapshot()[EDS].version == before[EDS].version
    assert world.snapshot() is before


def test_who_looks_seldom_misses_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when more has changed than is remembered."""
    monkeypatch.setattr(completing, "_MOST_CHANGES", 10)
    world.snapshot()
    world.kube.service("other", "10.0.0.2")
    world.look()
    world.refer(eds(), tls(), eds("shop/other:http", name="more"))
    world.snapshot()
    for number in range(25):
        world.kube.service("echo", f"10.0.1.{number}")
        world.look()
        if number == 7:
            assert world.addresses() == ["10.0.1.7"]
    world.kube.service("other", "10.0.0.3")
    world.look()
    assert world.addresses() == ["10.0.1.24"]
    assert world.addresses("shop/other:http") == ["10.0.0.3"]


def test_an_object_that_refers_to_another_name(world: World) -> None:
    world.kube.service("other", "10.0.0.2")
    world.look()
    before = world.snapshot()
    world.refer(eds("shop/other:http"), tls())
    assert world.names() == ["shop/other:http"]
    assert world.snapshot()[SECRET] is before[SECRET]
    world.refer(tls())
    assert world.names() == []
    world.refer(eds(), tls())
    assert world.snapshot() is before


def test_a_snapshot_that_nobody_has_any_more_is_freed() -> None:
    """Of objects that change all day nothing may pile up, in whichever namespace they are."""
    world = World()
    world.kube.service("echo", "10.0.0.1")
    world.look()
    kept = []
    for number in range(3):
        world.refer(eds(), cluster(f"other-{number}", {}, namespace="bank"))
        kept += [weakref.ref(world.assembly.snapshot_for(Workload(namespace="bank")))]
        world.snapshot()
        world.snapshot("bank")
    gc.collect()
    assert [each() is None for each in kept] == [True, True, False]


# Who may have it


def test_the_service_of_another_namespace_takes_a_grant(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.look()
    world.refer(eds("bank/ledger:http"))
    assert world.addresses("bank/ledger:http") == []
    (problem,) = world.by_name.problems
    assert problem.code == "not-granted"
    assert "the namespace shop may not use the Service bank/ledger (a ReferenceGrant in the namespace bank" in str(
        problem
    )
    world.kube.grants = frozenset({GRANT})
    assert world.look()
    assert world.addresses("bank/ledger:http") == ["10.0.0.7"]
    assert world.codes() == []
    world.kube.grants = frozenset()
    assert world.look()
    assert world.addresses("bank/ledger:http") == []
    assert world.codes() == ["not-granted"]


def test_who_may_not_use_it_does_not_learn_whether_it_exists(world: World) -> None:
    world.refer(eds("bank/nothing:http"))
    assert world.codes() == ["not-granted"]


def test_a_grant_counts_for_the_kind_that_refers(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.kube.grants = frozenset({GRANT})
    world.look()
    config = {"@type": EDS.url, "cluster_name": "x"}
    resource = read(eds("bank/ledger:http")).manifest.body["spec"]["config"]
    many = manifest(
        "EnvoyResources",
        "many",
        api_version="legation.dev/v1alpha1",
        namespace="shop",
        spec={"resources": [config, {"@type": CLUSTER.url, **resource}]},
    )
    world.refer(many)
    assert world.codes() == ["not-granted"]
    world.refer(many, eds("bank/ledger:http", name="other"))
    assert world.addresses("bank/ledger:http") == ["10.0.0.7"]


def test_a_secret_of_another_namespace_never_comes_without_a_grant(world: World) -> None:
    world.kube.secret("token", {"value": b"s3cret"}, namespace="bank")
    world.look()
    world.refer(tls("bank/token:value"))
    assert world.secret("bank/token:value") is None
    world.ask("bank/token:value", row=SECRET)
    assert world.secret("bank/token:value") is None
    assert SECRET not in world.snapshot().incomplete
    world.kube.secret("another", {}, namespace="bank")
    world.look()
    world.refer(tls("bank/another:value"))
    assert SECRET not in world.snapshot().incomplete


def test_what_two_namespaces_refer_to_goes_to_the_one_that_may_have_it(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.look()
    world.refer(eds("bank/ledger:http"), eds("bank/ledger:http", namespace="bank"))
    assert world.addresses("bank/ledger:http") == []
    assert world.addresses("bank/ledger:http", "bank") == ["10.0.0.7"]


def test_a_setting_opens_all_namespaces() -> None:
    world = World(across=True)
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.look()
    world.refer(eds("bank/ledger:http"))
    assert world.addresses("bank/ledger:http") == ["10.0.0.7"]
    assert world.codes() == []


# Objects of the same name


def test_an_object_of_that_name_wins(world: World) -> None:
    world.refer(eds(), explicit("10.9.9.9"))
    assert world.addresses() == ["10.9.9.9"]
    assert world.names() == [ECHO]
    assert not world.ask(ECHO)
    assert world.addresses() == ["10.9.9.9"]
    assert world.codes() == []
    world.refer(eds())
    assert world.addresses() == ["10.0.0.1"]


def test_an_object_of_that_name_needs_no_service(world: World) -> None:
    world.refer(eds("shop/by-hand:http"), explicit("10.9.9.9", name="shop/by-hand:http"))
    assert not world.ask("shop/by-hand:http")
    assert world.codes() == []


def test_an_object_of_that_name_counts_for_its_namespace_alone(world: World) -> None:
    world.refer(eds(), explicit("10.9.9.9", namespace="bank"))
    assert world.addresses() == ["10.0.0.1"]


def test_who_does_not_get_the_object_of_that_name_gets_what_is_made(world: World) -> None:
    """A selector may give it to some of those that refer to the name."""
    world.refer(eds(), explicit("10.9.9.9", app="edge"))
    assert world.addresses(app="edge") == ["10.9.9.9"]
    assert world.addresses() == ["10.0.0.1"]


# What Envoys ask for


def test_what_an_envoy_asks_for_is_made_for_its_namespace(world: World) -> None:
    """As its bootstrap may name what no object refers to."""
    world.kube.service("other", "10.0.0.2")
    world.look()
    assert world.ask("shop/other:http")
    assert world.addresses("shop/other:http") == ["10.0.0.2"]
    assert world.names(namespace="bank") == []
    assert not world.ask("shop/other:http")
    assert not world.ask("of another form")
    assert not world.ask("shop/other:http", row=CLUSTER)


def test_what_an_envoy_asks_for_follows_the_cluster_like_all_else(world: World) -> None:
    world.ask("shop/late:http")
    assert world.addresses("shop/late:http") == []
    for address in ("10.0.0.5", "10.0.0.6"):
        world.kube.service("late", address)
        assert world.look()
        assert world.addresses("shop/late:http") == [address]


def test_what_an_envoy_asks_for_that_is_not_there_is_said(world: World) -> None:
    world.ask("shop/nothing:http")
    assert world.addresses("shop/nothing:http") == []
    (problem,) = world.by_name.problems
    assert (problem.code, problem.object) == ("no-service", None)
    assert str(problem).startswith(
        'Envoys of the namespace shop ask for the ClusterLoadAssignment "shop/nothing:http": there is no Service'
    )


def test_what_an_envoy_asks_for_and_an_object_refers_to_is_told_once(world: World) -> None:
    world.ask("shop/nothing:http")
    world.refer(eds("shop/nothing:http"))
    assert world.codes() == ["no-service"]
    assert world.by_name.problems[0].object is not None


def test_what_an_envoy_asks_for_as_objects_refer_to_it_is_nothing_new(world: World) -> None:
    """Every Envoy asks for the endpoints of its clusters."""
    before = world.snapshot()
    assert not world.ask(ECHO)
    assert world.snapshot() is before
    world.refer(eds(app="edge"), tls())
    assert world.names() == []


def test_what_a_bootstrap_names_and_objects_of_others_refer_to_is_there_for_both(world: World) -> None:
    world.refer(eds(app="edge"))
    assert world.addresses() is None
    assert world.ask(ECHO)
    assert world.addresses() == world.addresses(app="edge") == ["10.0.0.1"]


def test_what_an_envoy_asks_for_stays_when_no_object_refers_to_it_any_more(world: World) -> None:
    """Its bootstrap may name it as well."""
    world.ask(ECHO)
    world.refer()
    assert world.addresses() == ["10.0.0.1"]
    world.by_name.prune(lambda *asked: asked == ("shop", EDS, ECHO))
    assert world.addresses() == ["10.0.0.1"]
    world.kube.no_service("echo")
    world.look()
    assert world.addresses() == []
    world.by_name.prune(lambda *_: False)
    assert world.addresses() is None


def test_what_nobody_is_known_to_need_any_more_is_no_problem(world: World) -> None:
    """Its cluster is gone, and the Envoy is about to drop it."""
    world.refer(eds("shop/nothing:http"))
    world.ask("shop/nothing:http")
    assert world.codes() == ["no-service"]
    world.refer()
    assert world.codes() == []


def test_who_asks_for_what_objects_may_not_have_may_have_it_as_a_pod(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.kube.grants = frozenset({replace(GRANT, from_group="", from_kind="Pod")})
    world.look()
    world.refer(eds("bank/ledger:http"))
    assert world.addresses("bank/ledger:http") == []
    assert world.ask("bank/ledger:http")
    assert world.addresses("bank/ledger:http") == ["10.0.0.7"]
    assert not world.ask("bank/ledger:http")


def test_a_grant_for_pods_is_one_for_what_their_envoys_ask_for(world: World) -> None:
    world.kube.service("ledger", "10.0.0.7", namespace="bank")
    world.kube.grants = frozenset({GRANT})
    world.look()
    world.ask("bank/ledger:http")
    assert world.addresses("bank/ledger:http") == []
    world.kube.grants = frozenset({replace(GRANT, from_group="", from_kind="Pod")})
    world.look()
    assert world.addresses("bank/ledger:http") == ["10.0.0.7"]


def test_what_nobody_asks_for_any_more_is_forgotten_when_it_is_much(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [f"shop/s{number}:http" for number in range(5)]
    monkeypatch.setattr(world.by_name._wanted, "_prune_at", 5)
    monkeypatch.setattr(wanted, "MOST", 5)
    for name in asked[:4]:
        world.ask(name)
    world.by_name.prune(lambda *_: False)
    assert set(asked[:4]) <= set(world.names())
    world.ask(asked[4])
    world.by_name.prune(lambda *key: key == ("shop", EDS, asked[2]))
    assert world.names() == sorted([ECHO, asked[2]])
    assert len(world.by_name.problems) == 1
    assert world.ask(asked[0])
    assert asked[0] in world.names()


def test_a_secret_is_for_who_gets_an_object_that_refers_to_it_and_not_for_who_asks(world: World) -> None:
    """Else every Pod could read every Secret of its namespace."""
    world.refer(eds())
    assert not world.ask(TOKEN, row=SECRET)
    assert world.names(SECRET) == []
    world.refer(eds(), tls(app="edge"))
    assert world.names(SECRET, app="edge") == [TOKEN]
    assert world.names(SECRET, app="web") == []
    assert world.codes() == []


def test_what_envoys_ask_for_in_vain_is_told_once_for_each_reason(world: World) -> None:
    world.refer()
    for name in ("shop/a:http", "shop/b:http", "shop/c:http", "bank/d:http"):
        world.ask(name)
    ask = "Envoys of the namespace shop ask for the ClusterLoadAssignment"
    assert sorted(each.message for each in world.by_name.problems) == [
        f'{ask} "bank/d:http": the namespace shop may not use the Service bank/d',
        f'{ask} "shop/a:http", and 2 more: there is no Service shop/a',
    ]


def test_more_than_envoys_may_ask_for_is_not_made_and_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.runtime.wanted.MOST", 1)
    world.refer()
    assert world.ask(ECHO)
    assert not world.ask("shop/other:http")
    assert world.names() == [ECHO]
    assert "too-many-names" in world.codes()
