"""Subscription: what one client wants of one type on one stream. All rules of names and wildcards are in this file.

Source: the xDS protocol page, "How the client specifies what resources to return" and "Wildcard"; for globs, which
delta knows alone, the proposal TP1 of cncf/xds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from legation.model.names import canonical, glob_of, is_glob
from legation.protocol.aliases import Aliases

WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class Change:
    """What a request changed in a subscription."""

    asked: frozenset[str] = frozenset()
    """Names that the client asked for with this request, first or again: each is owed an answer. Globs and aliases are
    among these as they were said, here and below."""
    everything: bool = False
    """The client asked for `*`, first or again."""
    dropped: frozenset[str] = frozenset()
    """Names that the client took back and that no wildcard covers now."""
    uncovered: frozenset[str] = frozenset()
    """Those of `asked` that were not covered before."""
    widened: bool = False
    """The wildcard is new: of what it covers the client holds only what it had asked for by name."""
    lost_wildcard: bool = False
    """The client took `*` back."""

    def __bool__(self) -> bool:
        return bool(self.asked or self.everything or self.dropped or self.lost_wildcard)


class Subscription:
    """The names that a client wants, with or without the wildcard."""

    __slots__ = ("_legacy_allowed", "_lost", "_named", "aliases", "globs", "names", "wildcard")

    def __init__(self, *, legacy_wildcard: bool, aliased: bool = False) -> None:
        """Make an empty subscription.

        Args:
            legacy_wildcard: Whether an empty first request means `*` for this type.
            aliased: Whether names may be aliases; globs there are none then.
        """
        self.names: frozenset[str] = frozenset()
        self.globs: frozenset[str] = frozenset()
        """Those of the names that stand for all below a path."""
        self.aliases = Aliases() if aliased else None
        """What the names that are aliases stand for."""
        self.wildcard = False
        self._legacy_allowed = legacy_wildcard
        self._lost: frozenset[str] = frozenset()
        """Names that the client took back in a request that does not count: of these it has nothing any more."""
        self._named = False

    def __repr__(self) -> str:
        shown = [WILDCARD] * self.wildcard + sorted(self.names)
        return f"<Subscription {', '.join(shown) or 'to nothing'}>"

    def covers(self, name: str) -> bool:
        """Say whether the client wants that resource."""
        return self.wildcard or name in self.names or self.reaches(name)

    def covers_all(self, *parts: Collection[str]) -> bool:
        """Say whether the client wants all of these by a wildcard or by their names, mostly without a look at each."""
        return self.wildcard or all(map(self.names.issuperset, parts))

    @property
    def reached(self) -> frozenset[str]:
        """What the aliases among the names stand for."""
        return self.aliases.reached if self.aliases is not None else frozenset()

    def reaches(self, name: str) -> bool:
        """Say whether a glob or an alias among the names stands for that one."""
        if self.aliases is not None:
            return name in self.aliases.reached
        return bool(self.globs) and glob_of(name) in self.globs

    @property
    def only(self) -> str | None:
        """The one name that it covers; None if it covers others too, or nothing."""
        if len(self.names) != 1 or self.wildcard or self.globs or self.aliases is not None:
            return None
        return next(iter(self.names))

    def replace(self, names: Iterable[str]) -> Change:
        """Take the whole set of names of a state of the world request; it supersedes the set before."""
        wanted = frozenset(map(canonical, names))
        # "Legacy wildcard": an empty list means everything for as long as no request on this stream named anything.
        legacy = self._legacy_allowed and not self._named and not wanted
        self._named = self._named or bool(wanted)
        again, self._lost = self._lost & wanted & self.names, frozenset()
        change = self._become(wanted - {WILDCARD}, wildcard=legacy or WILDCARD in wanted)
        if not again:
            return change
        return replace(change, asked=change.asked | again, uncovered=change.uncovered | again)

    def overhear(self, names: Iterable[str]) -> None:
        """Take the names of a state of the world request that crossed a response (A2.8).

        What the client wants is told by the next request that counts. But that does not tell what it took back and
        asked for again in between.
        """
        if not self.wildcard:
            self._lost |= self.names.difference(map(canonical, names))

    def adjust(self, *, subscribe: Iterable[str], unsubscribe: Iterable[str], first: bool) -> Change:
        """Take the two lists of a delta request.

        A name that stands in both is subscribed anew: taken back first, then asked for.

        Args:
            subscribe: Names to add; `*` for the wildcard.
            unsubscribe: Names to take back.
            first: Whether this is the first request for the type on the stream.
        """
        added, taken = frozenset(map(canonical, subscribe)), frozenset(map(canonical, unsubscribe))
        legacy = self._legacy_allowed and first and not added and not taken
        wildcard = legacy or WILDCARD in added or (self.wildcard and WILDCARD not in taken)
        before = self.names
        if self.aliases is None:
            self.globs = self.globs - taken | frozenset(filter(is_glob, added))
        change = self._become((before - taken | added) - {WILDCARD}, wildcard=wildcard)
        # What is still covered must be answered when its name is taken back: the client cannot know (A3.7).
        answered = frozenset(filter(self.covers, (taken & before) - added))
        return Change(
            asked=(added | answered) - {WILDCARD},
            everything=legacy or WILDCARD in added,
            dropped=change.dropped - answered,
            uncovered=change.uncovered,
            widened=change.widened,
            lost_wildcard=change.lost_wildcard,
        )

    def _become(self, names: frozenset[str], *, wildcard: bool) -> Change:
        before, was_wildcard = self.names, self.wildcard
        self.names, self.wildcard = names, wildcard
        asked = names - before
        return Change(
            asked=asked,
            everything=wildcard and not was_wildcard,
            widened=wildcard and not was_wildcard,
            dropped=frozenset() if wildcard else before - names,
            uncovered=frozenset() if was_wildcard else asked,
            lost_wildcard=was_wildcard and not wildcard,
        )
