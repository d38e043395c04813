"""What a resource claims for itself: the addresses that a Listener binds.

Envoy refuses a listener that is new on an address which another one holds. It removes before it adds, so who takes over
the address of one that goes in the same response gets it (seen in Envoy 1.40; `LdsApiImpl::onConfigUpdate`).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from legation.model.resource_types import LISTENER

if TYPE_CHECKING:
    from google.protobuf.message import Message


def claims(message: Message) -> tuple[str, ...]:
    """Return what no other resource of the message's type can have at the same Envoy, as people read it."""
    if message.DESCRIPTOR.full_name != LISTENER.message:
        return ()
    listener: Any = message
    addresses = (listener.address, *(each.address for each in listener.additional_addresses))
    return tuple(dict.fromkeys(claim for address in addresses for claim in _bound(address)))


def _bound(address: Any) -> Iterator[str]:
    # Ports that the system gives (0), names that something else resolves, and internal addresses collide with nobody.
    if address.WhichOneof("address") == "pipe":
        yield f"unix:{address.pipe.path}"
    elif address.WhichOneof("address") == "socket_address" and address.socket_address.port_value:
        socket = address.socket_address
        try:
            host = ip_address(socket.address)
        except ValueError:
            return
        kind = "udp" if socket.protocol == socket.UDP else "tcp"
        shown = f"[{host}]" if host.version == 6 else str(host)
        space = f" in {socket.network_namespace_filepath}" if socket.network_namespace_filepath else ""
        yield f"{kind} {shown}:{socket.port_value}{space}"
