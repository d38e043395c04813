"""The endpoints of an assignment, and the addresses that a cluster connects from and asks for names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.addresses import HOST, is_ip, unfit_socket
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath

_MEND = "write an IP address, or the endpoints into the load_assignment of a cluster of type STRICT_DNS"
_LOOKING_UP = frozenset({1, 2})
"""Of `Cluster.DiscoveryType`: STRICT_DNS, LOGICAL_DNS."""
_WHOLE = (100, 10_000, 1_000_000)
"""What an enum of denominators stands for."""


def unresolved(assignment: Any, path: FieldPath, *, message: str, mend: str) -> Iterator[Finding]:
    """Yield the addresses of an assignment that are no IP addresses, where nobody looks up names.

    Args:
        assignment: A ClusterLoadAssignment.
        path: Where it stands.
        message: What is said of a name.
        mend: What its owner can do about it.
    """
    for index, locality in enumerate(assignment.endpoints):
        for number, each in enumerate(locality.lb_endpoints):
            where = (*path, "endpoints", index, "lb_endpoints", number, "endpoint")
            yield from _unresolved(each.endpoint.address, (*where, "address"), message, mend)
            for extra, other in enumerate(each.endpoint.additional_addresses):
                inner = (*where, "additional_addresses", extra, "address")
                yield from _unresolved(other.address, inner, message, mend)


def _unresolved(address: Any, path: FieldPath, message: str, mend: str) -> Iterator[Finding]:
    unfit = unfit_socket(address, path)
    if unfit is not None:
        yield refused(HOST, unfit.path, message, mend) if unfit.code == HOST else unfit


def _delivered(assignment: Any) -> Iterator[Finding]:
    message = "Envoy takes no names by EDS: it wants an IP address here, without brackets"
    yield from unresolved(assignment, (), message=message, mend=_MEND)


def _locality(locality: Any) -> Iterator[Finding]:
    if locality.lb_endpoints and locality.HasField("leds_cluster_locality_config"):
        yield refused(
            "either-or",
            ("leds_cluster_locality_config",),
            "the endpoints of a locality stand in lb_endpoints or come by LEDS, not both",
            "take one of them out",
        )


def _endpoint(endpoint: Any) -> Iterator[Finding]:
    if endpoint.address.WhichOneof("address") == "pipe" and endpoint.health_check_config.port_value:
        yield refused(
            "unfit-for-type",
            ("health_check_config", "port_value"),
            "the endpoint is a pipe, which has no ports",
            "take the port out, or add an address to health_check_config",
        )


def _policy(policy: Any) -> Iterator[Finding]:
    drops = policy.drop_overloads
    if len(drops) > 1:
        yield refused(
            "too-many-drops",
            ("drop_overloads", 1),
            "Envoy takes one category of requests to drop",
            "leave one, with the percentages of all",
        )
    for index, each in enumerate(drops):
        share = each.drop_percentage
        if share.denominator < len(_WHOLE) and share.numerator > _WHOLE[share.denominator]:
            yield refused(
                "bad-value",
                ("drop_overloads", index, "drop_percentage", "numerator"),
                "this is more than all requests",
                "write a share of the denominator",
            )


def _bind(bind: Any) -> Iterator[Finding]:
    if bind.HasField("source_address"):
        yield from _socket(bind.source_address, ("source_address",))
    else:
        for field in ("extra_source_addresses", "additional_source_addresses"):
            if getattr(bind, field):
                yield refused(
                    "missing-field",
                    (field,),
                    "further addresses to connect from need a first one",
                    "add source_address",
                )
    for index, each in enumerate(bind.extra_source_addresses):
        yield from _socket(each.address, ("extra_source_addresses", index, "address"))


def _socket(socket: Any, path: FieldPath) -> Iterator[Finding]:
    if socket.address and not socket.resolver_name and not is_ip(socket.address):
        yield refused(HOST, (*path, "address"), "Envoy looks up no name here: it wants an IP address", "write one")


def _names(cluster: Any) -> Iterator[Finding]:
    """Tell what is wrong with how names are looked up; a cluster that looks up none has it ignored."""
    if cluster.WhichOneof("cluster_discovery_type") != "type" or cluster.type not in _LOOKING_UP:
        return
    if not cluster.HasField("typed_dns_resolver_config"):
        for index, each in enumerate(cluster.dns_resolvers):
            yield from _unfit(each, ("dns_resolvers", index))
    rate = cluster.dns_failure_refresh_rate
    if rate.HasField("max_interval") and _nanoseconds(rate.max_interval) < _nanoseconds(rate.base_interval):
        yield refused(
            "wrong-order",
            ("dns_failure_refresh_rate", "max_interval"),
            "the longest pause is shorter than the first one, base_interval",
            "make it at least as long",
        )


def _unfit(address: Any, path: FieldPath) -> Iterator[Finding]:
    unfit = unfit_socket(address, path)
    if unfit is not None:
        yield unfit


def _nanoseconds(duration: Any) -> int:
    return int(duration.seconds * 1_000_000_000 + duration.nanos)


LINTS: Lints = {
    "envoy.config.cluster.v3.Cluster": _names,
    "envoy.config.core.v3.BindConfig": _bind,
    "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy": _policy,
    "envoy.config.endpoint.v3.Endpoint": _endpoint,
    "envoy.config.endpoint.v3.LocalityLbEndpoints": _locality,
}
DELIVERED: Lints = {"envoy.config.endpoint.v3.ClusterLoadAssignment": _delivered}
"""Of what comes by EDS, which is no part of a cluster."""
