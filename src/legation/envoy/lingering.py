"""Whether a listener lingers: whether it goes on for those who use it already when it was replaced or removed.

Envoy closes the socket of a listener that it stops, and lets its connections end by themselves (`--drain-time-s`). A
listener of datagrams has no connections: its filters, and with them their sessions, are deleted as soon as it is
stopped (`ActiveRawUdpListener::shutdownListener`). One of QUIC has connections again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from legation.model.resource_types import LISTENER

if TYPE_CHECKING:
    from google.protobuf.message import Message


def lingers(message: Message) -> bool:
    """Say whether a resource goes on when it was replaced or removed: all do but listeners of plain UDP."""
    if message.DESCRIPTOR.full_name != LISTENER.message:
        return True
    listener: Any = message
    if listener.udp_listener_config.HasField("quic_options"):
        return True
    addresses = (listener.address, *(each.address for each in listener.additional_addresses))
    return not all(is_udp(address) for address in addresses)


def is_udp(address: Any) -> bool:
    """Say whether an address is one of datagrams."""
    return bool(address.socket_address.protocol == address.socket_address.UDP)
