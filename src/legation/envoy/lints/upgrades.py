"""Upgrades of a connection, such as to WebSocket, where a manager or a route lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.tell import at, refused


def repeated(upgrades: Iterable[Any]) -> Iterator[Finding]:
    """Yield the upgrades in `upgrade_configs` that stand there already."""
    seen: dict[str, int] = {}
    for index, upgrade in enumerate(upgrades):
        first = seen.setdefault(upgrade.upgrade_type.lower(), index)
        if first != index:
            yield refused(
                "duplicate-upgrade",
                ("upgrade_configs", index, "upgrade_type"),
                f"{at('upgrade_configs', first)} is about the same upgrade; Envoy compares them in lower case",
                "join both",
            )
