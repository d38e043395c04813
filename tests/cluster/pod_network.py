"""The network of one Pod: who listens at 0.0.0.0 in it has every port for himself.

It is joined to the network around it by a cable, as a node's Pods are. What is sent from it goes to the network around,
where all the other Pods' addresses are.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from tests.cluster import interfaces
from tests.cluster.go_programs import Missing
from tests.cluster.interfaces import LOOPBACK
from tests.cluster.network import Namespace

_CABLE = "eth0"
_MASK = "255.255.255.0"
_SETTINGS = Path("/proc/sys/net/ipv4")
"""Of the network that who looks is in."""


class PodNetwork(Namespace):
    """A Pod's own network, for as long as the `with` block lasts and what was started in it runs."""

    def __init__(self, around: Namespace, number: int) -> None:
        """Make it.

        Args:
            around: The network that it is joined to.
            number: From 1 to 254, another one for each Pod there.
        """
        self.address = f"10.245.{number}.2"
        self._around = around
        self._outer = f"pod{number}"
        super().__init__(lambda: interfaces.bring_up(LOOPBACK))
        gateway = f"10.245.{number}.1"
        with around.entered():
            interfaces.join(self._outer, _CABLE, self.descriptor)
            interfaces.give_address(self._outer, gateway, _MASK)
            _set("ip_forward", 1)
        with self.entered():
            interfaces.give_address(_CABLE, self.address, _MASK)
            interfaces.route_all(by=gateway)
            # Whoever sends where nobody listens is told so each time, not once a second.
            _set("icmp_ratemask", 0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # The system would do it some moments later, and meanwhile nobody could have the number.
        with self._around.entered():
            interfaces.cut(self._outer)
        super().__exit__(kind, error, at)


def _set(name: str, value: int) -> None:
    try:
        (_SETTINGS / name).write_text(str(value))
    except OSError as error:
        raise Missing(f"networks of Pods take a /proc/sys that can be written: {error}") from error
