"""How a cluster chooses an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.envoy.understanding import type_of, understood

_SMALLEST_RING, _LARGEST_RING = 1024, 8 * 1024 * 1024
_LARGEST_TABLE = 5_000_011
_RING_HASH, _MAGLEV, _POLICY_CONFIG = 2, 5, 7
"""Of `Cluster.LbPolicy`."""
_STRICT_DNS = 1
"""Of `Cluster.DiscoveryType`."""
_POLICIES = "envoy.extensions.load_balancing_policies."


def _cluster(cluster: Any) -> Iterator[Finding]:
    yield from _by_host_name(cluster)
    yield from _old_policy(cluster)


def _by_host_name(cluster: Any) -> Iterator[Finding]:
    hashing = cluster.common_lb_config.consistent_hashing_lb_config
    # Of clusters that an extension makes it is not known.
    if hashing.use_hostname_for_hashing and cluster.type != _STRICT_DNS and not cluster.HasField("cluster_type"):
        yield refused(
            "unfit-for-type",
            ("common_lb_config", "consistent_hashing_lb_config", "use_hostname_for_hashing"),
            "only a cluster of type STRICT_DNS has endpoints that can be told apart by their host names",
            "take it out, or write it into the consistent_hashing_lb_config of a load_balancing_policy",
        )


def _old_policy(cluster: Any) -> Iterator[Finding]:
    # With subsets each of them has a policy of its own, which is made when there are endpoints.
    if cluster.HasField("load_balancing_policy") or cluster.lb_subset_config.subset_selectors:
        return
    if cluster.lb_policy == _POLICY_CONFIG:
        yield refused(
            "missing-field",
            ("lb_policy",),
            "this value says that load_balancing_policy tells the policy, and it is not there",
            "add load_balancing_policy, or take another value, such as ROUND_ROBIN",
        )
    elif cluster.lb_policy == _RING_HASH and cluster.HasField("ring_hash_lb_config"):
        yield from _below(_ring(cluster.ring_hash_lb_config), "ring_hash_lb_config")
    elif cluster.lb_policy == _MAGLEV and cluster.HasField("maglev_lb_config"):
        yield from _below(_table(cluster.maglev_lb_config), "maglev_lb_config")


def _below(found: Iterator[tuple[str, str, str, str]], field: str) -> Iterator[Finding]:
    for code, inner, message, mend in found:
        yield refused(code, (field, inner), message, mend)


def _ring(config: Any) -> Iterator[tuple[str, str, str, str]]:
    smallest = config.minimum_ring_size.value if config.HasField("minimum_ring_size") else _SMALLEST_RING
    largest = config.maximum_ring_size.value if config.HasField("maximum_ring_size") else _LARGEST_RING
    if smallest > largest:
        field = "maximum_ring_size" if config.HasField("maximum_ring_size") else "minimum_ring_size"
        yield (
            "wrong-order",
            field,
            f"at least is more than at most ({_SMALLEST_RING} and {_LARGEST_RING} where nothing is said)",
            "write a minimum_ring_size that is not above maximum_ring_size",
        )


def _table(config: Any) -> Iterator[tuple[str, str, str, str]]:
    # Larger ones break a rule of the protos.
    size = config.table_size.value
    if config.HasField("table_size") and size <= _LARGEST_TABLE and not _is_prime(size):
        yield "bad-table-size", "table_size", "the size of the table is no prime number", "write one, such as 65537"


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % each for each in range(2, int(number**0.5) + 1))


def _policy(policy: Any) -> Iterator[Finding]:
    if not policy.policies:
        yield refused(
            "missing-field",
            (),
            "no policy is named",
            "add one to policies, or take load_balancing_policy out",
        )
        return
    # Envoy takes the first one that it knows, and does not look at the others.
    config = policy.policies[0].typed_extension_config.typed_config
    judge = _EXTENSIONS.get(type_of(config))
    if judge is None:
        return
    try:
        found = list(judge(understood(config)))
    except DecodeError:
        return
    for code, field, message, mend in found:
        yield refused(code, ("policies", 0, "typed_extension_config", "typed_config", field), message, mend)


def _selector(selector: Any) -> Iterator[Finding]:
    keys, fallback = set(selector.keys), set(selector.fallback_keys_subset)
    if not keys:  # Envoy passes over it
        return
    by_keys = selector.fallback_policy == selector.KEYS_SUBSET
    wrong = ""
    if by_keys and not fallback:
        wrong = "the fallback policy KEYS_SUBSET needs it"
    elif by_keys and not fallback < keys:
        wrong = "it holds some of the keys, not all of them and no others"
    elif fallback and not by_keys:
        wrong = "it goes with the fallback policy KEYS_SUBSET alone"
    if wrong:
        field = "fallback_keys_subset" if fallback else "fallback_policy"
        yield refused(
            "unfit-for-type",
            (field,),
            f"fallback_keys_subset does not fit: {wrong}",
            "write some of the keys into it, with fallback_policy: KEYS_SUBSET; or leave both out",
        )


_EXTENSIONS: Mapping[str, Any] = {
    f"{_POLICIES}maglev.v3.Maglev": _table,
    f"{_POLICIES}ring_hash.v3.RingHash": _ring,
}

LINTS: Lints = {
    "envoy.config.cluster.v3.Cluster": _cluster,
    "envoy.config.cluster.v3.LoadBalancingPolicy": _policy,
    "envoy.config.cluster.v3.Cluster.LbSubsetConfig.LbSubsetSelector": _selector,
}
