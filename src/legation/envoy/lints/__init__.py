"""What Envoy refuses, or does otherwise than its owner wants, and no rule in its protos says: one file per subject."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from legation.envoy.lints import (
    access,
    balancing,
    certificates,
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
    services,
    sockets,
    tls,
    virtual_hosts,
    weights,
)
from legation.envoy.lints.base import Lint, Lints

_SUBJECTS: tuple[Lints, ...] = (
    access.LINTS,
    balancing.LINTS,
    certificates.LINTS,
    direct_answers.LINTS,
    discovery_types.LINTS,
    endpoints.LINTS,
    filter_chains.LINTS,
    filter_kinds.LINTS,
    filter_order.LINTS,
    formats.LINTS,
    header_changes.LINTS,
    health.LINTS,
    http2_settings.LINTS,
    http_filters.LINTS,
    http_limits.LINTS,
    http_manager.LINTS,
    inspectors.LINTS,
    listeners.LINTS,
    path_templates.LINTS,
    per_filter.LINTS,
    protocols.LINTS,
    quic.LINTS,
    regexes.LINTS,
    route_actions.LINTS,
    route_order.LINTS,
    route_paths.LINTS,
    services.LINTS,
    sockets.LINTS,
    tls.LINTS,
    virtual_hosts.LINTS,
    weights.LINTS,
)


def _join(subjects: tuple[Lints, ...]) -> Mapping[str, tuple[Lint, ...]]:
    joined: dict[str, tuple[Lint, ...]] = {}
    for subject in subjects:
        for name, lint in subject.items():
            joined[name] = (*joined.get(name, ()), lint)
    return MappingProxyType(joined)


LINTS = _join(_SUBJECTS)
"""The lints of each message type, by its full name."""
DELIVERED = _join((endpoints.DELIVERED,))
"""The lints of messages that are resources of their own, and not where they stand in another message."""
