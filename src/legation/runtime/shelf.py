"""The items of one type in one namespace, and what workloads get of them. Pure.

A shelf is a value, but for what it remembers of its own answers. It is made of the one before by what came and what
went: a change costs what it touches, and a copy of each index. Invariant: what a shelf says depends on its items alone,
and not on the way in which they came together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias, TypeVar

from legation.model.indexes import followed
from legation.model.names import glob_of
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import collect, revise
from legation.runtime.item import Item, Labels
from legation.translate.spelling import Spelling

Key = TypeVar("Key")
Index: TypeAlias = Mapping[Key, tuple[Item, ...]]
Asked: TypeAlias = tuple[str, Labels]
"""A name, and the labels of the workloads that get what claims it or refers to it."""


@dataclass(kw_only=True, eq=False, repr=False)
class Shelf:
    """All that is known of these items; at first there are none."""

    row: ResourceType = field(kw_only=False)
    claims: Index[str] = field(default_factory=dict)
    """Name -> those who claim it, the senior first."""
    contested: frozenset[str] = frozenset()
    """Names that several claim."""
    offers: Index[Asked] = field(default_factory=dict)
    """The same claims by the labels, too, that they ask workloads for."""
    references: Mapping[str, Index[Asked]] = field(default_factory=dict)
    """Short name of a type -> what is referred to of it -> by whom."""
    addresses: Index[str] = field(default_factory=dict)
    """What a listener binds -> those who want to."""
    disputed: frozenset[str] = frozenset()
    """Addresses that some workload would get from two of them."""
    scopes: Mapping[Labels, int] = field(default_factory=dict)
    """How many items ask for these labels."""
    earlier: dict[Labels, ResourceCollection] = field(default_factory=dict)
    """What workloads got before, from a shelf of which only the names in `anew`, and those in dispute, may differ."""
    anew: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Know what follows from the indexes."""
        self.labels: Labels = frozenset().union(*self.scopes)
        """Every label that a selector here mentions."""
        self._collections: dict[Labels, ResourceCollection] = {}
        """What workloads get."""

    def changed(self, came: Collection[Item], went: Collection[Item] = ()) -> Shelf:
        """Return the shelf with some items more and some less.

        Args:
            came: None of them was here.
            went: All of them were.
        """
        claims, names = _reindexed(self.claims, _names, came, went)
        contested = {name for name in names if len(claims.get(name, ())) > 1}
        offers, _ = _reindexed(self.offers, _offers, came, went)
        addresses, touched = _reindexed(self.addresses, _addresses, came, went)
        after = Shelf(
            self.row,
            claims=claims | {name: in_order(claims[name]) for name in contested},
            contested=(self.contested - names) | contested,
            offers=offers,
            references={
                type_name: _reindexed(self.references.get(type_name, {}), _references_to(type_name), came, went)[0]
                for type_name in self.references.keys() | {each for item in came for each in item.resource.references}
            },
            addresses=addresses,
            disputed=self._disputed(addresses, touched, frozenset(came)),
            scopes=_counted(self.scopes, came, went),
            earlier=dict(self._collections),
            anew=names | self._disputants,
        )
        # To index names is dear, and they change less often than what stands behind them.
        if "spelling" in vars(self) and self.claims.keys() == after.claims.keys():
            after.spelling = self.spelling
        return after

    def _disputed(self, addresses: Index[str], touched: frozenset[str], new: frozenset[Item]) -> frozenset[str]:
        """Return what is in dispute among these addresses, of which some were touched by new items or by who went."""
        return (self.disputed - touched).union(
            address
            for address in touched
            if _is_disputed(addresses.get(address, ()), new=None if address in self.disputed else new)
        )

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
            earlier = self.earlier.pop(labels, None)
            if earlier is None:
                found = collect(self.row, self._got(self.claims, labels).values())
            else:
                anew = self.anew | self._disputants
                got = self._got(anew, labels)
                found = revise(earlier, got, anew - got.keys())
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
    return followed(before, gone=_pairs(keys, went), come=_pairs(keys, came))


def _pairs(keys: Callable[[Item], Iterable[Key]], items: Iterable[Item]) -> Iterator[tuple[Key, Item]]:
    return ((key, item) for item in items for key in keys(item))


def _counted(before: Mapping[Labels, int], came: Iterable[Item], went: Iterable[Item]) -> Mapping[Labels, int]:
    counts = Counter(before)
    counts.update(item.scope.labels for item in came)
    counts.subtract(item.scope.labels for item in went)
    return +counts


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
