"""The time limits of delivery."""

from __future__ import annotations

from dataclasses import dataclass, field

from legation.model.resource_types import ResourceType
from legation.protocol.terms import MAX_RESPONSE_BYTES

SILENT_WARMING = 10.0
"""Seconds that a new cluster counts as warming at most where its stream carries nothing else. Envoy does not say there
when a cluster is warm, and not always can it be counted (`Resource.warms_within`); and after 15 s
(`initial_fetch_timeout`) a listener serves without the routes that it waits for."""
SLOW_ASKING = 2.0
"""Seconds from the ACK of a cluster in which a client asks for the endpoints that are here for it. Envoy opens a stream
for each cluster that has a config source of its own, and takes its time where it opens many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The limits of delivery: times are in seconds."""

    removal_grace: float = 5.0
    """How long a name stays after the last that referred to it went: requests past route selection look it up later.
    What does not linger has no such requests."""
    drain_grace: float = 600.0
    """How long a replaced or removed Listener counts as using its routes; Envoy's drain time (`--drain-time-s`)."""
    warming_timeout: float = 20.0
    """How long a resource waits for a cluster to be warm; above Envoy's `initial_fetch_timeout` of 15."""
    addition_grace: float = 0.1
    """How long a new cluster counts as warming whose endpoints the client does not get over this connection."""
    dangling_grace: float = 0.25
    """How long a change waits for a cluster that it newly names and that does not exist: what belongs together may be
    saved or applied one after another."""
    reopening_timeout: float = 35.0
    """How long a client that comes back without ADS may take until each of its streams is there again. Each waits by
    itself before it tries anew, up to 30 s (Envoy's default for `envoy_grpc.retry_policy`). It may have no such stream
    at all."""
    hold_missing: frozenset[ResourceType] = field(default_factory=frozenset)
    """Types of which a delta client is not told that a name does not exist."""
    resource_errors: frozenset[ResourceType] = field(default_factory=frozenset)
    """Types of which a client is told by an error (gRFC A88) where it would not be told at all: that a name does not
    exist in state of the world, and that it may exist and cannot be read."""
    max_response_bytes: int = MAX_RESPONSE_BYTES
    """About how many bytes of resources go in one response; more are said in several, but for what state of the world
    has to say whole."""
