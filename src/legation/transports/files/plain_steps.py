"""PlainSteps: files that nobody looks into, so all that changed goes at once.

It fulfils `publisher.Steps`. What is referred to comes before what refers to it, by the names that files mostly have:
a listener that is loaded may name the file of its routes, which then has to be there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ORDER = ("sds", "eds", "cds", "", "rds", "lds")
"""What files are called after; all others stand in the middle."""
_CALLED = re.compile(r"(?<![a-z])(?:[sec]ds|[rl]ds)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainStep:
    """What is to be written next. Fulfils `publisher.Step`."""

    puts: Mapping[str, bytes] = field(repr=False)
    removes: tuple[str, ...] = ()


class PlainSteps:
    """The newest files, and which of them stand there. One that the newest lack stays there for good."""

    def __init__(self) -> None:
        """Begin without files."""
        self._wanted: Mapping[str, bytes] = {}
        self._standing: dict[str, bytes | None] = {}
        """What was written; None where nobody knows whether it was."""
        self._step: PlainStep | None = None

    @property
    def complete(self) -> bool:
        """Whether all that is wanted stands there."""
        return not self._changed()

    @property
    def settled(self) -> bool:
        """Whether all that is wanted stands there: nothing is removed."""
        return self.complete

    def retarget(self, target: Mapping[str, bytes], now: float) -> None:
        """Take the newest files, content by name."""
        del now
        self._wanted = target
        # What is in those that are not wanted any more need not be remembered.
        self._standing = {name: content for name, content in self._standing.items() if name in target}

    def next(self, now: float) -> PlainStep | None:
        """Return what is to be done next, until `written` or `failed` is called; None if there is nothing."""
        del now
        puts = self._changed()
        self._step = PlainStep(puts=puts) if puts else None
        return self._step

    def written(self, now: float) -> None:
        """Note that the step is done."""
        del now
        if self._step is not None:
            self._standing |= self._step.puts
        self._step = None

    def failed(self) -> None:
        """Note that the step is not done, or not all of it."""
        if self._step is not None:
            self._standing |= dict.fromkeys(self._step.puts)
        self._step = None

    def deadline(self) -> float | None:
        """Return the moment from which on there is something to do although nothing came: there is none."""
        return None

    def _changed(self) -> dict[str, bytes]:
        changed = {name: content for name, content in self._wanted.items() if self._standing.get(name) != content}
        return dict(sorted(changed.items(), key=_rank))


def _rank(file: tuple[str, bytes]) -> tuple[int, str]:
    name, _ = file
    called = _CALLED.search(name)
    return _ORDER.index(called[0].lower() if called else ""), name
