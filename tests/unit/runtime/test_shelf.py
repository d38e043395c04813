"""A shelf that was changed step by step says what one says that was made at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from legation.model.node import Scope
from legation.model.resource_types import CLUSTER, LISTENER, ROUTE_CONFIGURATION
from legation.runtime.check import check
from legation.runtime.item import Item, Labels
from legation.runtime.shelf import Index, Shelf
from tests.manifests import manifest
from tests.small_world import resource
from tests.unit.runtime.assembled import assembly

NAMES = "xyz"
LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
ITEMS = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        LABELS,
        st.integers(1, 6),
        st.frozensets(st.sampled_from(("tcp :1", "tcp :2", "tcp :3"))),
    ),
    max_size=8,
)


def item(name: str, labels: dict[str, str], line: int = 1, addresses: Iterable[str] = (), number: int = 0) -> Item:
    return Item(
        resource=resource(LISTENER, name, number, ((ROUTE_CONFIGURATION, (name,)),), claims=tuple(sorted(addresses))),
        scope=Scope(namespace="shop", labels=frozenset(labels.items())),
        manifest=manifest(name=f"of-line-{line}", line=line),
        position=number,
    )


def items(drawn: Iterable[tuple[str, dict[str, str], int, frozenset[str]]]) -> list[Item]:
    return [item(*each, number=number) for number, each in enumerate(drawn)]


def shelf(*held: Item) -> Shelf:
    return Shelf(LISTENER).changed(held)


ALL: Labels = frozenset({("a", "1"), ("b", "2")})


def indexes(of: Shelf) -> list[object]:
    """Return all that a shelf knows, without an order where it has none."""
    found: list[object] = [dict(of.claims), of.contested, of.disputed, of.labels]
    found += [unordered(of.offers), unordered(of.addresses)]
    return [*found, *(unordered(of.references[each]) for each in sorted(of.references) if of.references[each])]


def unordered(index: Index[Any]) -> dict[Any, frozenset[Item]]:
    return {key: frozenset(those) for key, those in index.items()}


@given(first=ITEMS, more=ITEMS, stay=st.sets(st.integers(0, 7)), labels=LABELS)
def test_the_way_to_a_shelf_does_not_matter(
    first: list[tuple[str, dict[str, str], int, frozenset[str]]],
    more: list[tuple[str, dict[str, str], int, frozenset[str]]],
    stay: set[int],
    labels: dict[str, str],
) -> None:
    before, came = items(first), items(more)
    went = [each for number, each in enumerate(before) if number not in stay]
    now = [*(each for each in before if each not in went), *came]
    asked = frozenset(labels.items())
    earlier = shelf(*before)
    for each in (asked, ALL, frozenset[tuple[str, str]]()):
        earlier.collection(each)

    changed, at_once = earlier.changed(came, went), shelf(*now)

    assert indexes(changed) == indexes(at_once)
    for each in (asked, ALL, frozenset[tuple[str, str]]()):
        assert dict(changed.collection(each).resources) == dict(at_once.collection(each).resources)
        assert [*changed.collection(each).resources] == sorted(changed.collection(each).resources)


@given(first=ITEMS, more=ITEMS)
def test_what_is_wrong_is_the_same_too(
    first: list[tuple[str, dict[str, str], int, frozenset[str]]],
    more: list[tuple[str, dict[str, str], int, frozenset[str]]],
) -> None:
    """In the same order, too: replicas say the same."""
    target = item("x", {"a": "1"})
    target = Item(resource=resource(ROUTE_CONFIGURATION, "x"), scope=target.scope, manifest=target.manifest)
    before, after = [*items(first), target], [*items(more), target]

    assert check(assembly(after, previous=assembly(before))) == check(assembly(after))


def test_a_change_leaves_what_was_there_as_it_was() -> None:
    one, two = item("x", {}), item("y", {})
    before = shelf(one)
    got = before.collection(frozenset())
    after = before.changed([two], [one])
    assert [*before.claims] == ["x"]
    assert before.collection(frozenset()) is got
    assert [*after.collection(frozenset()).resources] == ["y"]


def test_a_reference_is_unmet_where_nothing_is_claimed_for_the_same_labels() -> None:
    mine, yours = item("x", {"a": "1"}), item("y", {"a": "2"})
    routes = Shelf(ROUTE_CONFIGURATION).changed(
        [
            Item(resource=resource(ROUTE_CONFIGURATION, "x"), scope=mine.scope, manifest=mine.manifest),
            Item(resource=resource(ROUTE_CONFIGURATION, "y"), scope=mine.scope, manifest=mine.manifest),
        ]
    )
    listeners = shelf(mine, yours)
    assert [*listeners.unmet(ROUTE_CONFIGURATION, routes)] == [(("y", yours.scope.labels), (yours,))]
    assert len([*listeners.unmet(ROUTE_CONFIGURATION, None)]) == 2
    assert [*listeners.unmet(CLUSTER, None)] == []


def test_a_dispute_that_ends_gives_the_address_to_who_lost_it() -> None:
    senior, junior = item("x", {}, 1, ["tcp :1"]), item("y", {}, 2, ["tcp :1"])
    before = shelf(senior, junior)
    assert [*before.collection(ALL).resources] == ["x"]
    after = before.changed([], [senior])
    assert not after.disputed
    assert [*after.collection(ALL).resources] == ["y"]
    again = after.changed([item("a", {}, 1, ["tcp :1"])])
    assert [*again.collection(ALL).resources] == ["a"]
