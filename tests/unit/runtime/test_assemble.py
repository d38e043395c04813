from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legation.model.node import Scope, Workload
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, ROUTE_CONFIGURATION
from legation.model.snapshot import Snapshot
from legation.runtime.assemble import Assembly, Incomplete
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.small_world import listener, route, static_cluster
from tests.unit.runtime.assembled import assembly


def item(
    resource: Resource,
    *,
    namespace: str = "shop",
    file: str = "a.yaml",
    line: int = 1,
    created: str = "",
    **labels: str,
) -> Item:
    of = manifest(name=f"{file}-{line}", namespace=namespace, file=file, line=line, created=created)
    scope = Scope(namespace=namespace, labels=frozenset(labels.items()))
    return Item(resource=resource, scope=scope, manifest=of)


def workload(namespace: str = "shop", **labels: str) -> Workload:
    return Workload(namespace=namespace, labels=frozenset(labels.items()))


def test_a_workload_gets_what_its_namespace_and_labels_select() -> None:
    """Everything without a selector, what asks for labels that it has, and nothing from another namespace."""
    everyone, edge, front, other = (static_cluster(name) for name in ("everyone", "edge", "front", "other"))
    made = assembly(
        [
            item(everyone),
            item(edge, app="edge"),
            item(front, app="edge", tier="front"),
            item(other, namespace="other"),
        ]
    )

    assert set(made.snapshot_for(workload())[CLUSTER]) == {everyone}
    assert set(made.snapshot_for(workload(app="web"))[CLUSTER]) == {everyone}
    assert set(made.snapshot_for(workload(app="edge", more="x"))[CLUSTER]) == {everyone, edge}
    assert set(made.snapshot_for(workload(app="edge", tier="front"))[CLUSTER]) == {everyone, edge, front}
    assert set(made.snapshot_for(workload("other"))[CLUSTER]) == {other}


def test_a_namespace_of_which_nobody_speaks_gets_an_empty_snapshot() -> None:
    """The one that everybody gets who gets nothing."""
    assert Assembly().snapshot_for(workload("nowhere")) is Snapshot.of()


def test_workloads_that_selectors_do_not_tell_apart_share_one_snapshot() -> None:
    """A thousand Pods with hashes in their labels are one group."""
    made = assembly([item(static_cluster("edge"), app="edge")])
    one, two = (workload(app="edge", hash=value) for value in ("a", "b"))

    assert made.snapshot_for(one) is made.snapshot_for(two)
    assert made.group_of(one) == made.group_of(two) == "shop/app=edge"


def test_groups_are_named_after_what_selectors_mention() -> None:
    """The namespace, then labels in order; a label that no selector there asks for is left out."""
    made = assembly(
        [
            item(static_cluster("a"), tier="front", app="edge"),
            item(listener("b"), app="web"),
            item(static_cluster("c"), namespace="other", zone="x"),
        ]
    )

    assert made.group_of(workload()) == "shop"
    assert made.group_of(workload(app="nobody", zone="x")) == "shop"
    assert made.group_of(workload(tier="front", app="edge", zone="x")) == "shop/app=edge,tier=front"
    assert made.group_of(workload(app="web")) == "shop/app=web"
    assert made.group_of(workload("nowhere", app="web")) == "nowhere"


def test_of_two_claims_the_one_created_first_wins() -> None:
    """Where there are times of creation they decide; those without come after, by path and line."""
    youngest, oldest, timeless = (static_cluster("same", version) for version in ("1", "2", "3"))
    claims = [
        item(youngest, file="a.yaml", created="2026-02-01T00:00:00Z"),
        item(oldest, file="b.yaml", created="2026-01-01T00:00:00Z"),
        item(timeless, file="0.yaml"),
    ]

    assert assembly(claims).snapshot_for(workload()).get(CLUSTER, "same") is oldest
    assert assembly(claims[::2]).snapshot_for(workload()).get(CLUSTER, "same") is youngest


def test_without_times_the_first_by_path_and_line_wins() -> None:
    """Whatever the order in which they are read."""
    first, second, third = (static_cluster("same", version) for version in ("1", "2", "3"))
    claims = [item(third, file="b.yaml"), item(second, line=20), item(first, line=3)]

    for order in (claims, claims[::-1]):
        assert assembly(order).snapshot_for(workload()).get(CLUSTER, "same") is first


def test_a_claim_that_is_not_meant_for_a_workload_does_not_take_the_name_from_it() -> None:
    """The junior serves those whom the senior does not."""
    for_edge, for_all = static_cluster("same", "1"), static_cluster("same", "2")
    made = assembly([item(for_edge, line=1, app="edge"), item(for_all, line=2)])

    assert made.snapshot_for(workload(app="edge")).get(CLUSTER, "same") is for_edge
    assert made.snapshot_for(workload()).get(CLUSTER, "same") is for_all


def test_the_same_name_twice_in_one_object_is_the_first_one() -> None:
    """As it is read."""
    one, two = static_cluster("same", "1"), static_cluster("same", "2")
    of = manifest()
    scope = Scope(namespace="shop")
    items = [Item(resource=resource, scope=scope, manifest=of) for resource in (one, two)]

    assert assembly(items).snapshot_for(workload()).get(CLUSTER, "same") is one


def test_a_change_makes_anew_only_the_type_that_changed() -> None:
    """The other collections and the other namespaces are the same Python objects."""
    cluster, path, elsewhere = (
        item(static_cluster("c")), item(route("r")), item(static_cluster("c"), namespace="other"),
    )  # fmt: skip
    before = assembly([cluster, path, elsewhere])
    old, old_elsewhere = before.snapshot_for(workload()), before.snapshot_for(workload("other"))
    after = assembly([item(static_cluster("c", 2)), path, elsewhere], previous=before)
    new = after.snapshot_for(workload())

    assert new is not old
    assert new[CLUSTER] is not old[CLUSTER]
    assert new[ROUTE_CONFIGURATION] is old[ROUTE_CONFIGURATION]
    assert after.shelves["shop"][ROUTE_CONFIGURATION] is before.shelves["shop"][ROUTE_CONFIGURATION]
    assert after.snapshot_for(workload("other")) is old_elsewhere


def test_the_same_content_is_the_same_snapshot() -> None:
    """Objects were read anew and say what they said."""
    before = assembly([item(static_cluster("c"))])
    snapshot = before.snapshot_for(workload())
    after = assembly([item(static_cluster("c"), line=7)], previous=before)

    assert after.snapshot_for(workload()) is snapshot


def test_a_type_of_which_nothing_is_left_is_empty() -> None:
    """It is not taken over from before."""
    before = assembly([item(static_cluster("c")), item(listener("l"))])
    after = assembly([item(listener("l"))], previous=before)

    assert len(after.snapshot_for(workload())[CLUSTER]) == 0


def test_names_are_indexed_anew_only_when_they_change() -> None:
    """What stands behind a name changes more often than the name does."""
    before = assembly([item(static_cluster("web"))])
    index = before.shelves["shop"][CLUSTER].spelling
    changed = assembly([item(static_cluster("web", 2))], previous=before)
    renamed = assembly([item(static_cluster("api", 2))], previous=changed)

    assert changed.shelves["shop"][CLUSTER].spelling is index
    assert renamed.shelves["shop"][CLUSTER].spelling.nearest("webb") is None


def test_a_snapshot_says_which_types_are_incomplete() -> None:
    """Everywhere, and in a namespace of its own."""
    incomplete = Incomplete(everywhere=frozenset({CLUSTER}), namespaces={"shop": frozenset({LISTENER})})
    made = assembly([item(static_cluster("c"))], incomplete=incomplete)

    assert made.snapshot_for(workload()).incomplete == {CLUSTER, LISTENER}
    assert made.snapshot_for(workload("other")).incomplete == {CLUSTER}


LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
CLAIMS = st.lists(st.tuples(st.sampled_from("xyz"), LABELS, st.integers(1, 50)), max_size=8)


@given(before=CLAIMS, after=CLAIMS, labels=LABELS)
def test_what_a_workload_gets_is_what_the_rule_says(
    before: list[tuple[str, dict[str, str], int]],
    after: list[tuple[str, dict[str, str], int]],
    labels: dict[str, str],
) -> None:
    """Of each name the senior claim that matches, whatever was remembered from an assembly before."""

    def items(claims: list[tuple[str, dict[str, str], int]]) -> list[Item]:
        return [
            item(static_cluster(name, number), line=line, **asked) for number, (name, asked, line) in enumerate(claims)
        ]

    who = workload(**labels)
    previous = assembly(items(before))
    previous.snapshot_for(who)
    newest = items(after)
    expected: dict[str, Item] = {}
    for each in sorted(newest, key=lambda claim: claim.manifest.seniority):
        if each.scope.matches(who):
            expected.setdefault(each.resource.name, each)

    got = assembly(newest, previous=previous).snapshot_for(who)[CLUSTER]

    assert {resource.name: resource for resource in got} == {name: each.resource for name, each in expected.items()}
