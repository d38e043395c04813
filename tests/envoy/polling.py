"""Manifests for Envoys that poll."""

from __future__ import annotations

from pathlib import Path

_POLLED = (
    "{resource_api_version: V3, api_config_source: {api_type: REST, transport_api_version: V3, "
    "cluster_names: [xds_cluster], refresh_delay: 0.1s, request_timeout: %s}}"
)


def poll(manifests: Path, *, patience: str) -> None:
    """Have the manifests name REST where they name ADS."""
    for each in manifests.glob("*.yaml"):
        each.write_text(each.read_text().replace("{ads: {}, resource_api_version: V3}", _POLLED % patience))
