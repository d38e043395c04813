"""Pipes: what a VirtualService of l7mp says, as values. Pure.

A pipe leads from a port to a cluster: all that carries the same hash key comes to the same host, in the clusters of
other pipes too. Times are whole milliseconds. Nothing here knows how Envoy is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from legation.model.objects import FieldPath


class Carrier(StrEnum):
    """What a pipe carries, spelled as `envoy.config.core.v3.SocketAddress.Protocol`."""

    UDP = "UDP"
    TCP = "TCP"


class Probe(StrEnum):
    """How a host is asked whether it is healthy."""

    TCP = "TCP"
    HTTP = "HTTP"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a host is asked, and how often."""

    probe: Probe
    path: str
    """Empty with TCP."""
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeEndpoint:
    """One of the `endpoints`: Pods by their labels, or a host by its address."""

    labels: frozenset[tuple[str, str]] = frozenset()
    """Empty: it is a host."""
    address: str = ""
    """An IP address in its canonical spelling, or a DNS name; empty: these are Pods."""
    is_name: bool = False
    """Whether the address is a DNS name."""
    port: int
    health_check_port: int | None = None
    path: FieldPath = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeCluster:
    """Where a pipe leads. Two of the same name are equal where Envoy would be told the same of them."""

    name: str
    carrier: Carrier
    by_eds: bool
    """Whether Envoy asks for the hosts, else it is told and resolves them."""
    connect_timeout: int
    maglev_table_size: int | None
    """None: as Envoy has it, 65537."""
    initial_fetch_timeout: int
    """Of EDS."""
    update_merge_window: int | None
    """None: as Envoy has it, a second."""
    health_check: HealthCheck | None
    """None: every host counts as healthy."""
    endpoints: tuple[PipeEndpoint, ...] = field(repr=False)
    path: FieldPath = field(default=(), compare=False)

    @property
    def has_pods(self) -> bool:
        """Whether some of its endpoints are Pods."""
        return any(each.labels for each in self.endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """One of the `listeners`."""

    name: str
    carrier: Carrier
    address: str
    """An IP address in its canonical spelling."""
    port: int
    idle_timeout: int | None
    """None: as Envoy has it, a minute for UDP and an hour for TCP."""
    hash_key: str = field(repr=False)
    """It stands at the cluster, and is the listener's all the same: the cluster is the same whatever it is."""
    cluster: PipeCluster
    path: FieldPath = field(default=(), compare=False)
