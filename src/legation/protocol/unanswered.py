"""Unanswered: a response that the client has not answered yet, and what its answer will speak for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from legation.model.resource import Resource
from legation.protocol.holding import Holding

MOST_GONE = 10_000
"""So many names that are gone are remembered of a client that never takes their removal; all of one response, if more.
What it may hold beyond that, the oldest, is taken for gone."""

_Value = TypeVar("_Value")


def newest(earlier: Mapping[str, _Value], later: Mapping[str, _Value]) -> dict[str, _Value]:
    """Return both, the later ones last, without the earliest of too many."""
    both = {name: each for name, each in earlier.items() if name not in later}
    excess = len(both) + len(later) - MOST_GONE
    kept = islice(both.items(), max(0, excess), None)
    return {**dict(kept), **later}


@dataclass(slots=True)
class Unanswered:
    """A response that the client has not answered yet."""

    nonce: str
    version: str
    serial: int
    """Its place among all responses to the client."""
    at: float
    changed: Mapping[str, Resource]
    """Often shared with the entries of other clients: replaced, never changed."""
    removed: Mapping[str, Resource]
    """What the client held until it was told to remove it."""
    view: Holding
    """What the client holds if it takes it."""
    news: Iterable[str]
    """Every name that was new or changed in it, also those that a later response spoke of."""

    def speaks_of(self, name: str) -> bool:
        """Say whether the response changed or removed that name."""
        return name in self.changed or name in self.removed

    def forget(self, names: Iterable[str]) -> None:
        """Take names out: an answer to this response says nothing of them any more."""
        gone = frozenset(names)
        if not gone.isdisjoint(self.changed):
            self.changed = {name: each for name, each in self.changed.items() if name not in gone}
        if not gone.isdisjoint(self.removed):
            self.removed = {name: each for name, each in self.removed.items() if name not in gone}

    def followed_by(self, later: Unanswered) -> Unanswered:
        """Return one entry that stands for both, answered when the later one is."""
        changed = {name: each for name, each in self.changed.items() if name not in later.removed}
        removed = {name: each for name, each in self.removed.items() if name not in later.changed}
        news = newest(dict.fromkeys(self.news), dict.fromkeys(later.news))
        return Unanswered(
            nonce=later.nonce,
            version=later.version,
            serial=later.serial,
            at=self.at,
            changed={**changed, **later.changed},
            removed=newest(removed, later.removed),
            view=later.view,
            news=news.keys(),
        )
