"""What a route says for one HTTP filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused


def _config(config: Any) -> Iterator[Finding]:
    if not config.disabled and not config.HasField("config"):
        yield refused("missing-field", (), "nothing is said for the filter here", "add config, or disabled: true")


LINTS: Lints = {"envoy.config.route.v3.FilterConfig": _config}
