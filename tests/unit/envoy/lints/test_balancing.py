from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import cluster, extension, told


def policies(message: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"typed_extension_config": extension(f"envoy.extensions.load_balancing_policies.{message}", **fields)}]


def policy(message: str, **fields: Any) -> dict[str, Any]:
    return {"load_balancing_policy": {"policies": policies(message, **fields)}}


FINE = policies("round_robin.v3.RoundRobin")
BROKEN = policies("ring_hash.v3.RingHash", maximum_ring_size=10)
SUBSETS = {"lb_subset_config": {"subset_selectors": [{"keys": ["a"]}]}}

EXTENSION = "load_balancing_policy.policies[0].typed_extension_config.typed_config"
RING = "ring_hash_lb_config"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"lb_policy": "RING_HASH", RING: {"minimum_ring_size": 10, "maximum_ring_size": 10}}, []),
        (
            {"lb_policy": "RING_HASH", RING: {"minimum_ring_size": 11, "maximum_ring_size": 10}},
            [f"error wrong-order {RING}.maximum_ring_size"],
        ),
        ({"lb_policy": "RING_HASH", RING: {"maximum_ring_size": 10}}, [f"error wrong-order {RING}.maximum_ring_size"]),
        ({"lb_policy": "ROUND_ROBIN", RING: {"maximum_ring_size": 10}}, []),
        ({"lb_policy": "RING_HASH", RING: {"maximum_ring_size": 10}, **SUBSETS}, []),
        (
            {"load_balancing_policy": {"policies": [*FINE, *policies("ring_hash.v3.RingHash", maximum_ring_size=10)]}},
            [],
        ),
        (policy("ring_hash.v3.RingHash", maximum_ring_size=10), [f"error wrong-order {EXTENSION}.maximum_ring_size"]),
        ({"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 65537}}, []),
        ({"lb_policy": "MAGLEV", "maglev_lb_config": {}}, []),
        (
            {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 65536}},
            ["error bad-table-size maglev_lb_config.table_size"],
        ),
        (policy("maglev.v3.Maglev", table_size=10), [f"error bad-table-size {EXTENSION}.table_size"]),
        ({"lb_policy": "LOAD_BALANCING_POLICY_CONFIG"}, ["error missing-field lb_policy"]),
        ({"lb_policy": "LOAD_BALANCING_POLICY_CONFIG", **policy("random.v3.Random")}, []),
        ({"load_balancing_policy": {}}, ["error missing-field load_balancing_policy"]),
    ],
)
def test_policies(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(**fields)) == expected


SELECTOR = "error unfit-for-type lb_subset_config.subset_selectors[0]"


@pytest.mark.parametrize("kind", ["STATIC", "STRICT_DNS", "LOGICAL_DNS"])
def test_only_names_are_hashed_as_names(kind: str) -> None:
    by_name = {"consistent_hashing_lb_config": {"use_hostname_for_hashing": True}}
    place = "common_lb_config.consistent_hashing_lb_config.use_hostname_for_hashing"
    found = [each for each in told(cluster(type=kind, common_lb_config=by_name)) if each.endswith(place)]

    assert found == ([] if kind == "STRICT_DNS" else [f"error unfit-for-type {place}"])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"keys": ["a"]}, []),
        ({"keys": ["a", "b"], "fallback_policy": "KEYS_SUBSET", "fallback_keys_subset": ["a"]}, []),
        ({"keys": ["a"], "fallback_policy": "KEYS_SUBSET"}, [f"{SELECTOR}.fallback_policy"]),
        (
            {"keys": ["a"], "fallback_policy": "KEYS_SUBSET", "fallback_keys_subset": ["a"]},
            [f"{SELECTOR}.fallback_keys_subset"],
        ),
        (
            {"keys": ["a"], "fallback_policy": "KEYS_SUBSET", "fallback_keys_subset": ["b"]},
            [f"{SELECTOR}.fallback_keys_subset"],
        ),
        ({"keys": ["a", "b"], "fallback_keys_subset": ["a"]}, [f"{SELECTOR}.fallback_keys_subset"]),
    ],
)
def test_subsets(selector: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(lb_subset_config={"subset_selectors": [selector]})) == expected
