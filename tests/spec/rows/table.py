"""The table of rows: all sections, in order."""

from __future__ import annotations

from tests.spec.rows.a1_streams import STREAMS
from tests.spec.rows.a2_sotw import SOTW
from tests.spec.rows.a3_wildcards import WILDCARDS
from tests.spec.rows.a4_delta import DELTA
from tests.spec.rows.a5_order import ORDER
from tests.spec.rows.a6_ttl import POLLING, TTL
from tests.spec.rows.a8_types import TYPES
from tests.spec.rows.a9_robustness import ROBUSTNESS

SECTIONS = (STREAMS, SOTW, WILDCARDS, DELTA, ORDER, TTL, POLLING, TYPES, ROBUSTNESS)
ROWS = tuple(row for section in SECTIONS for row in section.rows)
LEFT_OUT = {
    "A8.12": "Dynamic parameters of resources (the cncf/xds proposal TP2): Envoy does not implement them, and neither"
    " does legation."
}
"""Rows of no section, and why."""
