"""Terms: what is agreed with a client about one type on one stream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MAX_RESPONSE_BYTES = 4_000_000
"""About how many bytes of resources go in one response: gRPC clients take 4 MiB unless they are told otherwise."""


class Variant(Enum):
    """The two variants of the protocol."""

    SOTW = "sotw"
    DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is agreed with a client about one type."""

    hold_missing: bool = False
    """Nothing is said of a name that does not exist, where the variant could say so."""
    tell_errors: bool = False
    """Names that are not there are told as errors, where they would not be told at all."""
    expiring: bool = False
    """The client understands TTLs."""
    max_response_bytes: int = MAX_RESPONSE_BYTES
    """What is more than that is said in several responses, where the variant allows it."""
    aggregated: bool = False
    """The stream may carry other types too (ADS)."""
