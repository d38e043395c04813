from __future__ import annotations

from legation.envoy import types
from legation.envoy.lints.upgrades import repeated
from legation.model.objects import show_path


def test_an_upgrade_stands_once_however_it_is_written() -> None:
    config = types.message_class("envoy.config.route.v3.RouteAction.UpgradeConfig")
    found = list(repeated(config(upgrade_type=each) for each in ("websocket", "CONNECT", "WebSocket")))

    assert [(each.code, show_path(each.path)) for each in found] == [
        ("duplicate-upgrade", "upgrade_configs[2].upgrade_type")
    ]
    assert "upgrade_configs[0]" in found[0].message
