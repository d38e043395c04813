"""What Envoy refuses, or does otherwise than its owner wants, and no rule in its protos says: one file per subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from legation.envoy.lints import (
    access,
    balancing,
    certificates,
    cluster_addresses,
    direct_answers,
    discovery_types,
    endpoints,
    filter_chains,
    filter_kinds,
    filter_order,
    formats,
    header_changes,
    health,
    http2_settings,
    http_filters,
    http_limits,
    http_manager,
    inspectors,
    listeners,
    path_templates,
    per_filter,
    protocols,
    quic,
    regexes,
    route_actions,
    route_order,
    route_paths,
    runtime_layers,
    scoped_routes,
    services,
    sockets,
    tls,
    tracers,
    virtual_hosts,
    weights,
)
from legation.envoy.lints.base import Lint, Lints

_SUBJECTS = (
    access,
    balancing,
    certificates,
    cluster_addresses,
    direct_answers,
    discovery_types,
    endpoints,
    filter_chains,
    filter_kinds,
    filter_order,
    formats,
    header_changes,
    health,
    http2_settings,
    http_filters,
    http_limits,
    http_manager,
    inspectors,
    listeners,
    path_templates,
    per_filter,
    protocols,
    quic,
    regexes,
    route_actions,
    route_order,
    route_paths,
    runtime_layers,
    scoped_routes,
    services,
    sockets,
    tls,
    tracers,
    virtual_hosts,
    weights,
)


def _join(subjects: Iterable[Lints]) -> Mapping[str, tuple[Lint, ...]]:
    joined: dict[str, tuple[Lint, ...]] = {}
    for subject in subjects:
        for name, lint in subject.items():
            joined[name] = (*joined.get(name, ()), lint)
    return MappingProxyType(joined)


LINTS = _join(each.LINTS for each in _SUBJECTS)
"""The lints of each message type, by its full name."""
DELIVERED = _join(getattr(each, "DELIVERED", {}) for each in _SUBJECTS)
"""The lints of what stands in an assignment that is a resource of its own, and not in one that stands in a cluster."""
