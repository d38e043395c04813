"""A client of the management API: objects and upstreams at run time, from a Python program.

`Client` blocks, `AsyncClient` is for asyncio; both have the same methods. What goes in and comes out are frozen
dataclasses, and every failure is an exception below `ClientError`. The two clients are loaded at their first use: the
values and the errors need no gRPC.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from legation.client.errors import (
    ApplyRefused,
    ClientError,
    Compacted,
    Conflict,
    FieldConflict,
    KeptElsewhere,
    NotFound,
    PartlyStored,
    Refused,
    TimedOut,
    Unavailable,
    VersionConflict,
    Violation,
)
from legation.client.values import (
    Acceptance,
    Applied,
    Delivery,
    Event,
    Host,
    ObjectChange,
    Outcome,
    Problem,
    ProblemChange,
    RawResource,
    Reference,
    Refusal,
    Route,
    ServicePort,
    StoredObject,
    Synced,
    Topic,
)

if TYPE_CHECKING:
    from legation.client.aio import AsyncClient
    from legation.client.blocking import Client
    from legation.client.credentials import Credentials

__all__ = [
    "Acceptance",
    "Applied",
    "ApplyRefused",
    "AsyncClient",
    "Client",
    "ClientError",
    "Compacted",
    "Conflict",
    "Credentials",
    "Delivery",
    "Event",
    "FieldConflict",
    "Host",
    "KeptElsewhere",
    "NotFound",
    "ObjectChange",
    "Outcome",
    "PartlyStored",
    "Problem",
    "ProblemChange",
    "RawResource",
    "Reference",
    "Refusal",
    "Refused",
    "Route",
    "ServicePort",
    "StoredObject",
    "Synced",
    "TimedOut",
    "Topic",
    "Unavailable",
    "VersionConflict",
    "Violation",
]

_LATER = {
    "AsyncClient": "legation.client.aio",
    "Client": "legation.client.blocking",
    "Credentials": "legation.client.credentials",
}


def __getattr__(name: str) -> Any:
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
