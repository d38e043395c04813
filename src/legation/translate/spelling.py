"""The nearest known name to one that nobody knows: what was meant, most likely. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_SHORTEST = 3
"""Shorter names resemble each other by chance."""
_UNSPOKEN = str.maketrans("", "", "-_. /")


@dataclass(frozen=True, slots=True)
class Spelling:
    """Known names, found again in spite of one slip: a letter too many, missing, wrong or swapped with its neighbour.

    Case and separators do not count. A question costs the length of the name, however many names are known.
    """

    names: Iterable[str]
    _by_slip: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _longest: int = field(default=0, init=False, repr=False)
    """Letters of the longest key of those."""

    def __post_init__(self) -> None:
        for name in sorted(self.names):
            for slip in _slips(name):
                self._by_slip.setdefault(slip, name)
        object.__setattr__(self, "_longest", max(map(len, self._by_slip), default=0))

    def nearest(self, name: str) -> str | None:
        """Return the known name that this one resembles, or None."""
        if len(_plain(name)) > self._longest + 1:
            # A slip is one letter. And to leave out each of a hundred thousand letters once would take for ever.
            return None
        return next((known for slip in _slips(name) if (known := self._by_slip.get(slip)) is not None), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `did you mean "..."?` with the nearest known name, or an empty text if none is near."""
    nearest = Spelling(known).nearest(name)
    return f'did you mean "{nearest}"?' if nearest else ""


def _slips(name: str) -> Iterator[str]:
    """Yield the name's plain letters, then those without one of them.

    Two names that differ by one slip have one of these in common: the slip is left out on either side.
    """
    plain = _plain(name)
    yield plain
    for index in range(len(plain) if len(plain) >= _SHORTEST else 0):
        yield plain[:index] + plain[index + 1 :]


def _plain(name: str) -> str:
    return name.casefold().translate(_UNSPOKEN)
