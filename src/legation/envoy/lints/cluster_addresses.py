"""The addresses that a cluster connects from, and those that it asks for names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.addresses import HOST, is_ip, unfit_socket
from legation.envoy.lints.base import Lints
from legation.envoy.lints.durations import nanoseconds
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath

_LOOKING_UP = frozenset({1, 2})
"""Of `Cluster.DiscoveryType`: STRICT_DNS, LOGICAL_DNS."""


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
    if rate.HasField("max_interval") and nanoseconds(rate.max_interval) < nanoseconds(rate.base_interval):
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


LINTS: Lints = {
    "envoy.config.cluster.v3.Cluster": _names,
    "envoy.config.core.v3.BindConfig": _bind,
}
