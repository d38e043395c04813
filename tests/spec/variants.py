"""The variants of the protocol, and in which of them the test that runs has really spoken."""

from __future__ import annotations

SOTW = "SotW, ADS"
SOTW_OWN = "SotW, own streams"
DELTA = "delta, ADS"
DELTA_OWN = "delta, own streams"
REST = "REST"

ORDER = (SOTW, SOTW_OWN, DELTA, DELTA_OWN, REST)

heard: set[str] = set()
"""What was spoken since the test began."""


def spoken(*, delta: bool, separate: bool) -> None:
    """Note that a client spoke in that variant."""
    heard.add((DELTA_OWN if separate else DELTA) if delta else (SOTW_OWN if separate else SOTW))


def spoken_rest() -> None:
    """Note that a client asked over REST."""
    heard.add(REST)
