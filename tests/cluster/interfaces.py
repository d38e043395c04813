"""Interfaces and routes of the network that the calling thread is in, set up as `ip` would, for machines without it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

LOOPBACK = "lo"

_SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x8914, 0x8916, 0x891C  # SIOCSIF... of linux/sockios.h
_UP = 0x1 | 0x40  # IFF_UP | IFF_RUNNING of linux/if.h
_ADD_ROUTE, _ROUTE_UP, _BY_GATEWAY = 0x890B, 0x1, 0x2  # SIOCADDRT, RTF_UP, RTF_GATEWAY of linux/route.h
_ANYWHERE = "0.0.0.0"

_NEW_LINK, _DELETE_LINK = 16, 17  # RTM_... of linux/rtnetlink.h
_REQUEST, _FRESH = 0x1 | 0x4, 0x200 | 0x400  # NLM_F_REQUEST | NLM_F_ACK, NLM_F_EXCL | NLM_F_CREATE of linux/netlink.h
_NAME, _LINK_INFO, _NETWORK = 3, 18, 28  # IFLA_IFNAME, IFLA_LINKINFO, IFLA_NET_NS_FD of linux/if_link.h
_KIND, _DATA, _PEER = 1, 2, 1  # IFLA_INFO_KIND, IFLA_INFO_DATA; VETH_INFO_PEER of linux/veth.h
_ANY_LINK = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0)  # struct ifinfomsg


def bring_up(interface: str) -> None:
    """Let an interface carry something."""
    _configure(_SET_FLAGS, interface, struct.pack("=h", _UP))


def give_address(interface: str, address: str, mask: str) -> None:
    """Give an interface an address and the network around it, and bring it up."""
    _configure(_SET_ADDRESS, interface, _address(address))
    _configure(_SET_MASK, interface, _address(mask))
    if ":" not in interface:  # one more address of an interface is up with it
        bring_up(interface)


def route_all(*, by: str = "", through: str = "") -> None:
    """Send what is for no network of this machine by a gateway, or simply through an interface."""
    flags = _ROUTE_UP | (_BY_GATEWAY if by else 0)
    anywhere = _address(_ANYWHERE)
    device = ctypes.create_string_buffer(through.encode())
    # struct rtentry of linux/route.h: destination, gateway, mask, flags, ..., device, ...
    fields = (anywhere, _address(by or _ANYWHERE), anywhere, flags, 0, 0, 0, 0)
    made = struct.pack("@L16s16s16sHhLPhPLLH", 0, *fields, ctypes.addressof(device) if through else 0, 0, 0, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _ADD_ROUTE, made)


def join(interface: str, peer: str, network: int) -> None:
    """Make two interfaces that are the ends of one cable (veth): one here, its peer in another network.

    Args:
        interface: The name of the one here.
        peer: The name of the other.
        network: A descriptor of the network where that one is.
    """
    other = _ANY_LINK + _attribute(_NAME, _text(peer)) + _attribute(_NETWORK, struct.pack("=I", network))
    info = _attribute(_KIND, _text("veth")) + _attribute(_DATA, _attribute(_PEER, other))
    body = _ANY_LINK + _attribute(_NAME, _text(interface)) + _attribute(_LINK_INFO, info)
    _ask(_NEW_LINK, body, _FRESH)


def cut(interface: str) -> None:
    """Take an interface away, and with it the other end of its cable."""
    _ask(_DELETE_LINK, _ANY_LINK + _attribute(_NAME, _text(interface)))


def _ask(kind: int, body: bytes, flags: int = 0) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        # struct nlmsghdr: how long, what, how, and two numbers to know the answer by: there is one question.
        kernel.send(struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | flags, 1, 0) + body)
        answer = kernel.recv(65536)
    # struct nlmsgerr, for success too.
    (number,) = struct.unpack_from("=i", answer, 16)
    if number:
        raise OSError(-number, os.strerror(-number))


def _configure(request: int, interface: str, value: bytes) -> None:
    # struct ifreq: a name and what is set.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, request, struct.pack("16s24s", interface.encode(), value))


def _address(text: str) -> bytes:
    """Return struct sockaddr_in."""
    return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _attribute(kind: int, value: bytes) -> bytes:
    """Return struct rtattr and its value, which the next follows at a multiple of four."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)
