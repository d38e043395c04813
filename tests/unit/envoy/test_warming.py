"""How long a cluster takes to be warm when its endpoints are there."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from legation.envoy.warming import CONNECTING, LOOKUP
from legation.model.resource_types import CLUSTER, LISTENER
from tests.unit.envoy.configs import resource_of

TYPE = "type.googleapis.com/"


def within(**fields: Any) -> float:
    """Return what is said of a cluster with these fields."""
    return resource_of({"@type": CLUSTER.url, "name": "c", **fields}).warms_within


def hosts(*addresses: str) -> dict[str, Any]:
    """Return the field that gives a cluster these hosts."""
    socket = [{"socket_address": {"address": address, "port_value": 80}} for address in addresses]
    lb_endpoints = [{"endpoint": {"address": each}} for each in socket]
    return {"load_assignment": {"cluster_name": "c", "endpoints": [{"lb_endpoints": lb_endpoints}]}}


def check(**fields: str) -> dict[str, Any]:
    """Return a health check; of TCP, every half second."""
    return {"interval": "0.5s", "healthy_threshold": 1, "unhealthy_threshold": 1, "tcp_health_check": {}, **fields}


def extension(message: str) -> dict[str, Any]:
    """Return the field of a cluster that an extension makes."""
    return {"cluster_type": {"name": "x", "typed_config": {"@type": f"{TYPE}envoy.extensions.clusters.{message}"}}}


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        pytest.param({"type": "STATIC"}, 0.0, id="static"),
        pytest.param({"type": "EDS"}, 0.0, id="eds"),
        pytest.param({"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}, 0.0, id="original destination"),
        pytest.param({"type": "STRICT_DNS"}, 0.0, id="strict dns without hosts"),
        pytest.param({"type": "STRICT_DNS", **hosts("127.0.0.1")}, 0.0, id="strict dns with an address"),
        pytest.param({"type": "STRICT_DNS", **hosts("10.0.0.1", "fe80::1")}, 0.0, id="strict dns with addresses"),
        pytest.param({"type": "LOGICAL_DNS", **hosts("::1")}, 0.0, id="logical dns with an address"),
        pytest.param({"type": "STRICT_DNS", **hosts("worker.media")}, LOOKUP, id="strict dns with a name"),
        pytest.param({"type": "STRICT_DNS", **hosts("10.0.0.1", "w.x")}, LOOKUP, id="strict dns with a name too"),
        pytest.param({"type": "LOGICAL_DNS", **hosts("worker.media")}, LOOKUP, id="logical dns with a name"),
        pytest.param(
            {"type": "STRICT_DNS", "wait_for_warm_on_init": False, **hosts("w.x")}, 0.0, id="dns that is not waited for"
        ),
        pytest.param(
            {"type": "STRICT_DNS", "wait_for_warm_on_init": True, **hosts("w.x")}, LOOKUP, id="dns that is waited for"
        ),
        pytest.param({**extension("dns.v3.DnsCluster"), **hosts("w.x")}, LOOKUP, id="a dns extension with a name"),
        pytest.param({**extension("dns.v3.DnsCluster"), **hosts("127.0.0.1")}, 0.0, id="a dns extension, an address"),
        pytest.param(extension("dynamic_forward_proxy.v3.ClusterConfig"), 0.0, id="an extension that never waits"),
        pytest.param(extension("redis.v3.RedisClusterConfig"), inf, id="another extension"),
        pytest.param({"cluster_type": {"name": "envoy.clusters.mine"}}, inf, id="an extension that nobody knows"),
    ],
)
def test_how_long_a_cluster_looks_for_its_hosts(fields: dict[str, Any], seconds: float) -> None:
    assert within(**fields) == seconds


@pytest.mark.parametrize(
    ("checks", "seconds"),
    [
        pytest.param([check(timeout="0.1s")], 0.1, id="its timeout"),
        pytest.param([check(timeout="1s", initial_jitter="2s")], 3.0, id="and its jitter"),
        pytest.param([check(timeout="0.25s", interval_jitter="9s")], 0.25, id="not the jitter of later ones"),
        pytest.param([check(timeout="1s"), check(timeout="3s")], 3.0, id="the longest"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "lookup"), [({"type": "EDS"}, 0.0), ({"type": "STRICT_DNS", **hosts("w.x")}, LOOKUP)], ids=["eds", "dns"]
)
def test_health_checks_take_their_time_besides(
    kind: dict[str, Any], lookup: float, checks: list[dict[str, Any]], seconds: float
) -> None:
    assert within(**kind, health_checks=checks) == pytest.approx(lookup + seconds + CONNECTING)


def test_nobody_knows_how_long_an_extension_with_health_checks_takes() -> None:
    assert within(**extension("redis.v3.RedisClusterConfig"), health_checks=[check(timeout="1s")]) == inf


def test_what_is_no_cluster_takes_no_time() -> None:
    resource = resource_of({"@type": LISTENER.url, "name": "l"})
    assert resource.warms_within == 0.0
