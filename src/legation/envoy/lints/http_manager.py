"""What an HTTP connection manager says of itself, and its fields that do not go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.filter_names import configured_in, names_in
from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.lints.upgrades import repeated
from legation.envoy.types import HTTP_MANAGER


def _manager(manager: Any) -> Iterator[Finding]:
    if manager.strip_matching_host_port and manager.strip_any_host_port:
        yield refused(
            "either-or",
            ("strip_any_host_port",),
            "the port is taken off the host twice, by strip_matching_host_port too",
            "take one of them out",
        )
    if manager.original_ip_detection_extensions and manager.use_remote_address.value:
        yield refused(
            "either-or",
            ("original_ip_detection_extensions",),
            "the client's address is either that of the connection (use_remote_address) or what an extension finds out",
            "take one of them out",
        )
    if manager.original_ip_detection_extensions and manager.xff_num_trusted_hops:
        yield refused(
            "either-or",
            ("original_ip_detection_extensions",),
            "the client's address is either found by xff_num_trusted_hops or by an extension",
            "take one of them out",
        )
    yield from _configured(manager)
    yield from repeated(manager.upgrade_configs)


def _configured(manager: Any) -> Iterator[Finding]:
    """Tell what routes say for filters that there are not: Envoy says nothing of that."""
    if manager.WhichOneof("route_specifier") != "route_config":
        return
    configured = list(configured_in(manager.route_config))
    names = names_in(manager) if configured else frozenset()
    for path, name in configured:
        if name not in names:
            yield doubtful(
                "unknown-filter",
                ("route_config", *path),
                "no HTTP filter here has this name, so what stands here is not used",
                "write the name that the filter has in http_filters",
            )


LINTS: Lints = {HTTP_MANAGER: _manager}
