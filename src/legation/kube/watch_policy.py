"""How patient a watch is: every number of it. Arithmetic, no clock, no chance."""

from __future__ import annotations

from dataclasses import dataclass

from legation.kube.pauses import Backoff, Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """The numbers of a watch; all times are in seconds."""

    page: int = 500
    """Objects in one page of a LIST, as kubectl asks for."""
    stream_first: bool = True
    """Whether the first state is asked for as a stream (WatchList); a server that refuses is asked for pages."""
    first_pause: float = 0.5
    """The longest pause after the first failure; it doubles with each further one."""
    longest_pause: float = 30.0
    longest_obeyed: float = 300.0
    """The longest Retry-After that is honoured."""
    absent_pause: float = 10.0
    """Between two looks whether a kind that is not installed has appeared."""
    shortest_watch: float = 300.0
    """A watch is asked to end after this time or up to `longest_watch`, so that not all of them end at once."""
    longest_watch: float = 600.0
    steady: float = 10.0
    """A watch that stood for so long counts as a success: what fails after it is a first failure."""
    answer: float = 30.0
    """How long a watch may take to begin, how long its first state may pause, and how late it may end."""
    silence: float = 180.0
    """How long a watch may say nothing, once it was seen to send bookmarks: those come about every minute."""

    def watch_seconds(self, chance: float) -> int:
        """Return after how many seconds a watch is to end.

        Args:
            chance: A random number, 0 <= chance < 1.
        """
        return int(self.shortest_watch + chance * (self.longest_watch - self.shortest_watch))

    def pause(self, failures: int, *, retry_after: float | None = None) -> Pause:
        """Return how long to wait after so many failures in a row, counted from one."""
        backoff = Backoff(first=self.first_pause, longest=self.longest_pause, longest_obeyed=self.longest_obeyed)
        return backoff.pause(failures, retry_after=retry_after)

    def absence(self) -> Pause:
        """Return how long to wait before a kind is asked for again that is not installed."""
        return Pause(least=self.absent_pause, chance=self.absent_pause / 10)
