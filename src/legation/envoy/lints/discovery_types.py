"""Where a cluster has its endpoints from, and what else it may say then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.endpoints import unresolved
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.understanding import type_of
from legation.model.objects import FieldPath

_CLUSTERS = "envoy.extensions.clusters."
_PROVIDING = frozenset({f"{_CLUSTERS}aggregate.v3.ClusterConfig", f"{_CLUSTERS}dynamic_forward_proxy.v3.ClusterConfig"})
"""Extensions that choose the endpoint themselves."""
_NAMES: Mapping[int, str] = {0: "STATIC", 1: "STRICT_DNS", 2: "LOGICAL_DNS", 3: "EDS", 4: "ORIGINAL_DST"}
_ORIGINAL_DST = 4
_CLUSTER_PROVIDED = 6
"""Numbers of `Cluster.DiscoveryType` and `LbPolicy`: to ask the enums themselves costs more than all the rest."""
_POLICIES = "envoy.extensions.load_balancing_policies."
_PROVIDED = f"{_POLICIES}cluster_provided.v3.ClusterProvided"
_OTHER_POLICIES = frozenset(
    {
        f"{_POLICIES}least_request.v3.LeastRequest",
        f"{_POLICIES}maglev.v3.Maglev",
        f"{_POLICIES}random.v3.Random",
        f"{_POLICIES}ring_hash.v3.RingHash",
        f"{_POLICIES}round_robin.v3.RoundRobin",
    }
)
"""Policies that every Envoy knows, and that choose an endpoint."""


def _cluster(cluster: Any) -> Iterator[Finding]:
    if cluster.HasField("cluster_type"):
        yield from _extension(cluster)
        return
    # Without a word it is STATIC.
    kind = _NAMES.get(cluster.type, "")
    yield from _KINDS.get(kind, _nothing)(cluster)
    if kind != "EDS":
        yield from _not_eds(cluster, kind)
    if kind and cluster.type != _ORIGINAL_DST and _is_provided(cluster):
        yield refused(
            "lb-policy",
            _policy_field(cluster),
            f"a cluster of type {kind} chooses no endpoint itself, as this policy says (CLUSTER_PROVIDED)",
            "take another policy, such as ROUND_ROBIN",
        )


def _nothing(_: Any) -> Iterator[Finding]:
    yield from ()


def _static(cluster: Any) -> Iterator[Finding]:
    yield from unresolved(
        cluster.load_assignment,
        ("load_assignment",),
        message="a STATIC cluster looks up no names: Envoy wants an IP address here, without brackets",
        mend="write an IP address, or type: STRICT_DNS (or LOGICAL_DNS) for a name",
    )
    yield from _empty(cluster)


def _strict_dns(cluster: Any) -> Iterator[Finding]:
    yield from _no_resolvers(cluster, "STRICT_DNS")
    yield from _empty(cluster)


def _logical_dns(cluster: Any) -> Iterator[Finding]:
    yield from _no_resolvers(cluster, "LOGICAL_DNS")
    localities = cluster.load_assignment.endpoints
    if len(localities) != 1 or len(localities[0].lb_endpoints) != 1:
        yield refused(
            "endpoint-count",
            ("load_assignment",) if cluster.HasField("load_assignment") else ("type",),
            "a LOGICAL_DNS cluster has exactly one locality with one endpoint in its load_assignment",
            "leave one of them, or take type: STRICT_DNS",
        )


def _no_resolvers(cluster: Any, kind: str) -> Iterator[Finding]:
    for index, locality in enumerate(cluster.load_assignment.endpoints):
        for number, each in enumerate(locality.lb_endpoints):
            if each.endpoint.address.socket_address.resolver_name:
                path = ("load_assignment", "endpoints", index, "lb_endpoints", number)
                yield refused(
                    "unfit-for-type",
                    (*path, "endpoint", "address", "socket_address", "resolver_name"),
                    f"an endpoint of a {kind} cluster has no resolver of its own",
                    "take it out",
                )


def _eds(cluster: Any) -> Iterator[Finding]:
    if not cluster.HasField("eds_cluster_config"):
        yield refused(
            "missing-field",
            ("type",),
            "an EDS cluster says in eds_cluster_config where its endpoints come from",
            "add eds_cluster_config: {eds_config: {ads: {}, resource_api_version: V3}}",
        )
    elif cluster.eds_cluster_config.eds_config.WhichOneof("config_source_specifier") is None:
        yield refused(
            "missing-field",
            ("eds_cluster_config",),
            "eds_config does not say where the endpoints come from",
            "add eds_config: {ads: {}, resource_api_version: V3}",
        )
    if cluster.HasField("load_assignment"):
        yield doubtful(
            "unused-field",
            ("load_assignment",),
            "an EDS cluster asks for its endpoints, so these are not used",
            "take them out, or write the type that fits them, such as STATIC",
        )


def _original_dst(cluster: Any) -> Iterator[Finding]:
    if cluster.lb_policy != _CLUSTER_PROVIDED:
        yield refused(
            "lb-policy",
            ("lb_policy",) if cluster.lb_policy else ("type",),
            "an ORIGINAL_DST cluster goes where the client wanted to, so CLUSTER_PROVIDED is its one policy",
            "write lb_policy: CLUSTER_PROVIDED",
        )
    if cluster.HasField("load_assignment"):
        yield refused(
            "unfit-for-type",
            ("load_assignment",),
            "an ORIGINAL_DST cluster goes where the client wanted to, so it has no endpoints of its own",
            "take them out",
        )
    if cluster.HasField("lb_subset_config") and cluster.lb_subset_config.subset_selectors:
        yield refused(
            "unfit-for-type",
            ("lb_subset_config",),
            "an ORIGINAL_DST cluster has no endpoints, and so no subsets",
            "take it out",
        )


def _extension(cluster: Any) -> Iterator[Finding]:
    provides = type_of(cluster.cluster_type.typed_config) in _PROVIDING
    if provides and _is_provided(cluster) is False:
        yield refused(
            "lb-policy",
            _policy_field(cluster) or ("cluster_type",),
            "this type of cluster chooses the endpoint itself, so CLUSTER_PROVIDED is its one policy",
            "write lb_policy: CLUSTER_PROVIDED",
        )


def _not_eds(cluster: Any, kind: str) -> Iterator[Finding]:
    if kind and cluster.HasField("eds_cluster_config"):
        yield refused(
            "unfit-for-type",
            ("eds_cluster_config",),
            f"a cluster of type {kind} does not ask for its endpoints",
            "take it out, or write type: EDS",
        )
    for index, locality in enumerate(cluster.load_assignment.endpoints if kind == "STATIC" else ()):
        if locality.HasField("leds_cluster_locality_config"):
            yield refused(
                "unfit-for-type",
                ("load_assignment", "endpoints", index, "leds_cluster_locality_config"),
                "a STATIC cluster takes no endpoints by LEDS",
                "write the endpoints here, or write type: EDS",
            )


def _empty(cluster: Any) -> Iterator[Finding]:
    # Without a word about endpoints it is one that somebody begins to write.
    if not cluster.HasField("load_assignment"):
        return
    if not any(
        each.lb_endpoints or each.HasField("leds_cluster_locality_config") for each in cluster.load_assignment.endpoints
    ):
        yield doubtful(
            "no-endpoints",
            ("load_assignment",),
            "the cluster has no endpoints, so Envoy answers what is for it with 503",
            "add an endpoint",
        )


def _is_provided(cluster: Any) -> bool | None:
    """Say whether the policy is that the cluster chooses the endpoint itself; None: it cannot be told."""
    if not cluster.HasField("load_balancing_policy"):
        return bool(cluster.lb_policy == _CLUSTER_PROVIDED)
    # Envoy takes the first policy that it knows.
    for each in cluster.load_balancing_policy.policies[:1]:
        name = type_of(each.typed_extension_config.typed_config)
        if name == _PROVIDED:
            return True
        if name in _OTHER_POLICIES:
            return False
    return None


def _policy_field(cluster: Any) -> FieldPath:
    if cluster.HasField("load_balancing_policy"):
        return ("load_balancing_policy", "policies", 0)
    return ("lb_policy",) if cluster.lb_policy else ()


_KINDS: Mapping[str, Any] = {
    "STATIC": _static,
    "STRICT_DNS": _strict_dns,
    "LOGICAL_DNS": _logical_dns,
    "EDS": _eds,
    "ORIGINAL_DST": _original_dst,
}

LINTS: Lints = {"envoy.config.cluster.v3.Cluster": _cluster}
