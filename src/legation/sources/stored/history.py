"""The last changes, for who was away for a while: numbered without a gap, as many as are worth remembering. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from legation.errors import Compacted
from legation.model.objects import ObjectKey
from legation.model.stored import Change, StoredObject

MOST = 10_000
"""Changes that are remembered at least, of those that there were, if they are not too large."""
MOST_BYTES = 1 << 23
"""Bytes of changes, as the journal has them, that are remembered. Each holds on to an object as it was, and in memory
that is some fifteen times as much."""


class History:
    """Changes, each with the number after that of the one before."""

    def __init__(self, oldest: int = 0, changes: Iterable[Change] = ()) -> None:
        """Begin with what is known.

        Args:
            oldest: The number of the change before the first that is known.
            changes: Those after it.
        """
        self._oldest = oldest
        self._changes = list(changes)
        self._sizes = deque([0] * len(self._changes))
        """The bytes of each."""
        self._bytes = 0
        self._forget()

    @property
    def oldest(self) -> int:
        """The revision that everything is known after."""
        return self._oldest

    @property
    def newest(self) -> int:
        """The revision of the last change."""
        return self._oldest + len(self._changes)

    def add(self, changes: Sequence[Change], *, size: int = 0) -> None:
        """Add what has changed now.

        Args:
            changes: The changes of a transaction.
            size: How many bytes they take together.
        """
        if not changes:
            return
        share = size // len(changes)
        self._changes += changes
        self._sizes += [share] * len(changes)
        self._bytes += share * len(changes)
        self._forget()

    def after(self, revision: int) -> Sequence[Change]:
        """Return all changes after a revision.

        Raises:
            Compacted: Not all of them are known, or there is no such revision yet.
        """
        if not self._oldest <= revision <= self.newest:
            raise Compacted(revision, self._oldest)
        return self._changes[revision - self._oldest :]

    def before(self, revision: int) -> dict[ObjectKey, StoredObject | None]:
        """Return what was there at a revision of each object that has changed since.

        Raises:
            Compacted: Not all changes since then are known.
        """
        was: dict[ObjectKey, StoredObject | None] = {}
        for change in self.after(revision):
            was.setdefault(change.key, change.previous)
        return was

    def _forget(self) -> None:
        # Of many small ones half of them at a time, for the rest is moved.
        is_long = len(self._sizes) > 2 * MOST
        while self._bytes > MOST_BYTES or (is_long and len(self._sizes) > MOST):
            self._bytes -= self._sizes.popleft()
        gone = len(self._changes) - len(self._sizes)
        del self._changes[:gone]
        self._oldest += gone
