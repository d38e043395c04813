"""What is told of a call: who, what, and what became of it; of one that changes nothing only that they may not.

A line never holds a value of an object, which may be a secret: names of objects alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from google.rpc import code_pb2

from legation.api.management.audit import Audit
from legation.api.management.calls import Caller
from legation.api.management.refused import Refused
from legation.model.objects import ObjectKey

_DENIED = frozenset({code_pb2.PERMISSION_DENIED, code_pb2.UNAUTHENTICATED})


class Telling:
    """One call; a block that is told of at its end."""

    def __init__(
        self,
        call: str,
        caller: Caller,
        *,
        manager: str = "",
        dry_run: bool = False,
        force: bool = False,
        changes: bool = True,
        asked: str = "",
        audit: Audit | None = None,
    ) -> None:
        """Begin.

        Args:
            call: The method.
            caller: Who calls.
            manager: Who owns the fields from then on.
            dry_run: Whether nothing is stored.
            force: Whether fields of others are taken.
            changes: Whether it changes something; else it is told of only where it is denied.
            asked: What it asks for, where that is no object by its name.
            audit: Where it is told; None: in the log.
        """
        self._asked = asked
        self._changes = changes
        self._force = force
        self._audit = audit or Audit()
        self._call = call
        self._caller = caller
        self._manager = manager
        self._dry_run = dry_run
        self._objects: tuple[ObjectKey, ...] = ()
        self._outcomes: Counter[str] = Counter()

    def objects(self, keys: Iterable[ObjectKey]) -> None:
        """Note what it is about."""
        self._objects = tuple(keys)

    def outcomes(self, outcomes: Iterable[str]) -> None:
        """Note what became of each."""
        self._outcomes.update(map(str, outcomes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        denied = isinstance(error, Refused) and error.status.code in _DENIED
        if not self._changes and not denied:
            return
        if kind is None:
            self._say(outcome="done", **self._outcomes)
        elif isinstance(error, Refused):
            code: str = code_pb2.Code.Name(error.status.code)
            self._say(outcome=code, reason=error.reason)
        else:
            self._say(outcome="broken off")

    def _say(self, **outcome: str | int) -> None:
        who = self._caller.who
        self._audit.say(
            self._call,
            objects=self._objects,
            who=who.name,
            proof=who.proof,
            peer=self._caller.peer,
            over=self._caller.over,
            **({"asked": self._asked} if self._asked else {}),
            **({"manager": self._manager} if self._manager else {}),
            **({"force": True} if self._force else {}),
            **({"dry_run": True} if self._dry_run else {}),
            **outcome,
        )
