"""What of the cluster cannot be watched, as problems that begin when it lasts and end when it is over.

An API server that ends a watch, asks to list anew or restarts is no news: a watch that stands again within moments is
not told of. While it lasts it is one problem, whatever the reason of the moment is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Protocol

from legation.kube.watch_words import Missing
from legation.model.problems import Level, Problem

GRACE = 3.0
"""Seconds that it must last."""
_SERVER = "the API server"
_LEAST = 1.0
"""Seconds over which watches that are hurried are spread, if they are few."""
_RATE = 50
"""Of many, so many ask in a second: the API server has only just come back."""


class Kept(Protocol):
    """What watches: `legation.kube.reflector.Reflector`, `legation.kube.named_object.NamedObject`."""

    @property
    def current(self) -> bool:
        """Whether what is known is what the API server has."""
        ...

    @property
    def missing(self) -> Missing | None:
        """Why not."""
        ...

    def hurry(self, *, within: float) -> None:
        """End a pause within so many seconds."""
        ...


class Outages:
    """Since when each watch does not stand, and the last reason."""

    def __init__(self, kept: Iterable[Kept]) -> None:
        """Take what watches; nothing has gone on for any time yet."""
        self._kept = tuple(kept)
        self._since: dict[Kept, float] = {}
        self._reasons: dict[Kept, Missing] = {}

    def look(self, now: float) -> None:
        """Take note of how each watch stands at this moment.

        When one stands again, those that nobody answered need not wait any longer. Whom the server has answered waits
        for as long as it was told to.
        """
        back = False
        for each in self._kept:
            if each.current:
                self._since.pop(each, None)
                reason = self._reasons.pop(each, None)
                back |= reason is not None and bool(reason.cause)
            elif each.missing is not None and each.missing.trouble:
                self._since.setdefault(each, now)
                self._reasons[each] = each.missing
        unheard = [each for each, reason in self._reasons.items() if reason.unreachable] if back else []
        for each in unheard:
            each.hurry(within=max(_LEAST, len(unheard) / _RATE))

    def problems(self, now: float) -> tuple[Problem, ...]:
        """Return what has lasted."""
        lasting = [self._reasons[each] for each, since in self._since.items() if since + GRACE <= now]
        alike = [each for each in lasting if each.cause]
        return (
            *((_problem(alike[0], subject=_SERVER, message=_words(alike)),) if alike else ()),
            *(_problem(each, subject=each.scope, message=each.message) for each in lasting if not each.cause),
        )

    def next_due(self, now: float) -> float:
        """Return the moment at which `problems` says more, if nothing happens; inf: at none."""
        return min((since + GRACE for since in self._since.values() if since + GRACE > now), default=math.inf)


def in_short(missing: Iterable[Missing]) -> Iterator[str]:
    """Yield what is missing, a clause for each; what is wrong for all alike is told once."""
    alike: list[Missing] = []
    for each in missing:
        if each.cause:
            alike.append(each)
        else:
            yield str(each)
    if alike:
        yield _words(alike)


def _words(alike: list[Missing]) -> str:
    return alike[0].message if len(alike) == 1 else f"the cluster cannot be watched: {alike[-1].cause}"


def _problem(missing: Missing, *, subject: str, message: str) -> Problem:
    return Problem(code="not-watched", level=Level.WARNING, message=message, mend=missing.mend, subject=subject)
