"""How long to wait, after failures and between two looks. Arithmetic, no clock, no chance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until that moment."""

    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause whose length is a matter of chance, so that many who failed together do not come back together."""

    least: float
    chance: float
    """The length of what chance adds at most."""

    def seconds(self, chance: float) -> float:
        """Return its length for a random number, 0 <= chance < 1."""
        return self.least + chance * self.chance


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses after failures: each may be twice as long as the one before, and half of it is left to chance.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter")
    """

    first: float
    """The longest pause after the first failure."""
    longest: float
    longest_obeyed: float
    """The longest Retry-After that is honoured: nobody on the way may silence us for a day."""

    def pause(self, failures: int, *, retry_after: float | None = None) -> Pause:
        """Return how long to wait.

        Args:
            failures: How many there were in a row, this one included.
            retry_after: What the server asks for.
        """
        doubled = min(self.first * 2 ** min(failures - 1, 30), self.longest)
        return Pause(least=max(doubled / 2, min(retry_after or 0.0, self.longest_obeyed)), chance=doubled / 2)
