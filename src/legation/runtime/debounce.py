"""When to act on changes: the first one after quiet at once, a burst when it pauses, and never later than a maximum.

Arithmetic on moments that the caller brings; no clock. The shell says `changed(now)` for each change, waits until
`due()` (or the next change), says `fired(now)`, and then acts on all that had changed by then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf


@dataclass(slots=True)
class Debounce:
    """Decides when pending changes are acted upon.

    - A change with no other in the `quiet` seconds before it is due at once.
    - Any other change waits until there was none for `quiet` seconds, or until the oldest pending one is `maximum`
      seconds old, whatever comes first.
    - What is due does not move to later because more changes join it.
    """

    quiet: float = 0.010
    """Seconds without a change that end a burst."""
    maximum: float = 0.100
    """Seconds that a change waits at most."""
    _last_change: float = field(default=-inf, init=False)
    _pending_since: float | None = field(default=None, init=False)
    _at_once: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.quiet <= self.maximum:
            raise ValueError(f"quiet must lie between 0 and maximum, got {self.quiet} and {self.maximum}")

    def changed(self, now: float) -> None:
        """Note a change."""
        if self._pending_since is None:
            self._pending_since = now
            self._at_once = now - self._last_change >= self.quiet
        self._last_change = now

    def due(self) -> float | None:
        """Return the moment at which the pending changes are to be acted upon; None when nothing is pending."""
        if self._pending_since is None:
            return None
        if self._at_once:
            return self._pending_since
        return min(self._last_change + self.quiet, self._pending_since + self.maximum)

    def fired(self, now: float) -> None:
        """Note that all changes so far are being acted upon: say it before the work, for changes that come during it.

        Firing early is allowed (a shutdown, a first load).
        """
        del now
        self._pending_since = None
