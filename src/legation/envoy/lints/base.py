"""A lint: what is wrong, or probably wrong, with messages of one type that no rule in Envoy's protos says.

It knows one message and what stands in it, and refuses to know the rest of the resource, other resources and the time.
What Envoy refuses for sure is an ERROR, everything else a WARNING.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from legation.envoy.findings import Finding

Lint: TypeAlias = Callable[[Any], Iterator[Finding]]
"""Yield what is wrong with a message of its type. Paths begin at the message: names as the protos have them,
snake_case, and indexes. A lint must not raise, must not change the message, and looks into no `Any`: what stands there
is looked at by the lints of its own type."""

Lints: TypeAlias = Mapping[str, Lint]
"""What a file of this folder calls LINTS: full name of a message type -> its lint."""
