"""The scopes of a listener that chooses its routes by what a request says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused


def _scope(scope: Any) -> Iterator[Finding]:
    if not scope.route_configuration_name and not scope.HasField("route_configuration"):
        yield refused(
            "missing-field",
            ("route_configuration_name",),
            "the scope does not say which routes it stands for",
            "set route_configuration_name",
        )


LINTS: Lints = {"envoy.config.route.v3.ScopedRouteConfiguration": _scope}
