"""An Upstream as values: its hosts or its Service, its share in routes, and what it says of its cluster itself. Pure.

It knows fields, kinds and ranges, and refuses to know what Envoy is told (`upstream_clusters.py`). The invariant: what
it returns is sound, else an ERROR was told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from legation.model.objects import FieldPath
from legation.translate.addresses import ip, is_dns_name
from legation.translate.by_name import DNS_LABEL
from legation.translate.checked_fields import Fields
from legation.translate.shares import RoutePick

BASE_WEIGHT = 100
"""What a cluster counts that a route names alone, where the Upstream does not say it."""
MOST_WEIGHT = 1_000_000
"""Far below 32 bits, which the weights of one route, and of one assignment, may be together."""
_PORTS = 65_535
_LABEL = re.compile(DNS_LABEL)
_PICKS = {"configuration": "configuration", "virtualHost": "virtual_host", "name": "route", "cluster": "cluster"}
_WHERE = "write hosts: [{address: 10.0.0.1, port: 8080}], or service: {name: reviews, port: http}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One of the hosts."""

    address: str
    """An IP address in its one spelling, or a DNS name."""
    by_dns: bool
    port: int
    weight: int | None
    path: FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A port of a Service."""

    namespace: str
    """Empty: that of the object."""
    name: str
    port: str
    """Its name or number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """All that is below spec, but for who gets it."""

    hosts: tuple[Host, ...] | None
    """None: it has none, which is not the same as an empty list."""
    service: ServicePort | None
    cluster: Mapping[str, Any] = field(repr=False)
    """Fields of Envoy's Cluster in either spelling; empty where nothing is said."""
    weight: int
    base_weight: int
    picks: tuple[RoutePick, ...]


def read_upstream(spec: Fields) -> Upstream:
    """Return what the spec says; what is wrong is told."""
    spec.know("hosts", "service", "weight", "baseWeight", "routes", "cluster", "workloadSelector")
    hosts = tuple(_hosts(spec)) if spec.has("hosts") else None
    below = spec.below("service") if spec.has("service") else None
    cluster = spec.below("cluster") if spec.has("cluster") else None
    if spec.has("hosts") and spec.has("service"):
        spec.tell("hosts and service both say where it is", mend="leave one of them out")
    return Upstream(
        hosts=hosts,
        service=None if below is None else _service(below),
        cluster={} if cluster is None else cluster.value,
        weight=spec.whole_or("weight", 0, least=0, most=MOST_WEIGHT),
        base_weight=spec.whole_or("baseWeight", BASE_WEIGHT, least=0, most=MOST_WEIGHT),
        picks=tuple(_picks(spec)),
    )


def tell_nowhere(spec: Fields) -> None:
    """Tell that nothing says where the upstream is."""
    spec.tell("there is neither hosts nor service", mend=_WHERE)


def _hosts(spec: Fields) -> Iterator[Host]:
    first: dict[tuple[str, int], int] = {}
    for index, each in enumerate(spec.each("hosts", what="a host")):
        each.know("address", "port", "weight")
        text = each.text("address", mend="write an IP address or a DNS name")
        address = ip(text) or (text if is_dns_name(text) else "")
        if text and not address:
            mend = "write it without brackets, zone and port: 10.0.0.1, 2001:db8::1 or reviews.example.com"
            each.tell("address is neither an IP address nor a DNS name in lower case", "address", mend=mend)
        port = each.whole("port", most=_PORTS)
        weight = each.maybe_whole("weight", most=MOST_WEIGHT)
        if address and port:
            other = first.setdefault((address, port), index)
            if other != index:
                each.tell(f"this host stands in hosts[{other}] already", mend="leave one of the two out")
            yield Host(address=address, by_dns=not ip(text), port=port, weight=weight, path=each.path)


def _service(below: Fields) -> ServicePort | None:
    below.know("name", "port", "namespace")
    name = _label(below, "name", needed=True)
    namespace = _label(below, "namespace", needed=False)
    port = below.value.get("port")
    if isinstance(port, int) and not isinstance(port, bool):
        port = str(below.whole("port", most=_PORTS))
    else:
        port = below.text("port", mend="write the name or the number of a port of the Service")
        if port and not _LABEL.fullmatch(port):
            below.tell("port is neither a number nor the name of a port", "port", mend="write http or 8080")
    return ServicePort(namespace=namespace, name=name, port=port) if name and port else None


def _label(fields: Fields, name: str, *, needed: bool) -> str:
    text = fields.text(name) if needed or fields.has(name) else ""
    if text and not _LABEL.fullmatch(text):
        mend = "it has lower case letters, digits and dashes, 63 at most"
        fields.tell(f"{name} is no name that Kubernetes allows there", name, mend=mend)
        return ""
    return text


def _picks(spec: Fields) -> Iterator[RoutePick]:
    for each in spec.each("routes", what="a choice of routes"):
        each.know(*_PICKS)
        names = {attribute: each.text(key, maybe_empty=True) for key, attribute in _PICKS.items() if each.has(key)}
        wrong = any(each.has(key) and not isinstance(each.value[key], str) for key in _PICKS)
        if not wrong and not any(names.values()):
            each.tell(
                "nothing is named, so it would take a share in every route",
                mend=f"name at least one of {', '.join(_PICKS)}",
            )
        yield RoutePick(**names)
