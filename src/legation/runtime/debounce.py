"""When to act on changes: the first one after quiet at once, a burst when it pauses, and never later than a maximum.

Arithmetic on moments that the caller brings; no clock. The shell says `changed(now)` for each change, waits until
`due()` (or the next change), says `fired(now)`, and then acts on all that had changed by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

_REST = 3.0
"""While one change follows the other, what is done for them has one part of the time, and this is the rest."""


@dataclass(slots=True)
class Debounce:
    """Decides when pending changes are acted upon.

    - A change is due at once when nothing was acted upon in the `quiet` seconds before it (so none is pending either).
    - Any other change waits until there was none for `quiet` seconds, or until the oldest pending one is `maximum`
      seconds old, whatever comes first.
    - What is due at once stays so when more changes join it.
    - After something was acted upon that is a lot of work, `tired` says for how long there should be no more: changes
      that come until then wait for that, though never longer than the maximum.

    So who acts when it is due acts at most once in `quiet` seconds.
    """

    quiet: float = 0.010
    """Seconds without a change that end a burst."""
    maximum: float = 0.100
    """Seconds that a change waits at most."""
    _last_change: float = field(default=-inf, init=False)
    _last_fired: float = field(default=-inf, init=False)
    _rested: float = field(default=-inf, init=False)
    """From when on more may be acted upon."""
    _pending_since: float | None = field(default=None, init=False)
    _at_once: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.quiet <= self.maximum:
            raise ValueError(f"quiet must lie between 0 and maximum, got {self.quiet} and {self.maximum}")

    @property
    def pending_since(self) -> float | None:
        """When the oldest change was noted that is not acted upon yet."""
        return self._pending_since

    def changed(self, now: float) -> None:
        """Note a change."""
        if self._pending_since is None:
            self._pending_since = now
            self._at_once = now - self._last_fired >= self.quiet and now >= self._rested
        self._last_change = now

    def due(self) -> float | None:
        """Return the moment at which the pending changes are to be acted upon; None when nothing is pending."""
        if self._pending_since is None:
            return None
        if self._at_once:
            return self._pending_since
        return min(max(self._last_change + self.quiet, self._rested), self._pending_since + self.maximum)

    def fired(self, now: float) -> None:
        """Note that all changes so far are being acted upon: say it before the work, for changes that come during it.

        Firing early is allowed (a shutdown, a first load).
        """
        self._pending_since = None
        self._last_fired = now

    def tired(self, now: float, *, work: float) -> None:
        """Note how many seconds of work there are for what was acted upon; others have the processor for longer."""
        self._rested = now + _REST * work
