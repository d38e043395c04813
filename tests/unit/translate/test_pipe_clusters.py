from __future__ import annotations

from typing import Any

import pytest

from legation.translate.pipe_clusters import duration
from tests.unit.translate.pipes import CLUSTER_PATH, at, cluster, json_of, listener, of, translated

TYPE = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def made(carrier: str = "udp", **fields: Any) -> Any:
    (found,) = json_of(translated(listener(carrier=carrier, cluster=cluster(**fields))), "Cluster")
    return found


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
def test_what_is_fixed(carrier: str) -> None:
    """As l7mp has it; the same for either protocol."""
    found = made(carrier)
    assert {name: value for name, value in found.items() if name != "load_assignment"} == {
        "@type": TYPE,
        "name": "rtp-c",
        "type": "STRICT_DNS",
        "connect_timeout": "5s",
        "lb_policy": "MAGLEV",
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "ignore_health_on_host_removal": True,
    }


def test_how_soon_changes_of_hosts_count() -> None:
    common = made(update_merge_window=0)["common_lb_config"]
    assert common == {"healthy_panic_threshold": {"value": 0}, "update_merge_window": "0s"}


def test_where_it_stands() -> None:
    (draft, _) = translated(listener()).drafts
    assert draft.path == CLUSTER_PATH
    assert draft.scope.namespace == "media"
    assert draft.scope.labels == frozenset({("app", "edge")})


EDS = {
    "eds_config": {
        "resource_api_version": "V3",
        "initial_fetch_timeout": "600s",
        "api_config_source": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": {"cluster_name": "xds_cluster"}}],
        },
    }
}


@pytest.mark.parametrize(
    "fields",
    [
        {"service_discovery": "eds"},
        {"service_discovery": "eds", "endpoints": [of()]},
        {"endpoints": [of()]},
        {"endpoints": [at("127.0.0.1"), of()]},
    ],
)
def test_an_eds_cluster(fields: Any) -> None:
    """So is whatever follows Pods: a list within the cluster would take the sessions away with each change."""
    found = made(**fields)
    assert found["type"] == "EDS"
    assert found["eds_cluster_config"] == EDS
    assert "load_assignment" not in found


@pytest.mark.parametrize("endpoints", [[at("127.0.0.1")], [at("worker.shop.svc"), at("::1")]])
def test_a_strict_dns_cluster_holds_its_hosts(endpoints: Any) -> None:
    found = made(endpoints=endpoints)
    assert found["load_assignment"]["cluster_name"] == "rtp-c"
    assert len(found["load_assignment"]["endpoints"][0]["lb_endpoints"]) == len(endpoints)


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ({"connect_timeout": 250}, "connect_timeout", "0.250s"),
        ({"maglev_table_size": 5_000_011}, "maglev_lb_config", {"table_size": 5_000_011}),
        ({"maglev_table_size": 2}, "maglev_lb_config", {"table_size": 2}),
    ],
)
def test_what_may_be_said(fields: Any, name: str, value: Any) -> None:
    assert made(**fields)[name] == value


@pytest.mark.parametrize(("milliseconds", "text"), [(0, "0s"), (1500, "1.500s")])
def test_how_long_to_wait_for_the_first_hosts(milliseconds: int, text: str) -> None:
    found = made(endpoints=[of()], initial_fetch_timeout=milliseconds)
    assert found["eds_cluster_config"]["eds_config"]["initial_fetch_timeout"] == text


PLAIN = {
    "timeout": "0.100s",
    "interval": "0.500s",
    "no_traffic_interval": "0.500s",
    "unhealthy_threshold": 1,
    "healthy_threshold": 1,
}


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"protocol": "TCP"}, {**PLAIN, "tcp_health_check": {}}),
        ({"protocol": "HTTP"}, {**PLAIN, "http_health_check": {"path": "/healthcheck"}}),
        ({"protocol": "HTTP", "path": "/up?a=b"}, {**PLAIN, "http_health_check": {"path": "/up?a=b"}}),
        (
            {"protocol": "TCP", "timeout": 1000, "healthy_threshold": 3, "unhealthy_threshold": 2},
            {**PLAIN, "timeout": "1s", "healthy_threshold": 3, "unhealthy_threshold": 2, "tcp_health_check": {}},
        ),
    ],
)
def test_health_checks(carrier: str, check: Any, expected: Any) -> None:
    assert made(carrier, health_check={"interval": 500, **check})["health_checks"] == [expected]


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0s"), (1, "0.001s"), (999, "0.999s"), (1000, "1s"), (2**31 - 1, "2147483.647s")]
)
def test_durations(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text
