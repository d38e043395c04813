"""What a VirtualService says -> pipes, and everything that is wrong with it. Pure.

It knows the fields, their ranges and defaults, and what does not go together within one object. The defaults are what
l7mp had in its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from legation.model.names import XDS_CLUSTER
from legation.model.objects import FieldPath, is_same_json, show_path
from legation.model.resource import EVERY
from legation.translate.addresses import ip, is_dns_name
from legation.translate.checked_fields import Fields
from legation.translate.pipe import Carrier, HealthCheck, Pipe, PipeCluster, PipeEndpoint, Probe

TWICE, NAME_IN_EDS = "pipe-twice", "dns-name-in-eds"
"""The codes of what is wrong between pipes, and of a name where only addresses can be."""
_PORT = 65535
_LARGEST_TABLE = 5_000_011
"""The bound of `envoy.config.cluster.v3.Cluster.MaglevLbConfig.table_size`."""
_STRICT_DNS, _EDS = "strictdns", "eds"
_HEALTH_CHECK_PATH = "/healthcheck"
_TAKEN = {EVERY: "this stands for every cluster", XDS_CLUSTER: "Envoys call their control plane so"}
"""What no cluster can be called."""
_PATH = re.compile(r"/[!-~]*")
_HOST = "write host: {selector: {app: worker}} or host: {address: 127.0.0.1}"
_ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - what the field means where it is left out; only Envoy binds it


def read_pipes(spec: Fields) -> tuple[Pipe, ...] | None:
    """Return the pipes of a spec; None where anything that was told of the object is an ERROR."""
    pipes = tuple(pipe for listener in spec.each("listeners", what="a listener") for pipe in _pipe(listener))
    _tell_of_twins(spec, pipes)
    return None if spec.told.refused else pipes


def _pipe(listener: Fields) -> Iterator[Pipe]:
    listener.know("name", "udp", "tcp")
    name = _name(listener, mend="give the listener a name that no other has at these Envoys")
    carriers = {carrier for carrier in Carrier if listener.has(carrier.lower())}
    # l7mp wrote `tcp: {port: 0}` into every object of which it took its finalizer off: it says nothing.
    if Carrier.UDP in carriers and _is_leftover(listener.value.get("tcp")):
        carriers.discard(Carrier.TCP)
    if len(carriers) != 1:
        if carriers:
            listener.tell("the listener has both udp and tcp", mend="give each a listener of its own")
        else:
            listener.tell("the listener has neither udp nor tcp", mend="write one of them, with its port and cluster")
    for carrier in Carrier:
        if carrier in carriers:
            yield from _carried(listener, name, carrier)


def _name(fields: Fields, *, mend: str) -> str:
    name = fields.text("name", mend=mend)
    if not name.isprintable():
        fields.tell("the name has characters that cannot be seen", "name", mend="take them out")
    return name


def _is_leftover(tcp: object) -> bool:
    return isinstance(tcp, Mapping) and is_same_json(tcp.get("port"), 0) and tcp.get("cluster") is None


def _carried(listener: Fields, name: str, carrier: Carrier) -> Iterator[Pipe]:
    own = listener.below(carrier.lower())
    if own is None:
        return
    own.know("port", "address", "idle_timeout", "cluster")
    port = own.whole("port", most=_PORT)
    address = _listen_address(own)
    idle_timeout = own.maybe_whole("idle_timeout")
    cluster = own.below("cluster", mend="write the cluster to which it leads, with its endpoints")
    if cluster is not None:
        yield Pipe(
            name=name,
            carrier=carrier,
            address=address,
            port=port,
            idle_timeout=idle_timeout,
            hash_key=cluster.text("hash_key", mend="all with the same key come to the same host: write a call's id"),
            cluster=_cluster(cluster, carrier),
            path=listener.path,
        )


def _listen_address(own: Fields) -> str:
    if not own.has("address"):
        return _ANY_ADDRESS
    text = own.text("address")
    address = ip(text)
    if text and not address:
        own.tell("address is no IP address", "address", mend=f"write one, or leave it out: {_ANY_ADDRESS}")
    return address


def _cluster(cluster: Fields, carrier: Carrier) -> PipeCluster:
    cluster.know(
        "name",
        "service_discovery",
        "hash_key",
        "connect_timeout",
        "maglev_table_size",
        "initial_fetch_timeout",
        "update_merge_window",
        "health_check",
        "endpoints",
    )
    name = _name(cluster, mend="give the cluster a name that no other has at these Envoys")
    if name in _TAKEN:
        cluster.tell(f"name: {_TAKEN[name]}", "name", mend="give the cluster another name")
    by_eds = cluster.one_of("service_discovery", _STRICT_DNS, _EDS) == _EDS
    endpoints = tuple(_endpoint(each) for each in cluster.each("endpoints", what="an endpoint"))
    if cluster.value.get("endpoints") in (None, []):
        cluster.tell("there are no endpoints", mend="write at least one, with its host and port")
    if by_eds:
        _tell_of_names(cluster, endpoints)
    # The hosts of any other cluster can only change with the cluster itself, and its sessions end with it then. A name
    # leaves no choice: Envoy resolves none that comes by EDS.
    has_names = any(each.is_name for each in endpoints)
    by_eds = by_eds or (any(each.labels for each in endpoints) and not has_names)
    return PipeCluster(
        name=name,
        carrier=carrier,
        by_eds=by_eds,
        connect_timeout=cluster.whole_or("connect_timeout", 5_000),
        maglev_table_size=_table_size(cluster),
        initial_fetch_timeout=cluster.whole_or("initial_fetch_timeout", 600_000, least=0),
        update_merge_window=cluster.maybe_whole("update_merge_window", least=0),
        health_check=_health_check(cluster),
        endpoints=endpoints,
        path=cluster.path,
    )


def _table_size(cluster: Fields) -> int | None:
    size = cluster.maybe_whole("maglev_table_size", least=2, most=_LARGEST_TABLE)
    if size is not None and any(size % each == 0 for each in range(2, int(size**0.5) + 1)):
        cluster.tell("maglev_table_size must be a prime number", "maglev_table_size", mend="such as 65537 or 131071")
    return size


def _health_check(cluster: Fields) -> HealthCheck | None:
    check = cluster.below("health_check") if cluster.has("health_check") else None
    if check is None:
        return None
    check.know("interval", "protocol", "path", "timeout", "healthy_threshold", "unhealthy_threshold")
    probe = Probe(check.one_of("protocol", *Probe))
    path = _HEALTH_CHECK_PATH if probe is Probe.HTTP else ""
    if check.has("path"):
        path = check.text("path")
        if probe is Probe.TCP:
            mend = f"leave path out, or write protocol: {Probe.HTTP}"
            check.tell("a health check by TCP only connects, so it has no path", "path", mend=mend)
        elif path and not _PATH.fullmatch(path):
            message = "path must begin with a slash, and have no spaces"
            check.tell(message, "path", mend=f"such as {_HEALTH_CHECK_PATH}")
    return HealthCheck(
        probe=probe,
        path=path,
        interval=check.whole("interval", least=100, mend="write how often to check, in milliseconds: 100 or more"),
        timeout=check.whole_or("timeout", 100),
        healthy_threshold=check.whole_or("healthy_threshold", 1),
        unhealthy_threshold=check.whole_or("unhealthy_threshold", 1),
    )


def _endpoint(endpoint: Fields) -> PipeEndpoint:
    endpoint.know("name", "host", "port", "health_check_port")
    # Nobody reads it; it has to be there for l7mp's sake, which may be given the same object.
    endpoint.text("name", mend="give the endpoint a name", maybe_empty=True)
    found = PipeEndpoint(
        port=endpoint.whole("port", most=_PORT),
        health_check_port=endpoint.maybe_whole("health_check_port", most=_PORT),
        path=endpoint.path,
    )
    host = endpoint.below("host", mend=_HOST)
    return found if host is None else _at(host, found)


def _at(host: Fields, endpoint: PipeEndpoint) -> PipeEndpoint:
    host.know("selector", "address")
    said = host.has("selector"), host.has("address")
    if all(said):
        host.tell("the host has both a selector and an address", mend="give each an endpoint of its own")
    elif not any(said):
        host.tell("the host has neither a selector nor an address", mend=_HOST)
    labels = (
        host.labels("selector", mend="write the labels of the Pods, such as app: worker") if said[0] else frozenset()
    )
    text = host.text("address") if said[1] else ""
    address = ip(text)
    is_name = not address and is_dns_name(text)
    if text and not address and not is_name:
        mend = "write an IP address such as 10.0.0.7, or a DNS name in lower case such as media.shop.svc"
        host.tell("address is no IP address, and no DNS name", "address", mend=mend)
    return replace(endpoint, labels=labels, address=text if is_name else address, is_name=is_name)


def _tell_of_names(cluster: Fields, endpoints: Iterable[PipeEndpoint]) -> None:
    """EDS hands out addresses: Envoy resolves no names there, and refuses the assignment."""
    for each in endpoints:
        if each.is_name:
            below = (*each.path[len(cluster.path) :], "host", "address")
            message = "a DNS name cannot be among the endpoints of eds: those are IP addresses"
            mend = f"write an IP address, or give it a listener and cluster of its own, with {_STRICT_DNS}"
            cluster.tell(message, *below, mend=mend, code=NAME_IN_EDS)


def _tell_of_twins(spec: Fields, pipes: Iterable[Pipe]) -> None:
    """Tell what two pipes of an object cannot both have; what is left empty was told already."""
    names: dict[str, Pipe] = {}
    sockets: dict[tuple[Carrier, str, int], Pipe] = {}
    clusters: dict[str, Pipe] = {}
    for pipe in pipes:
        other = names.setdefault(pipe.name, pipe)
        # What is both udp and tcp was told, and has its name once.
        if pipe.name and other.path != pipe.path:
            words = f"{show_path(other.path)} has this name, too"
            _twin(spec, (*pipe.path, "name"), words, "give each listener a name of its own")
        other = sockets.setdefault((pipe.carrier, pipe.address, pipe.port), pipe)
        if pipe.port and pipe.address and other is not pipe:
            words = f"{show_path(other.path)} has this port of this address, too"
            _twin(spec, (*pipe.path, pipe.carrier.lower(), "port"), words, "give each listener a port of its own")
        other = clusters.setdefault(pipe.cluster.name, pipe)
        if pipe.cluster.name and other.cluster != pipe.cluster:
            of = "for the other protocol" if other.carrier is not pipe.carrier else "with other fields"
            words = f"{show_path(other.cluster.path)} is a cluster of this name, too, {of}"
            mend = "give each cluster a name of its own; listeners that share one have to say the same of it"
            _twin(spec, (*pipe.cluster.path, "name"), words, mend)


def _twin(spec: Fields, path: FieldPath, words: str, mend: str) -> None:
    spec.tell(words, *path[len(spec.path) :], mend=mend, code=TWICE)
