"""Addresses that Envoy takes as they are: IP addresses with a port. Names are looked up in few places only."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.tell import refused
from legation.model.objects import FieldPath

HOST = "no-ip-address"
"""The code of a finding about something else than an IP address."""
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_USUAL = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


@lru_cache(maxsize=4096)
def is_ip(text: str) -> bool:
    """Say whether Envoy takes that text for an IP address."""
    if _USUAL.fullmatch(text):  # to make an address of it costs three times as much
        return True
    try:
        IPv4Address(text)
    except AddressValueError:
        try:
            IPv6Address(text)
        except AddressValueError:
            return False
    return True


def is_surely_fit(address: Any) -> bool:
    """Say whether an Address is an IP address and the number of a port: nearly all are, and to see that is cheap."""
    socket = address.socket_address
    return bool(socket.port_value) and bool(socket.address) and is_ip(socket.address)


def unfit_socket(address: Any, path: FieldPath) -> Finding | None:
    """Return why an Address that nothing resolves is refused; None: it is not, or something resolves it.

    Args:
        address: An `envoy.config.core.v3.Address`.
        path: Where it stands.
    """
    kind = address.WhichOneof("address")
    if kind is None:
        return refused(
            "missing-field", path, "there is no address", "add socket_address: {address: <IP address>, port_value: ...}"
        )
    socket = address.socket_address
    if kind != "socket_address" or socket.resolver_name:
        return None
    if socket.address and not is_ip(socket.address):
        return refused(
            HOST,
            (*path, "socket_address", "address"),
            "Envoy looks up no name here: it wants an IP address, without brackets",
            "write an IP address",
        )
    if socket.WhichOneof("port_specifier") == "named_port":
        return refused(
            "no-port-number",
            (*path, "socket_address", "named_port"),
            "Envoy looks up no name of a port here",
            "write port_value with the number",
        )
    return None
