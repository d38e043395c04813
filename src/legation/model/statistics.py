"""Sizes and counts as records: what pages and metrics show of the shell and of the transports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legation.model.loads import LoadTotal
from legation.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often something took how long."""

    bounds: tuple[float, ...]
    """Upper bounds of the buckets but the last one, in seconds, ascending."""
    counts: tuple[int, ...]
    """How often, in each bucket; the last one has what took longer than every bound."""
    total: float
    """Seconds, of all together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackStatistics:
    """The Envoys connected now, and counts since the start by type."""

    proxies: int
    sent: Mapping[ResourceType, int]
    """Responses that went out."""
    accepted: Mapping[ResourceType, int]
    """Responses that were acknowledged."""
    refused: Mapping[ResourceType, int]
    """Responses that were refused."""
    refusing: Mapping[ResourceType, int]
    """Envoys that refuse something of a type now."""
    pending: Mapping[ResourceType, int] = field(default_factory=dict)
    """Envoys that have not answered all responses of a type yet."""
    silent: Mapping[ResourceType, int] = field(default_factory=dict)
    """Those of them that have not answered for a minute."""
    convergence: Mapping[ResourceType, Histogram] = field(default_factory=dict)
    """From a change to each Envoy that accepted it."""
    waiting: int = 0
    """The connected Envoys that are told nothing yet: their Pod is not known, or not all is read."""
    loads: tuple[LoadTotal, ...] = ()
    """What Envoys reported of their load, by group and cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Sizes now, and counts since the start."""

    groups: int
    """Groups of connected Envoys that get the same."""
    objects: Mapping[str, int]
    """Objects that are served, by kind."""
    resources: Mapping[ResourceType, int]
    """Resources that are served, each counted once."""
    updates: int
    """How often changed objects were turned into new snapshots."""
    update_seconds: float
    """How long that took in all."""
    last_update_seconds: float
    feedback: FeedbackStatistics
    """The Envoys, and what they said."""
    turned_away: int = 0
    """How often an Envoy was not served for who it says it is, since the start."""
    denied: Mapping[str, int] = field(default_factory=dict)
    """How often one had not proven that and was refused, since the start, by cause."""
    reported: Mapping[str, int] = field(default_factory=dict)
    """How often one would have been, where that is only reported."""
    unproven: int = 0
    """How many are connected now that would be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Messages of one type since the start."""

    messages_in: int = 0
    bytes_in: int = 0
    messages_out: int = 0
    bytes_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportStatistics:
    """A transport at one moment."""

    clients: int
    """Connected clients: node ids, each counted once a connection."""
    streams: Mapping[tuple[str, str], int]
    """Open streams by what they carry (the short name of a type, or `ADS`) and variant (`sotw`, `delta`)."""
    traffic: Mapping[str, Traffic]
    """By short name of the type, or `unknown`; types of which nothing was seen are left out."""
    misbehaving: Mapping[str, int]
    """How often a client began to do what it should not since the start, by what it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusStatistics:
    """What is told of objects in their cluster: sizes now, and counts since the start."""

    leading: bool = False
    """Whether this replica is the one that writes."""
    waiting: int = 0
    """Objects whose status is to be written."""
    writes: int = 0
    events: int = 0
    failures: int = 0
    """Requests that failed, of both."""
    replicas: int = 1
    answered: int = 1
    """Replicas that told what their Envoys have, as far as this one knows; who does not write asks nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatistics:
    """The store of objects that come through the management API: sizes now, and counts since the start."""

    objects: int = 0
    journal: int = 0
    """Bytes of its journal."""
    transactions: int = 0
    """Those that are kept; each is one call that changed something."""
    syncs: int = 0
    """How often it waited for the disk: transactions that come together share that."""
    written: int = 0
    """Bytes that went to the disk."""
    refused: int = 0
    """Transactions that the disk did not take."""
