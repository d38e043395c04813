"""The endpoints of one port of a Service as Envoy's localities: merged, paired, sorted. Pure.

It knows which endpoints get requests and how Envoy is told, and refuses to know names, ports of Services and faults.
The invariant: an address with its port stands in the result once, and the order of what is put in never matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple, TypeAlias

from legation.model.cluster import Endpoint


class State(IntEnum):
    """What an endpoint is good for, the best first."""

    READY = 0
    DRAINING = 1
    """It ends, and still serves what it has."""


class _Known(NamedTuple):
    """What is known of one address."""

    state: State
    target: str
    zone: str


_Spot: TypeAlias = tuple[tuple[int, int, str], int]
"""An address as it is sorted (family, number, text), and a port."""


@dataclass(slots=True)
class Endpoints:
    """Collects the endpoints of all slices, then tells them as localities."""

    preferred: int = 4
    """The family whose address goes first where an endpoint has one of each: 4 or 6."""
    protocol: str = "TCP"
    every_ready: bool = False
    """The Service publishes its endpoints whether they are ready or not."""
    unreadable: int = field(default=0, init=False)
    """How many were left out since their address is none."""
    _found: dict[_Spot, _Known] = field(default_factory=dict, init=False, repr=False)

    def add(self, endpoints: Iterable[Endpoint], port: int) -> None:
        """Put in the endpoints of one slice, which serve at that port."""
        found = self._found
        for endpoint in endpoints:
            state = State.READY if self.every_ready else _state(endpoint)
            if state is None:
                continue
            address = _address(endpoint.addresses[0]) if endpoint.addresses else None
            if address is None:
                self.unreadable += 1
                continue
            known = _Known(state, endpoint.target, endpoint.zone)
            spot = (address, port)
            old = found.get(spot)
            # While an endpoint moves from one slice to another it is in both. Nobody can tell which is newer.
            found[spot] = known if old is None else min(old, known, key=_preference)

    def localities(self) -> list[dict[str, Any]]:
        """Return `ClusterLoadAssignment.endpoints`: a locality for each zone, and one for the endpoints without.

        A locality weighs as much as it has endpoints for requests, so that all endpoints get alike many, which is what
        a Service means. Envoy reads the weight only where a cluster sets `locality_weighted_lb_config`; gRPC without a
        proxy uses no locality that has none. No priorities: a zone is no better than another for everybody.
        """
        # As kube-proxy does it: who still serves is better than nobody.
        # https://kubernetes.io/docs/concepts/services-networking/service/#traffic-to-terminating-endpoints
        nobody_ready = all(known.state is State.DRAINING for known in self._found.values())
        items = sorted(self._found.items())  # by their keys alone, as no two are equal
        pairs = self._pairs(items)
        seconds = set(pairs.values())
        zones: dict[str, list[Any]] = {}
        for spot, known in items:
            if spot in seconds:
                continue
            state, zone = known.state, known.zone
            endpoint = {"address": self._socket_address(spot)}
            second = pairs.get(spot)
            if second is not None:
                other = self._found[second]
                state, zone = min(state, other.state), zone or other.zone
                # Envoy tries both, as RFC 8305 says ("happy eyeballs"); they may be of either family.
                endpoint["additional_addresses"] = [{"address": self._socket_address(second)}]
            item: dict[str, Any] = {"endpoint": endpoint}
            if state is State.DRAINING and not nobody_ready:
                item["health_status"] = "DRAINING"
            zones.setdefault(zone, []).append(item)
        return [_locality(zone, placed) for zone, placed in sorted(zones.items())]

    def _pairs(self, items: Iterable[tuple[_Spot, _Known]]) -> Mapping[_Spot, _Spot]:
        """Return the second address of each endpoint that has one in both families, by the first."""
        if len({address[0] for address, _ in self._found}) < 2:
            return {}
        of_target: dict[str, tuple[list[_Spot], list[_Spot]]] = {}
        for spot, known in items:
            if known.target:
                families = of_target.setdefault(known.target, ([], []))
                families[spot[0][0] != self.preferred].append(spot)
        return {
            first: second
            for firsts, seconds in of_target.values()
            for first, second in zip(firsts, seconds, strict=False)  # who has no fellow stands by itself
        }

    def _socket_address(self, spot: _Spot) -> Any:
        (_, _, address), port = spot
        socket: dict[str, Any] = {"address": address, "port_value": port}
        if self.protocol != "TCP":  # which is what Envoy takes it for anyway
            socket["protocol"] = self.protocol
        return {"socket_address": socket}


def _locality(zone: str, placed: list[Any]) -> dict[str, Any]:
    weight = sum(1 for each in placed if "health_status" not in each)
    return {
        "locality": {"zone": zone} if zone else {},
        "load_balancing_weight": max(1, weight),  # which is the least that it may be
        "lb_endpoints": placed,
    }


def family(families: Sequence[str]) -> int:
    """Return the family that a Service prefers, from its `ipFamilies`: 4 or 6."""
    return 6 if families and families[0] == "IPv6" else 4


def _state(endpoint: Endpoint) -> State | None:
    """Return what the endpoint is good for; None to leave it out.

    Who is not ready is left out, not sent as UNHEALTHY: too many of those set off Envoy's panic mode, which sends
    requests to all of them. Source: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions
    """
    if endpoint.is_ready:
        return State.READY
    return State.DRAINING if endpoint.is_serving and endpoint.terminating else None


def _preference(known: _Known) -> tuple[State, bool, str, bool, str]:
    return known.state, not known.target, known.target, not known.zone, known.zone


@lru_cache(maxsize=1 << 14)
def _address(text: str) -> tuple[int, int, str] | None:
    """Return an IP address in its canonical spelling, as it is sorted, or None where the text is none.

    Envoy refuses a whole assignment for one address that it cannot read.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else (address.version, int(address), str(address))
