"""The book of objects: what is kept for sure, and what will be kept once the disk has taken it. Pure.

What somebody wants to change is looked at against the head, which has what waits for the disk already; what anybody
reads is what is kept for sure. Changes come to be kept in the order in which they were planned, or all that wait are
refused together, for each may rest on the one before.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from legation.errors import FieldConflicts, ObjectNotFound, OwnedField
from legation.model.objects import ObjectKey
from legation.model.stored import Applied, Change, Outcome, Precondition, StoredObject
from legation.sources.stored.applying import Hand, applied, at_revision
from legation.sources.stored.given import Given
from legation.sources.stored.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Changes that are kept together or not at all."""

    changes: tuple[Change, ...] = field(repr=False)
    applied: tuple[Applied, ...] = ()
    """What is said to who applied."""
    deleted: tuple[StoredObject, ...] = ()
    """What is said to who deleted."""


class Book:
    """Objects by key, in two states: kept, and at the head."""

    def __init__(
        self, objects: Mapping[ObjectKey, StoredObject] | None = None, *, history: History | None = None
    ) -> None:
        """Begin with what was kept before.

        Args:
            objects: What there is.
            history: How it came to be, as far as that is known.
        """
        self._kept = dict(objects or {})
        self._keys = sorted(self._kept)
        self.history = history or History()
        self._waiting: dict[ObjectKey, Change] = {}
        """The last change of each object that waits for the disk."""
        self._head = self.history.newest

    @property
    def revision(self) -> int:
        """The number of the last change that is kept."""
        return self.history.newest

    @property
    def kept(self) -> Mapping[ObjectKey, StoredObject]:
        """What is kept; it goes on changing."""
        return self._kept

    def get(self, key: ObjectKey) -> StoredObject:
        """Return an object.

        Raises:
            ObjectNotFound: It is not there.
        """
        found = self._kept.get(key)
        if found is None:
            raise ObjectNotFound(key)
        return found

    def keys(self, *, after: ObjectKey | None = None) -> Sequence[ObjectKey]:
        """Return all keys in their order, or those after one of them."""
        if after is None:
            return self._keys
        begin = bisect_left(self._keys, after)
        return self._keys[begin + (begin < len(self._keys) and self._keys[begin] == after) :]

    def plan_apply(
        self, given: Sequence[Given], *, hand: Hand, make_uid: Callable[[], str], dry_run: bool = False
    ) -> Plan:
        """Return what applying objects would change, from the head on.

        Args:
            given: The objects, each once.
            hand: Who applies them.
            make_uid: Makes the uid of a new one.
            dry_run: Whether nothing is to come of it: then nothing gets a resourceVersion.

        Raises:
            FieldConflicts: Others own fields of them.
            VersionConflict: One is not what it says.
        """
        answers: list[Applied] = []
        changes: list[Change] = []
        conflicts: list[OwnedField] = []
        for each in given:
            live = self._at_head(each.key)
            result = applied(live, each, hand=hand, uid=make_uid() if live is None else "")
            if isinstance(result, list):
                conflicts += result
                continue
            stored = result.stored
            if result.outcome is not Outcome.UNCHANGED and not dry_run:
                revision = self._head + len(changes) + 1
                stored = at_revision(stored, revision)
                changes.append(Change(revision=revision, key=each.key, stored=stored, previous=live))
            answers.append(Applied(key=each.key, outcome=result.outcome, stored=stored))
        if conflicts:
            raise FieldConflicts(tuple(conflicts))
        return Plan(changes=tuple(changes), applied=tuple(answers))

    def plan_delete(self, keys: Iterable[tuple[ObjectKey, Precondition]], *, missing_ok: bool) -> Plan:
        """Return what deleting objects would change, from the head on.

        Raises:
            ObjectNotFound: One is not there, and that is not all right.
            VersionConflict: A precondition does not hold.
        """
        gone: dict[ObjectKey, StoredObject] = {}
        for index, (key, precondition) in enumerate(keys):
            live = self._at_head(key)
            if live is not None and key not in gone:
                precondition.check(live, key=key, index=index)
                gone[key] = live
            elif live is None and not missing_ok:
                raise ObjectNotFound(key, index=index)
        changes = (
            Change(revision=revision, key=key, stored=None, previous=live)
            for revision, (key, live) in enumerate(gone.items(), self._head + 1)
        )
        return Plan(changes=tuple(changes), deleted=tuple(gone.values()))

    def queue(self, plan: Plan) -> None:
        """Move the head: what is planned waits for the disk now."""
        for change in plan.changes:
            self._waiting[change.key] = change
            self._head = change.revision

    def keep(self, plan: Plan, *, size: int = 0) -> None:
        """Keep what was queued first of all that waits: the disk has it.

        Args:
            plan: What was queued.
            size: How many bytes it took.
        """
        for change in plan.changes:
            if change.stored is None:
                del self._kept[change.key]
                del self._keys[bisect_left(self._keys, change.key)]
            else:
                if change.key not in self._kept:
                    insort(self._keys, change.key)
                self._kept[change.key] = change.stored
            if self._waiting.get(change.key) is change:
                del self._waiting[change.key]
        self.history.add(plan.changes, size=size)

    def refuse(self) -> None:
        """Forget all that waits: the disk does not take it."""
        self._waiting.clear()
        self._head = self.revision

    def _at_head(self, key: ObjectKey) -> StoredObject | None:
        change = self._waiting.get(key)
        return change.stored if change is not None else self._kept.get(key)
