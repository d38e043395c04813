"""How many connections with TLS began at a port, and how many of them came to ask anything.

What lies between are handshakes that failed: gRPC and asyncio tell of none. It knows numbers alone, of clients and
reasons nothing. The one invariant: whoever connects, what is kept does not grow. Time is an argument.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

_SPAN = 15.0
"""Seconds that are counted together."""
_SPANS = 20
MINUTES = round(_SPAN * _SPANS / 60)
"""How long something counts as new."""
_AT_IT = 10.0
"""Seconds. So long a handshake may take that is a good one."""
_MOST_KNOWN = 10_000
"""Connections that are remembered as good, so that none counts twice."""
_MANY, _VERY_MANY = 20, 300
"""So many failed ones are told where nobody else is there, and where others are. A load balancer looks whether the
port is open, once in some seconds, and asks nothing; an Envoy that is locked out comes back about as often."""


class Handshakes:
    """Those of one port, or of a few that belong together. Any thread may count."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._spans: deque[list[int]] = deque(maxlen=_SPANS + 2)
        """Of each: which it is, how many began, how many asked something."""
        self._known: OrderedDict[str, None] = OrderedDict()
        self._begun, self._used = 0, 0

    @property
    def counts(self) -> tuple[int, int]:
        """How many connections began since the start, and how many of them came to ask something."""
        return self._begun, self._used

    def begin(self, *, now: float) -> None:
        """Count one that begins; `now`: seconds of a clock that never goes back."""
        with self._lock:
            self._begun += 1
            self._span(now)[1] += 1

    def succeed(self, *, now: float) -> None:
        """Count one of them that came to something."""
        with self._lock:
            self._used += 1
            self._span(now)[2] += 1

    def use(self, connection: str, *, now: float) -> None:
        """Count one on which something is asked, the first time; its name is any that no other has meanwhile."""
        with self._lock:
            known = connection in self._known
            self._known[connection] = None
            self._known.move_to_end(connection)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        if not known:
            self.succeed(now=now)

    def failed(self, *, now: float, alone: bool | None = None) -> int:
        """Return how many came to nothing of late, or 0 where these are too few to be worth a word.

        Those of the last seconds may be at it yet.

        Args:
            now: As in `begin`.
            alone: Whether no client is there; None: where none came through of late.
        """
        newest, done = int(now // _SPAN), int((now - _AT_IT) // _SPAN)
        with self._lock:
            late = [each for each in self._spans if each[0] >= newest - _SPANS]
            used = sum(each[2] for each in late)
            failed = sum(each[1] for each in late if each[0] < done) - used
        few = not used if alone is None else alone
        return failed if failed >= (_MANY if few else _VERY_MANY) else 0

    def _span(self, now: float) -> list[int]:
        which = int(now // _SPAN)
        if not self._spans or self._spans[-1][0] < which:
            self._spans.append([which, 0, 0])
        return self._spans[-1]
