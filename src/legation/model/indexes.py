"""Indexes: keys -> what stands under each, in order; and how one follows a change of a few of its pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key")
Member = TypeVar("Member")


def sorted_out(pairs: Iterable[tuple[Key, Member]]) -> dict[Key, dict[Member, None]]:
    """Return what stands under each key: once each, in the order in which it comes."""
    found: dict[Key, dict[Member, None]] = {}
    for key, member in pairs:
        found.setdefault(key, {})[member] = None
    return found


def followed(
    index: Mapping[Key, tuple[Member, ...]],
    *,
    gone: Iterable[tuple[Key, Member]],
    come: Iterable[tuple[Key, Member]],
) -> tuple[dict[Key, tuple[Member, ...]], frozenset[Key]]:
    """Return the index without some pairs and with others behind them: the price is what changed, and one copy.

    Returns:
        The index, and the keys under which it may differ.
    """
    less, more = sorted_out(gone), sorted_out(come)
    touched = frozenset((*less, *more))
    found = dict(index)
    for key in touched:
        out = less.get(key, {})
        those = {each: None for each in found.pop(key, ()) if each not in out} | more.get(key, {})
        if those:
            found[key] = tuple(those)
    return found, touched
