"""Which listeners go on for those who use them already."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec
from legation.model.resource import ends_at_once
from legation.model.resource_types import CLUSTER, LISTENER
from tests.unit.envoy.configs import resource_of

UDP = {"socket_address": {"protocol": "UDP", "address": "0.0.0.0", "port_value": 10000}}
TCP = {"socket_address": {"address": "0.0.0.0", "port_value": 10000}}


@pytest.mark.parametrize(
    ("fields", "lingers"),
    [
        pytest.param({"address": TCP}, True, id="tcp"),
        pytest.param({"address": UDP}, False, id="udp"),
        pytest.param({"address": UDP, "udp_listener_config": {}}, False, id="udp with settings"),
        pytest.param({"address": UDP, "udp_listener_config": {"quic_options": {}}}, True, id="quic"),
        pytest.param({"address": UDP, "additional_addresses": [{"address": UDP}]}, False, id="udp twice"),
        pytest.param({"address": UDP, "additional_addresses": [{"address": TCP}]}, True, id="udp and something else"),
        pytest.param({"address": {"pipe": {"path": "/tmp/s"}}}, True, id="a pipe"),
        pytest.param({"api_listener": {}}, True, id="no address"),
    ],
)
def test_a_listener_of_datagrams_does_not_linger(fields: dict[str, Any], *, lingers: bool) -> None:
    resource = resource_of({"@type": LISTENER.url, "name": "l", **fields})
    assert resource.lingers is lingers


def test_everything_else_lingers() -> None:
    resource = codec.encode({"@type": CLUSTER.url, "name": "c"}).resource
    assert resource is not None
    assert resource.lingers


def test_bytes_that_nobody_can_read_may_linger() -> None:
    assert codec.from_any(LISTENER.url, b"\xff", name="l", check=False).lingers


@pytest.mark.parametrize("address", [UDP, TCP], ids=["udp", "tcp"])
def test_the_version_tells_whether_it_lingers(address: dict[str, Any]) -> None:
    resource = resource_of({"@type": LISTENER.url, "name": "l", "address": address})
    assert ends_at_once(resource.version) is (address is UDP)


@pytest.mark.parametrize("version", ["", "~", "1~", "0123456789abcdef0123456~", "0123456789ABCDEF01234567~"])
def test_a_version_of_the_callers_own_tells_nothing(version: str) -> None:
    assert not ends_at_once(version)
