"""Who among some resources mentions what, and who claims what: indexes that follow a change of a few of them.

An index is of names -> the names of the resources that mention or claim them, in order. Invariant: one that followed
changes is the same as one that was made of what there is in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from legation.model.resource import Resource

Index: TypeAlias = Mapping[str, tuple[str, ...]]
Pairs: TypeAlias = Iterable[tuple[str, str]]
"""A name, and the resource that mentions or claims it."""


def mentions(resources: Iterable[Resource], type_name: str) -> Iterator[tuple[str, str]]:
    """Yield what these mention of a type, each with its name."""
    return ((name, each.name) for each in resources for name in each.references.get(type_name, ()))


def claims(resources: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    """Yield what these claim, each with its name."""
    return ((claim, each.name) for each in resources for claim in each.claims)


def index_of(pairs: Pairs) -> dict[str, tuple[str, ...]]:
    """Return the index of all pairs, which come in the order of the resources."""
    found: dict[str, list[str]] = {}
    for name, by in pairs:
        found.setdefault(name, []).append(by)
    return {name: tuple(those) for name, those in found.items()}


def followed(index: Index, *, gone: Pairs, come: Pairs) -> dict[str, tuple[str, ...]]:
    """Return the index without some of its pairs and with others: the price is what changed, and one copy."""
    less, more = _sorted_out(gone), _sorted_out(come)
    found = dict(index)
    for name in less.keys() | more.keys():
        those = (set(found.pop(name, ())) - less.get(name, set())) | more.get(name, set())
        if those:
            found[name] = tuple(sorted(those))
    return found


def _sorted_out(pairs: Pairs) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, by in pairs:
        found.setdefault(name, set()).add(by)
    return found
