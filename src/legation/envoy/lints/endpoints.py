"""The endpoints of an assignment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.addresses import HOST, is_surely_fit, unfit_socket
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath

_MEND = "write an IP address, or the endpoints into the load_assignment of a cluster of type STRICT_DNS"
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
            if not is_surely_fit(each.endpoint.address) or each.endpoint.additional_addresses:
                yield from _of_one(each, (*path, "endpoints", index, "lb_endpoints", number), message, mend)


def _of_one(lb_endpoint: Any, path: FieldPath, message: str, mend: str) -> Iterator[Finding]:
    endpoint = lb_endpoint.endpoint
    yield from _unresolved(endpoint.address, (*path, "endpoint", "address"), message, mend)
    for extra, other in enumerate(endpoint.additional_addresses):
        inner = (*path, "endpoint", "additional_addresses", extra, "address")
        yield from _unresolved(other.address, inner, message, mend)


def _unresolved(address: Any, path: FieldPath, message: str, mend: str) -> Iterator[Finding]:
    unfit = unfit_socket(address, path)
    if unfit is not None:
        yield refused(HOST, unfit.path, message, mend) if unfit.code == HOST else unfit


def _delivered(lb_endpoint: Any) -> Iterator[Finding]:
    if not is_surely_fit(lb_endpoint.endpoint.address) or lb_endpoint.endpoint.additional_addresses:
        message = "Envoy takes no names by EDS: it wants an IP address here, without brackets"
        yield from _of_one(lb_endpoint, (), message, _MEND)


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


LINTS: Lints = {
    "envoy.config.endpoint.v3.ClusterLoadAssignment.Policy": _policy,
    "envoy.config.endpoint.v3.Endpoint": _endpoint,
    "envoy.config.endpoint.v3.LocalityLbEndpoints": _locality,
}
DELIVERED: Lints = {"envoy.config.endpoint.v3.LbEndpoint": _delivered}
"""Of an assignment that comes by EDS and is no part of a cluster."""
