"""Row: one requirement of the protocol and our answer to it. The tests of row A2.5 are named `test_a2_5_...`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.spec.variants import DELTA, DELTA_OWN, SOTW, SOTW_OWN

Strength: TypeAlias = Literal["must", "should", "may"]

ALL_SOTW = (SOTW, SOTW_OWN)
ALL_DELTA = (DELTA, DELTA_OWN)
ALL = (*ALL_SOTW, *ALL_DELTA)
ALL_ADS = (SOTW, DELTA)
ALL_OWN = (SOTW_OWN, DELTA_OWN)
NONE = ()
"""For what happens before or beside any stream."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; texts are Markdown."""

    number: str
    """Such as `A2.5`."""
    strength: Strength
    """What the protocol, or Envoy, makes of it: a client breaks without it (must), is served worse (should), or can
    do without (may)."""
    source: str
    """A section of the xDS protocol page of Envoy's documentation, or where else the requirement comes from."""
    variants: tuple[str, ...]
    """Where it applies; its tests speak in each of them."""
    asks: str
    answer: str
    tested: str = ""
    """Over what, in words, where no variant is spoken."""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]
