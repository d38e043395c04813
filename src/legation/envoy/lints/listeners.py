"""What a listener binds, and what serves there."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lingering import is_udp
from legation.envoy.lints.addresses import unfit_socket
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import refused
from legation.envoy.understanding import type_of
from legation.model.objects import FieldPath

_LISTENER_FILTER, _UDP_FILTER = "envoy.extensions.filters.listener.", "envoy.extensions.filters.udp."
_QUIC = "envoy.extensions.transport_sockets.quic."


def _listener(listener: Any) -> Iterator[Finding]:
    # One for programs that have Envoy as a library binds nothing.
    if listener.HasField("api_listener"):
        return
    yield from _address(listener)
    yield from _unbound(listener)
    yield from _protocols(listener)
    yield from _serving(listener)


def _address(listener: Any) -> Iterator[Finding]:
    internal = listener.HasField("internal_listener")
    if listener.HasField("address"):
        if internal:
            yield refused(
                "either-or",
                ("address",),
                "an internal listener is found by its name, and has no address",
                "take address out, or internal_listener",
            )
        elif listener.address.WhichOneof("address") == "envoy_internal_address":
            yield refused(
                "wrong-type",
                ("address", "envoy_internal_address"),
                "a listener inside Envoy has no address: it is found by its name",
                "write internal_listener: {} in place of address",
            )
        yield from _bound(listener.address, ("address",))
    elif not internal:
        yield refused(
            "missing-field",
            (),
            "the listener has no address",
            "add address: {socket_address: {address: 0.0.0.0, port_value: ...}}",
        )
    for index, each in enumerate(listener.additional_addresses):
        yield from _bound(each.address, ("additional_addresses", index, "address"))


def _unbound(listener: Any) -> Iterator[Finding]:
    binds = listener.bind_to_port.value if listener.HasField("bind_to_port") else _old_way(listener)
    if listener.transparent.value and not binds and not is_udp(listener.address):
        yield refused(
            "unfit-for-type",
            ("transparent",),
            "Envoy crashes on it: the listener binds no socket (bind_to_port) that could be transparent",
            "take it out, or let the listener bind its port",
        )


def _old_way(listener: Any) -> bool:
    old = listener.deprecated_v1
    return not old.HasField("bind_to_port") or bool(old.bind_to_port.value)


def _bound(address: Any, path: FieldPath) -> Iterator[Finding]:
    unfit = unfit_socket(address, path)
    if unfit is not None:
        yield unfit
    elif address.socket_address.ipv4_compat and not _hears_ipv4(address.socket_address.address):
        yield refused(
            "bad-value",
            (*path, "socket_address", "ipv4_compat"),
            "of IPv6 addresses, only :: and those that stand for an IPv4 address hear IPv4 too",
            "take it out, or write the address ::",
        )


def _hears_ipv4(address: str) -> bool:
    try:
        ip = IPv6Address(address)
    except AddressValueError:
        return False
    return ip.is_unspecified or ip.ipv4_mapped is not None


def _protocols(listener: Any) -> Iterator[Finding]:
    udp = is_udp(listener.address)
    for index, each in enumerate(listener.additional_addresses):
        socket = each.address.WhichOneof("address") == "socket_address"
        if socket and listener.HasField("address") and is_udp(each.address) != udp:
            yield refused(
                "udp-or-tcp",
                ("additional_addresses", index, "address"),
                "all addresses of a listener are of UDP, or none is",
                "make a listener of its own for this one",
            )


def _serving(listener: Any) -> Iterator[Finding]:
    chains = len(listener.filter_chains)
    if not is_udp(listener.address):
        if not chains and not listener.HasField("default_filter_chain"):
            yield refused(
                "missing-field",
                (),
                "the listener has no filter chains, so nothing serves its connections",
                "add filter_chains",
            )
        yield from _wrong_filters(listener, _UDP_FILTER, "UDP filter", "TCP")
        return
    if not listener.udp_listener_config.HasField("quic_options"):
        if chains:
            yield refused(
                "udp-or-tcp",
                ("filter_chains",),
                "a UDP listener has no connections, and so no filter chains",
                "write its UDP filters into listener_filters, or protocol: TCP into its address",
            )
        yield from _wrong_filters(listener, _LISTENER_FILTER, "filter for connections", "UDP")


def _wrong_filters(listener: Any, prefix: str, what: str, protocol: str) -> Iterator[Finding]:
    for index, each in enumerate(listener.listener_filters):
        if type_of(each.typed_config).startswith(prefix):
            yield refused(
                "udp-or-tcp",
                ("listener_filters", index),
                f"this is a {what}, and the listener is one of {protocol}",
                "take the filter out, or write another protocol into the listener's address",
            )


LINTS: Lints = {"envoy.config.listener.v3.Listener": _listener}
