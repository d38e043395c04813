"""The log of calls that change something: who, what, and what became of it.

A line never holds a value of an object, which may be a secret: names of objects alone.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import structlog
from google.rpc import code_pb2

from legation.api.management.calls import Caller
from legation.api.management.refused import Refused
from legation.model.objects import ObjectKey

_SHOWN = 5
"""Objects that are named in a line."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Telling:
    """One call that changes something; a block that is logged at its end."""

    def __init__(self, call: str, caller: Caller, *, manager: str = "", dry_run: bool = False) -> None:
        """Begin.

        Args:
            call: The method.
            caller: Who calls.
            manager: Who owns the fields from then on.
            dry_run: Whether nothing is stored.
        """
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
        if kind is None:
            self._say(outcome="done", **self._outcomes)
        elif isinstance(error, Refused):
            code: str = code_pb2.Code.Name(error.status.code)
            self._say(outcome=code, reason=error.reason)
        else:
            self._say(outcome="broken off")

    def _say(self, **outcome: str | int) -> None:
        names = ", ".join(map(str, itertools.islice(self._objects, _SHOWN)))
        more = len(self._objects) - _SHOWN
        _log.info(
            "management call",
            call=self._call,
            peer=self._caller.peer,
            over=self._caller.over,
            **({"manager": self._manager} if self._manager else {}),
            objects=f"{names} and {more} more" if more > 0 else names,
            **({"dry_run": True} if self._dry_run else {}),
            **outcome,
        )
