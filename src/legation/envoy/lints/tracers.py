"""Where a tracer sends what it sees: all of it was tried with Envoy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused


def _zipkin(config: Any) -> Iterator[Finding]:
    if config.HasField("collector_service"):
        return
    for field in ("collector_cluster", "collector_endpoint"):
        if not getattr(config, field):
            words = "Envoy wants collector_cluster and collector_endpoint both, where there is no collector_service"
            yield refused("missing-field", (field,), words, f"set {field}")


LINTS: Lints = {"envoy.config.trace.v3.ZipkinConfig": _zipkin}
