"""How the attempts of a watch go: the stream that stands or does not, failures in a row, the pause that follows.

It knows no reasons: what is missing, and what is asked for next, is the watch's business. Moments are the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass

from legation.kube.pauses import Pause
from legation.kube.watch_policy import WatchPolicy


@dataclass(slots=True, kw_only=True)
class Stream:
    """How a stream that was asked for is doing."""

    asked_at: float = 0.0
    ends_at: float = 0.0
    """When the server was asked to end it."""
    heard_at: float = 0.0
    open: bool = False
    """Whether the server has begun to answer, and its lines are still wanted."""

    def stood(self, seconds: float, *, now: float) -> bool:
        """Say whether it is open and was asked for so long ago."""
        return self.open and now - self.asked_at >= seconds


class Attempts:
    """What was tried, and how often in vain."""

    def __init__(self, policy: WatchPolicy) -> None:
        """Begin with nothing tried."""
        self._policy = policy
        self.stream = Stream()
        """The last one that was asked for."""
        self._pause: Pause | None = None
        # In a row: failures without a watch that stood for some time, and silences without a line.
        self._failures = self._silences = 0
        # Since a watch stood for some time: something was told to be gone, and was asked for anew at once.
        self._renewed = False

    @property
    def failures(self) -> int:
        """How many there were in a row, without a watch that stood for some time."""
        return self._failures

    def take_pause(self) -> Pause | None:
        """Return how long to wait now, once; None: not at all."""
        pause, self._pause = self._pause, None
        return pause

    def begin(self, *, now: float, seconds: float) -> None:
        """Note that a stream is asked for, for so long."""
        self.stream = Stream(asked_at=now, ends_at=now + seconds, heard_at=now)

    def heard(self, *, now: float) -> None:
        """Note a line."""
        self.stream.heard_at, self._silences = now, 0

    def rest(self, pause: Pause) -> None:
        """Note that there is nothing to follow, which is no failure, and when to look again."""
        self.stream.open, self._pause = False, pause
        self._failures, self._renewed = 0, False

    def ended(self, *, now: float) -> bool:
        """Note that the stream was ended in order; return whether it had stood for some time: else it is a failure."""
        if not self.stream.stood(self._policy.steady, now=now):
            return False
        self.stream.open, self._failures, self._renewed = False, 0, False
        return True

    def failed(
        self, *, now: float, at_once: bool = False, gone: bool = False, retry_after: float | None = None
    ) -> None:
        """Note a failure, which ends the stream, and pause; the first one after a success may go without a pause.

        So may the first time that something is told to be gone: after an outage that is how an API server says that it
        is back, and what is known is old until it is listed anew.

        Args:
            now: The moment.
            at_once: Whether it may go without a pause.
            gone: Whether something is told to be gone.
            retry_after: Seconds that the server asks for.
        """
        if self.stream.stood(self._policy.steady, now=now):
            self._failures, self._renewed = 0, False
        self.stream.open = False
        self._failures += 1
        renews, self._renewed = gone and not self._renewed, self._renewed or gone
        if not renews and (not at_once or self._failures > 1):
            self._pause = self._policy.pause(self._failures, retry_after=retry_after)

    def silent(self, *, now: float) -> bool:
        """Note a failure by silence; return whether it was not the first one in a row."""
        began = self.stream.open
        self.failed(now=now, at_once=began)
        self._silences += began
        return self._silences > 1
