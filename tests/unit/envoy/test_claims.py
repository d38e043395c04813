from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.configs import resource_of


def at(host: str, port: int, **more: Any) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port, **more}}


@pytest.mark.parametrize(
    ("config", "claims"),
    [
        ({"address": at("127.0.0.1", 80)}, ("tcp 127.0.0.1:80",)),
        ({"address": at("0.0.0.0", 53, protocol="UDP")}, ("udp 0.0.0.0:53",)),
        ({"address": at("0:0::1", 80)}, ("tcp [::1]:80",)),
        ({"address": at("127.0.0.1", 0)}, ()),
        ({"address": {"pipe": {"path": "/run/l.sock"}}}, ("unix:/run/l.sock",)),
        ({"internal_listener": {}}, ()),
        ({"api_listener": {}}, ()),
        (
            {"address": at("127.0.0.1", 80), "additional_addresses": [{"address": at("::1", 80)}]},
            ("tcp 127.0.0.1:80", "tcp [::1]:80"),
        ),
    ],
    ids=["tcp", "udp", "ipv6", "any port", "pipe", "internal", "api", "several"],
)
def test_a_listener_claims_the_addresses_that_it_binds(config: dict[str, Any], claims: tuple[str, ...]) -> None:
    listener = {"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", "name": "l", **config}

    assert resource_of(listener).claims == claims


def test_nothing_else_claims_anything() -> None:
    assert resource_of({"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "c"}).claims == ()
