"""What one client is to get, resource by resource, and what became of each: what the client status service shows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from legation.model.resource import Resource


class ConfigStatus(Enum):
    """The names of `envoy.service.status.v3.ConfigStatus`."""

    SYNCED = "SYNCED"
    """It was sent and accepted."""
    NOT_SENT = "NOT_SENT"
    """The client asked for it, and it was not sent yet."""
    STALE = "STALE"
    """It was sent and is not answered yet."""
    ERROR = "ERROR"
    """It was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceConfig:
    """One resource that a client asked for and is to get."""

    resource: Resource
    status: ConfigStatus
    sent_ago: float | None
    """Seconds since the last response of its type; None before the first."""
    words: str = ""
    """Why it is refused, in Envoy's own words, cut."""
    refused_ago: float = 0.0
    """Seconds since the last refusal of its type."""
