"""Who among some resources mentions what, and who claims what: indexes that follow a change of a few of them.

An index is of names -> the names of the resources that mention or claim them, in order. Invariant: one that followed
changes is the same as one that was made of what there is in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from legation.model import indexes
from legation.model.indexes import sorted_out
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
    return {name: tuple(those) for name, those in sorted_out(pairs).items()}


def followed(index: Index, *, gone: Pairs, come: Pairs) -> dict[str, tuple[str, ...]]:
    """Return the index without some of its pairs and with others."""
    found, touched = indexes.followed(index, gone=gone, come=come)
    found.update({name: tuple(sorted(found[name])) for name in touched if name in found})
    return found
