"""When a call is sent again, and when a watch comes back. Arithmetic: time and chance are arguments. No I/O."""

from __future__ import annotations

from dataclasses import dataclass

from legation.client.errors import ClientError, TimedOut, Unavailable

_FIRST = 0.2
_LONGEST_OF_WATCH = 10.0
_RESTARTED = frozenset({"UNAVAILABLE", "OK", "INTERNAL", "UNKNOWN", "CANCELLED", "DEADLINE_EXCEEDED"})
"""How a stream ends when the server, or something on the way, ends: not because of what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How often a call is sent at most, and how long to wait between."""

    most: int = 4

    def pause(self, error: ClientError, *, tried: int, chance: float) -> float | None:
        """Return how many seconds to wait before it is sent again; None: it is not.

        Only what certainly was not done, or changes nothing, is sent again.

        Args:
            error: How it ended.
            tried: How often it was sent.
            chance: A random number, 0 <= chance < 1.
        """
        if tried >= self.most or isinstance(error, TimedOut) or not isinstance(error, Unavailable):
            return None
        return None if error.may_be_done else _pause(tried, chance=chance, longest=2.0)


def watch_pause(error: ClientError, *, failures: int, chance: float) -> float | None:
    """Return how many seconds a watch waits before it resumes; None: it was refused, and ends.

    Args:
        error: How its stream ended.
        failures: How many streams in a row said nothing.
        chance: A random number, 0 <= chance < 1.
    """
    if error.code not in _RESTARTED:
        return None
    return _pause(failures, chance=chance, longest=_LONGEST_OF_WATCH)


def _pause(failures: int, *, chance: float, longest: float) -> float:
    """Return a pause that doubles, half of it left to chance.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
    """
    doubled: float = min(_FIRST * 2 ** min(max(failures - 1, 0), 20), longest)
    return doubled / 2 + chance * doubled / 2
