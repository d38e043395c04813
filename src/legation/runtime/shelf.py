"""The items of one type in one namespace, and what workloads get of them. Pure.

A shelf is a value, but for what it remembers of its own answers. It is made of the one before by what came and what
went: a change costs what it touches, and a copy of each index. Invariant: what a shelf says depends on its items alone,
and not on the way in which they came together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias, TypeVar

from legation.model.names import glob_of
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import collect, revise
from legation.translate.spelling import Spelling

Labels: TypeAlias = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One encoded resource, who gets it, and the object that says so. Compared by identity."""

    resource: Resource
    scope: Scope
    manifest: ManifestObject
    """Its seniority decides who has a name that several claim."""
    path: FieldPath = ()
    """Where in the object the resource stands."""
    position: int = 0
    """How many stand before it in the object: of two that claim one name there, the first has it."""

    @property
    def rank(self) -> tuple[tuple[str, str, int, ObjectKey], int]:
        """The sort key by which the first of two claimants is found."""
        return (self.manifest.seniority, self.position)


Key = TypeVar("Key")
Index: TypeAlias = Mapping[Key, tuple[Item, ...]]
Asked: TypeAlias = tuple[str, Labels]
"""A name, and the labels of the workloads that get what claims it or refers to it."""


class Shelf:
    """All that is known of these items."""

    def __init__(self, row: ResourceType) -> None:
        """Begin without items."""
        self.row = row
        self.claims: Index[str] = {}
        """Name -> those who claim it, the senior first."""
        self.contested: frozenset[str] = frozenset()
        """Names that several claim."""
        self.offers: Index[Asked] = {}
        """The same claims by the labels, too, that they ask workloads for."""
        self.references: Mapping[str, Index[Asked]] = {}
        """Short name of a type -> what is referred to of it -> by whom."""
        self.addresses: Index[str] = {}
        """What a listener binds -> those who want to."""
        self.disputed: frozenset[str] = frozenset()
        """Addresses that some workload would get from two of them."""
        self.labels: Labels = frozenset()
        """Every label that a selector here mentions."""
        self._scopes: Counter[Labels] = Counter()
        """How many items ask for these labels."""
        self._collections: dict[Labels, ResourceCollection] = {}
        """What workloads get."""
        self._earlier: dict[Labels, ResourceCollection] = {}
        """What they got before, from a shelf of which only the names in `_anew` may differ."""
        self._anew: frozenset[str] = frozenset()

    def changed(self, came: Collection[Item], went: Collection[Item] = ()) -> Shelf:
        """Return the shelf with some items more and some less.

        Args:
            came: None of them was here.
            went: All of them were.
        """
        after = Shelf(self.row)
        claims, names = _reindexed(self.claims, _names, came, went)
        contested = {name for name in names if len(claims.get(name, ())) > 1}
        after.claims = claims | {name: in_order(claims[name]) for name in contested}
        after.contested = (self.contested - names) | contested
        after.offers, _ = _reindexed(self.offers, _offers, came, went)
        after.references = {
            type_name: _reindexed(self.references.get(type_name, {}), _references_to(type_name), came, went)[0]
            for type_name in self.references.keys() | {each for item in came for each in item.resource.references}
        }
        after.addresses, touched = _reindexed(self.addresses, _addresses, came, went)
        new = frozenset(came)
        after.disputed = (self.disputed - touched).union(
            address
            for address in touched
            if _is_disputed(after.addresses.get(address, ()), new=None if address in self.disputed else new)
        )
        after._count_scopes(self._scopes, came, went)
        after._earlier = dict(self._collections)
        after._anew = names | after._disputants | self._disputants
        # To index names is dear, and they change less often than what stands behind them.
        if "spelling" in vars(self) and self.claims.keys() == after.claims.keys():
            after.spelling = self.spelling
        return after

    def _count_scopes(self, before: Counter[Labels], came: Iterable[Item], went: Iterable[Item]) -> None:
        counts = before.copy()
        counts.update(item.scope.labels for item in came)
        counts.subtract(item.scope.labels for item in went)
        self._scopes = +counts
        self.labels = frozenset().union(*self._scopes)

    def __len__(self) -> int:
        return len(self.claims)

    @cached_property
    def spelling(self) -> Spelling:
        """Finds the claimed name that resembles one which is not."""
        return Spelling(tuple(self.claims))

    @cached_property
    def globs(self) -> frozenset[str]:
        """The globs that claimed names fall under."""
        return frozenset(map(glob_of, self.claims))

    @cached_property
    def _disputants(self) -> frozenset[str]:
        return frozenset(item.resource.name for address in self.disputed for item in self.addresses[address])

    def unmet(self, row: ResourceType, target: Shelf | None) -> Iterator[tuple[Asked, tuple[Item, ...]]]:
        """Yield what is referred to and not claimed there for the very same labels, and who refers to it.

        Args:
            row: The type that is referred to.
            target: The items of that type; None where there are none.
        """
        references = self.references.get(row.name, {})
        # Nearly all of them are met. Of two dicts, Python finds that out in no time.
        for asked in set(references).difference({} if target is None else target.offers):
            yield asked, references[asked]

    def collection(self, labels: Labels) -> ResourceCollection:
        """Return what a workload with these labels gets: of each name the senior claim that is meant for it."""
        labels &= self.labels
        found = self._collections.get(labels)
        if found is None:
            earlier = self._earlier.pop(labels, None)
            if earlier is None:
                found = collect(self.row, self._got(self.claims, labels).values())
            else:
                got = self._got(self._anew, labels)
                found = revise(earlier, got, self._anew - got.keys())
            self._collections[labels] = found
        return found

    def _got(self, names: Iterable[str], labels: Labels) -> dict[str, Resource]:
        winners = (_winner(self.claims.get(name, ()), labels) for name in names)
        got = [each for each in winners if each is not None]
        return {each.resource.name: each.resource for each in _at_peace(got, self._disputants)}


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Return the items, the senior first."""
    return tuple(sorted(items, key=lambda each: each.rank))


def collide(one: Item, other: Item) -> bool:
    """Say whether some workload would get both of these, if they did not want the same address."""
    return one.resource.name != other.resource.name and one.scope.meets(other.scope)


# Indexes


def _names(item: Item) -> tuple[str]:
    return (item.resource.name,)


def _offers(item: Item) -> tuple[Asked]:
    return ((item.resource.name, item.scope.labels),)


def _addresses(item: Item) -> tuple[str, ...]:
    return item.resource.claims


def _references_to(type_name: str) -> Callable[[Item], Iterable[Asked]]:
    def of(item: Item) -> Iterable[Asked]:
        return ((name, item.scope.labels) for name in item.resource.references.get(type_name, ()))

    return of


def _reindexed(
    before: Index[Key], keys: Callable[[Item], Iterable[Key]], came: Iterable[Item], went: Iterable[Item]
) -> tuple[dict[Key, tuple[Item, ...]], frozenset[Key]]:
    """Return the index with some items more and some less, and the keys under which it differs."""
    more, less = _sorted_out(keys, came), _sorted_out(keys, went)
    index = dict(before)
    for key in less.keys() | more.keys():
        gone = less.get(key, {})
        members = (*(each for each in before.get(key, ()) if each not in gone), *more.get(key, {}))
        if members:
            index[key] = members
        else:
            del index[key]
    return index, frozenset((*less, *more))


def _sorted_out(keys: Callable[[Item], Iterable[Key]], items: Iterable[Item]) -> dict[Key, dict[Item, None]]:
    found: dict[Key, dict[Item, None]] = {}
    for item in items:
        for key in keys(item):
            found.setdefault(key, {})[item] = None
    return found


# Who gets it


def _winner(claims: tuple[Item, ...], labels: Labels) -> Item | None:
    for item in claims:
        if item.scope.labels <= labels:
            return item
    return None


def _at_peace(items: list[Item], disputants: frozenset[str]) -> Iterable[Item]:
    """Return those that claim nothing (the address of a listener) which a senior one has."""
    fighting = [item for item in items if item.resource.name in disputants] if disputants else []
    if len(fighting) < 2:
        return items
    owned: set[str] = set()
    lost: set[Item] = set()
    for item in in_order(fighting):
        if owned.isdisjoint(item.resource.claims):
            owned.update(item.resource.claims)
        else:
            lost.add(item)
    return [item for item in items if item not in lost]


def _is_disputed(items: tuple[Item, ...], *, new: frozenset[Item] | None) -> bool:
    """Say whether any two collide.

    Args:
        items: Those that want one address.
        new: All others are known not to collide with each other; None where nothing is known.
    """
    return any(collide(one, other) for one in items if new is None or one in new for other in items)
