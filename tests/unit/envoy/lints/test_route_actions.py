from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routed, routes, told

ACTION = "virtual_hosts[0].routes[0].route"
REGEX = {"pattern": {"regex": "a"}, "substitution": "b"}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"prefix_rewrite": "/a"}, []),
        ({"regex_rewrite": REGEX}, []),
        ({"prefix_rewrite": "/a", "regex_rewrite": REGEX}, [f"error either-or {ACTION}.regex_rewrite"]),
        ({"prefix_rewrite": "/a", "host_rewrite_literal": "b.example"}, []),
        ({"request_mirror_policies": [{"cluster": "a"}, {"cluster_header": "x"}]}, []),
        ({"request_mirror_policies": [{}]}, [f"error either-or {ACTION}.request_mirror_policies[0]"]),
        (
            {"request_mirror_policies": [{"cluster": "a", "cluster_header": "x"}]},
            [f"error either-or {ACTION}.request_mirror_policies[0]"],
        ),
        ({"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "connect"}]}, []),
        (
            {"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "WebSocket"}]},
            [f"error duplicate-upgrade {ACTION}.upgrade_configs[1].upgrade_type"],
        ),
        ({"upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}]}, []),
        ({"upgrade_configs": [{"upgrade_type": "CONNECT-UDP", "connect_config": {}}]}, []),
        (
            {"upgrade_configs": [{"upgrade_type": "websocket", "connect_config": {}}]},
            [f"error unfit-for-type {ACTION}.upgrade_configs[0].connect_config"],
        ),
    ],
)
def test_actions(action: dict[str, Any], expected: list[str]) -> None:
    assert told(routed(**action)) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"retry_on": "5xx, cancelled,reset,"}, []),
        ({"retry_on": "5xx,often"}, [f"warning unknown-retry-condition {ACTION}.retry_policy.retry_on"]),
        ({"retry_on": "retriable-status-codes", "retriable_status_codes": [503]}, []),
        (
            {"retry_on": "5xx", "retriable_status_codes": [503]},
            [f"warning unused-field {ACTION}.retry_policy.retriable_status_codes"],
        ),
        # A client may say by a header what to retry on.
        ({"retriable_status_codes": [503]}, []),
        ({"retry_back_off": {"base_interval": "1s", "max_interval": "1s"}}, []),
        ({"retry_back_off": {"base_interval": "1s"}}, []),
        (
            {"retry_back_off": {"base_interval": "1s", "max_interval": "0.5s"}},
            [f"error wrong-order {ACTION}.retry_policy.retry_back_off.max_interval"],
        ),
    ],
)
def test_retries(policy: dict[str, Any], expected: list[str]) -> None:
    assert told(routed(retry_policy=policy)) == expected


def test_a_virtual_cluster_has_headers() -> None:
    named = {"name": "reads", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}

    assert told(routes(host(route(), virtual_clusters=[named]))) == []
    assert told(routes(host(route(), virtual_clusters=[{"name": "reads"}]))) == [
        "error missing-field virtual_hosts[0].virtual_clusters[0]"
    ]
