"""Lets FakeKube handle objects that are nested as deep as a real API server takes them.

It keeps objects as Python has them, and copies, compares and writes them by functions that call themselves.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_CALLS = 20_000
"""Under way at once: enough for some thousand levels."""


@contextlib.contextmanager
def any_depth() -> Iterator[None]:
    """Allow many calls within each other; what waits for anything does not belong in here."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
