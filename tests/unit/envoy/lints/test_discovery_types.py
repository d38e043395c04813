from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import assignment, cluster, endpoint, extension, told

EDS: dict[str, Any] = {"eds_cluster_config": {"eds_config": {"ads": {}}}}
ADDRESS = "load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address"
CLUSTERS = "envoy.extensions.clusters."
CACHE = {"dns_cache_config": {"name": "names"}}
DYNAMIC = extension(f"{CLUSTERS}dynamic_forward_proxy.v3.ClusterConfig", **CACHE)
PIPE = {"endpoint": {"address": {"pipe": {"path": "/run/a.sock"}}}}
LEDS = {"leds_cluster_locality_config": {"leds_config": {"ads": {}}, "leds_collection_name": "x"}}


def policy(message: str) -> dict[str, Any]:
    config = extension(f"envoy.extensions.load_balancing_policies.{message}")
    return {"load_balancing_policy": {"policies": [{"typed_extension_config": config}]}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"load_assignment": assignment(endpoint("::1"))}, []),
        ({"load_assignment": assignment(PIPE)}, []),
        ({"load_assignment": assignment(endpoint("web", resolver_name="mine"))}, []),
        ({"load_assignment": assignment(endpoint("web"))}, [f"error no-ip-address {ADDRESS}.address"]),
        ({"load_assignment": assignment(endpoint("127.0.0.01"))}, [f"error no-ip-address {ADDRESS}.address"]),
        ({"load_assignment": assignment({"endpoint": {}})}, ["error missing-field " + ADDRESS.rpartition(".")[0]]),
        ({"load_assignment": assignment()}, ["warning no-endpoints load_assignment"]),
        (EDS, ["error unfit-for-type eds_cluster_config"]),
        ({"lb_policy": "CLUSTER_PROVIDED"}, ["error lb-policy lb_policy"]),
        ({"lb_policy": "CLUSTER_PROVIDED", **policy("round_robin.v3.RoundRobin")}, []),
        (policy("cluster_provided.v3.ClusterProvided"), ["error lb-policy load_balancing_policy.policies[0]"]),
        (
            {"load_assignment": {"cluster_name": "web", "endpoints": [LEDS]}},
            ["error unfit-for-type load_assignment.endpoints[0].leds_cluster_locality_config"],
        ),
    ],
)
def test_static(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(type="STATIC", **fields)) == expected


def test_static_is_what_is_meant_without_a_word() -> None:
    """A cluster that says nothing of endpoints is not told of: somebody begins to write it."""
    bare = cluster(cluster_type=None)
    del bare["cluster_type"]

    assert told(bare) == []
    assert told({**bare, "load_assignment": assignment(endpoint("web"))}) == [f"error no-ip-address {ADDRESS}.address"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"load_assignment": assignment(endpoint("web"), endpoint("192.0.2.1"), PIPE)}, []),
        ({"load_assignment": assignment()}, ["warning no-endpoints load_assignment"]),
        ({"load_assignment": {"cluster_name": "web", "endpoints": [LEDS]}}, []),
        (
            {"load_assignment": assignment(endpoint("web", resolver_name="mine"))},
            [f"error unfit-for-type {ADDRESS}.resolver_name"],
        ),
    ],
)
def test_strict_dns(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(type="STRICT_DNS", **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"load_assignment": assignment(endpoint("web"))}, []),
        ({"load_assignment": assignment(endpoint("a"), endpoint("b"))}, ["error endpoint-count load_assignment"]),
        ({"load_assignment": assignment()}, ["error endpoint-count load_assignment"]),
        ({}, ["error endpoint-count type"]),
    ],
)
def test_logical_dns(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(type="LOGICAL_DNS", **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (EDS, []),
        ({}, ["error missing-field type"]),
        ({"eds_cluster_config": {}}, ["error missing-field eds_cluster_config"]),
        ({**EDS, "load_assignment": assignment(endpoint())}, ["warning unused-field load_assignment"]),
    ],
)
def test_eds(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(type="EDS", **fields)) == expected


PROVIDED = {"lb_policy": "CLUSTER_PROVIDED"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (PROVIDED, []),
        ({}, ["error lb-policy type"]),
        ({"lb_policy": "RANDOM"}, ["error lb-policy lb_policy"]),
        ({**PROVIDED, "load_assignment": assignment(endpoint())}, ["error unfit-for-type load_assignment"]),
        (
            {**PROVIDED, "lb_subset_config": {"subset_selectors": [{"keys": ["a"]}]}},
            ["error unfit-for-type lb_subset_config"],
        ),
    ],
)
def test_original_dst(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(type="ORIGINAL_DST", **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (PROVIDED, []),
        ({}, ["error lb-policy cluster_type"]),
        ({"lb_policy": "RANDOM"}, ["error lb-policy lb_policy"]),
        (policy("cluster_provided.v3.ClusterProvided"), []),
        (policy("round_robin.v3.RoundRobin"), ["error lb-policy load_balancing_policy.policies[0]"]),
        (policy("of_tomorrow.v3.Best"), []),
    ],
)
def test_types_that_choose_the_endpoint_themselves(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(cluster_type=DYNAMIC, **fields)) == expected
