"""View and Pending: what one client may be told of one type, what it is to be told, and how much of it at once.

Nobody changes one that was made; they are not frozen for the reason that `messages.py` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from legation.model.resource import Resource
from legation.model.snapshot import first_portion, size_of
from legation.protocol.holding import Holding

MOST_PORTIONS = 8
"""So many portions may be unanswered before the next one of new names waits. It is no bound of what is unanswered: what
mends or undoes an unanswered one goes at once (`Machine.may_go`), and every new snapshot may do that."""


@dataclass(slots=True, kw_only=True)
class View:
    """What a client may be told of one type at this moment."""

    holding: Holding
    waiting: frozenset[str] = frozenset()
    """Names that exist in a version which the client may not be told yet; the holding has what it was told last."""
    incomplete: bool = False
    """The snapshot may lack something that the client brought along from another stream."""


@dataclass(slots=True)
class Pending:
    """What a client is to be told."""

    changed: Mapping[str, Resource] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Names that it asked for and that do not exist."""
    left: frozenset[str] = frozenset()
    """Names of which it is to be told as well, in a later response."""
    size: int | None = None
    """What the changed resources weigh, where that is known already; see `model.resource.Resource.size`."""

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed or self.missing)

    def without(self, names: Collection[str]) -> Pending:
        """Return all but these names, which are left for later."""
        return Pending(
            {name: each for name, each in self.changed.items() if name not in names},
            tuple(name for name in self.removed if name not in names),
            tuple(name for name in self.missing if name not in names),
            left=self.left.union(name for name in (*self.changed, *self.removed, *self.missing) if name in names),
        )

    def portion(self, limit: int) -> Pending:
        """Return what goes in one response: resources of so many bytes, or a single one; removals go with the last."""
        size = size_of(self.changed.values()) if self.size is None else self.size
        if size <= limit:
            return self
        first = first_portion(self.changed, limit)
        if len(first) == len(self.changed):
            return self
        left = (name for name in (*self.changed, *self.removed, *self.missing) if name not in first)
        return Pending(first, left=self.left.union(left))


NOTHING = Pending()
