"""EDS by name: `<namespace>/<service>:<port>` stands for the endpoints of that Service's EndpointSlices. Pure.

It knows names, ports and what to say when they do not fit; `endpoints.py` knows which endpoints are sent, and how.
A name whose Service exists is always answered, if need be by an assignment without endpoints: nothing waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from legation.model.cluster import Cluster, NamespacedName, Service, ServicePort, SlicePort
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT
from legation.translate.by_name import DNS_LABEL, Fault, Made, Target, missing
from legation.translate.endpoints import Endpoints, family

_NAME = re.compile(rf"({DNS_LABEL})/({DNS_LABEL}):({DNS_LABEL})")
"""Every number is a DNS label too."""
_FQDN = "FQDN"
_PROTOCOLS = ("TCP", "UDP")
"""Those of `envoy.config.core.v3.SocketAddress`."""
_SHOWN = 12
"""So many ports or slices are listed in a sentence."""


class EndpointSlices:
    """The maker of ClusterLoadAssignments."""

    row = CLUSTER_LOAD_ASSIGNMENT
    # A cluster in the bootstrap of an Envoy asks for its endpoints too. They are no secret.
    on_request = True

    def target(self, name: str) -> Target | None:
        """Return the Service and the port, by name or number, that the name stands for."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        namespace, service, port = match.groups()
        return Target(kind="Service", namespace=namespace, name=service, rest=port)

    def basis(self, target: Target, cluster: Cluster) -> Service | None:
        """Return the Service with its slices."""
        return cluster.services.get(NamespacedName(target.namespace, target.name))

    def make(self, name: str, target: Target, cluster: Cluster, *, now: float) -> Made:
        """Return the endpoints of the port."""
        del now
        service = self.basis(target, cluster)
        if service is None or not service.exists:
            return missing(_no_service(target, service))
        port = _port(service, target)
        if isinstance(port, Fault):
            # The addresses that it had are told as little as those of a Service that is gone: others will have them.
            return missing(port)
        endpoints = Endpoints(
            preferred=family(service.families), protocol=port.protocol, every_ready=service.publish_not_ready
        )
        for each in service.slices:
            for number in () if each.address_type == _FQDN else _numbers(each.ports, port):
                endpoints.add(each.endpoints, number)
        json = {"@type": self.row.url, "cluster_name": name, "endpoints": endpoints.localities()}
        return Made(json=json, faults=tuple(_warnings(service, port, target, endpoints.unreadable)))


MAKER = EndpointSlices()


def _numbers(ports: Iterable[SlicePort], port: ServicePort) -> Iterator[int]:
    """Yield the number at which a slice serves the port of the Service: one, or none.

    A slice that gives no number does not restrict them, so the Service's own is as good as any.
    """
    for each in ports:
        if each.name == port.name and each.protocol == port.protocol:
            yield port.number if each.number is None else each.number


def _port(service: Service, target: Target) -> ServicePort | Fault:
    """Return the port that is meant, by its name, else by its number; or why there is none."""
    asked = target.rest
    candidates = [each for each in service.ports if each.name == asked]  # a name may look like a number
    candidates = candidates or [each for each in service.ports if str(each.number) == asked]
    usable = [each for each in candidates if each.protocol in _PROTOCOLS]
    if len(usable) == 1:
        return usable[0]
    if usable:
        names = _listed(each.name for each in usable)
        return Fault(
            code="ambiguous-port",
            message=f"port {asked} of {target} is {' and '.join(sorted(each.protocol for each in usable))}",
            mend=f"ask for it by its name: {names}",
        )
    if candidates:
        return Fault(
            code="bad-protocol",
            message=f"port {asked} of {target} is {candidates[0].protocol}, which Envoy does not speak",
            mend="Envoy reaches TCP and UDP ports",
        )
    mend = f"its ports are {_listed(map(_shown, service.ports))}" if service.ports else "give the Service a port"
    return Fault(code="no-port", message=f"{target} has no port {asked}", mend=mend)


def _no_service(target: Target, service: Service | None) -> Fault:
    also = ", although EndpointSlices name it" if service is not None and service.slices else ""
    return Fault(
        code="no-service",
        message=f"there is no {target}{also}",
        mend="create it, or correct the name, which is <namespace>/<service>:<port>",
    )


def _warnings(service: Service, port: ServicePort, target: Target, unreadable: int) -> Iterator[Fault]:
    fqdn = [each.name for each in service.slices if each.address_type == _FQDN]
    if fqdn:
        yield _warning(
            "fqdn-slice",
            f"EndpointSlices of {target} hold host names, not addresses, and are left out: {_listed(fqdn)}",
            "EDS knows addresses only: for host names write a cluster of type STRICT_DNS",
        )
    if unreadable:
        yield _warning(
            "bad-endpoint-address",
            f"endpoints of {target} have no address that can be read, and are left out: {unreadable}",
            "correct the addresses in its EndpointSlices",
        )
    if not service.slices:
        yield _warning(
            "no-slices",
            f"there is no EndpointSlice of {target}, so it has no endpoints",
            f"give the Service a selector, or an EndpointSlice the label kubernetes.io/service-name: {target.name}",
        )
    used = [each for each in service.slices if each.address_type != _FQDN and each.endpoints]
    if used and not any(number for each in used for number in _numbers(each.ports, port)):
        ports = {f"{each.name or 'without a name'} ({each.protocol})" for one in used for each in one.ports}
        yield _warning(
            "no-slice-port",
            f"no EndpointSlice of {target} has its port {_shown(port)}, so it has no endpoints",
            f"in the slices a port must have the same name and protocol; theirs are {_listed(sorted(ports)) or 'none'}",
        )


def _warning(code: str, message: str, mend: str) -> Fault:
    return Fault(code=code, message=message, mend=mend, level=Level.WARNING)


def _shown(port: ServicePort) -> str:
    number = str(port.number) if port.protocol == "TCP" else f"{port.number}/{port.protocol}"
    return f"{port.name} ({number})" if port.name else number


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(islice(every, _SHOWN)) + more
