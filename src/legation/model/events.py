"""What a stream reports of its client: what it asked for, what it accepted, what it refused and why.

Nobody changes an event that was made. What is made for each client at each change is not frozen all the same: that
takes four times as long.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType

_DUMP = re.compile(r"[\n\r{]|\b[a-z_]+:\s*\"")


def before_dump(message: str) -> str:
    r"""Return the words of a refusal up to the first dump of a proto message in it.

    Envoy's words can hold the refused message itself, secrets included, as text (`name: "x"\nconnect_timeout {`). Its
    spacing is random on purpose, so what looks like the beginning of a dump ends the words.
    """
    found = _DUMP.search(message)
    return (message[: found.start()] if found else message).rstrip(" :;,(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """The client changed what it wants of a type."""

    type: ResourceType
    names: frozenset[str]
    wildcard: bool


@dataclass(slots=True, kw_only=True)
class Sent:
    """A response went out."""

    type: ResourceType
    version: str
    nonce: str
    resources: Collection[Resource] = field(repr=False)
    """Those that were new, changed or sent again; in state of the world the response may hold more."""
    removed: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Accepted:
    """The client acknowledged a response."""

    type: ResourceType
    version: str
    nonce: str
    resources: Collection[Resource] = field(default=(), repr=False)
    """What the acknowledgement speaks for: what was new or changed and was not spoken of in a later response."""
    removed: tuple[str, ...] = ()


class WhyParked(Enum):
    """Why nothing more is tried."""

    UNTOLD = "it does not say which, and many offers of parts did not tell"
    UNKNOWN = "it came back from another stream, and what it holds is not known, so nothing may be left out"
    UNSEEN = "it took all of them when they were offered again, as it does without a look at what it refused before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The client refused a response."""

    type: ResourceType
    version: str
    nonce: str
    message: str = field(repr=False)
    """The client's own words. They can hold the refused message, so they must be cut before anyone sees them."""
    suspects: tuple[Resource, ...] = field(default=(), repr=False)
    """Resources that are to blame: these are not offered again until their content changes."""
    parked: tuple[Resource, ...] = field(default=(), repr=False)
    """Resources that are not offered either, until one of them changes: nobody knows who of them is to blame."""
    why_parked: WhyParked = WhyParked.UNTOLD
    doubted: tuple[Resource, ...] = field(default=(), repr=False)
    """What was new where nobody is to blame yet: parts of it are offered again."""


Event: TypeAlias = Subscribed | Sent | Accepted | Refused
