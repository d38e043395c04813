"""Durations in messages, compared without a loss."""

from __future__ import annotations

from typing import Any


def nanoseconds(duration: Any) -> int:
    """Return a protobuf Duration as a whole number."""
    return int(duration.seconds * 1_000_000_000 + duration.nanos)
