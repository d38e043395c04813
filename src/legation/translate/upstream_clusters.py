"""The cluster of an Upstream as Envoy JSON, and its assignment. Pure.

IP addresses come by EDS: another host is another assignment, and the cluster with its connections stays as it is. What
the object says of the cluster is merged over what is made here: nothing of Envoy's Cluster is out of reach. The one
invariant: the cluster is called as the object is.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.node import Scope
from legation.model.objects import FieldPath
from legation.model.resource import Name
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.translate.base import Draft
from legation.translate.checked_fields import Fields
from legation.translate.envoy_fields import field, proto_name, value_of
from legation.translate.upstream_reading import Host, Upstream, tell_nowhere

_TYPES = ("STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST")
"""`Cluster.DiscoveryType` by its numbers."""
_BY_ADDRESS = frozenset({"STATIC", "EDS"})
_CUSTOM = ""
"""The cluster is of a `cluster_type`, an extension."""
_WHOLE = frozenset({"eds_config"})
"""Of these one field alone can be set, so they are not merged."""
_CLUSTER: FieldPath = ("spec", "cluster")


def drafts_of(upstream: Upstream, spec: Fields, scope: Scope) -> Iterator[Draft]:
    """Yield the cluster, and its assignment if it is made here; what does not fit together is told.

    Args:
        upstream: What the spec says.
        spec: Takes what is wrong.
        scope: Who gets it.
    """
    name = spec.told.manifest.key.name
    _tell_fixed(upstream, spec)
    kind = _kind(upstream)
    _tell_misfits(upstream, kind, spec)
    made: dict[str, Any] = {"@type": CLUSTER.url, "name": name}
    if kind:
        made["type"] = kind
    assignment = None if upstream.hosts is None else _assignment(name, upstream.hosts)
    named_at: dict[Name, FieldPath] = {}
    if kind == "EDS":
        made["eds_cluster_config"] = eds = _eds(upstream, spec.told.manifest.key.namespace)
        if upstream.service is not None:
            named_at[CLUSTER_LOAD_ASSIGNMENT, eds["service_name"]] = (*spec.path, "service")
    elif assignment is not None:
        made["load_assignment"] = assignment
    elif field(upstream.cluster, "load_assignment") is not None:
        made["load_assignment"] = {"cluster_name": name}
    json = _merged(made, upstream.cluster)
    yield Draft(json=json, scope=scope, path=_CLUSTER if upstream.cluster else spec.path, named_at=named_at)
    if kind == "EDS" and assignment is not None:
        called = value_of(json, "eds_cluster_config", "service_name")
        named = {**assignment, "cluster_name": called if isinstance(called, str) and called else name}
        yield Draft(json={"@type": CLUSTER_LOAD_ASSIGNMENT.url, **named}, scope=scope, path=(*spec.path, "hosts"))


def has_no_hosts(upstream: Upstream) -> bool:
    """Say whether the spec itself has all hosts, and these are none."""
    own = field(upstream.cluster, "load_assignment")
    says = upstream.hosts is not None or (own is not None and upstream.service is None)
    return says and not upstream.hosts and not value_of(upstream.cluster, "load_assignment", "endpoints")


def _kind(upstream: Upstream) -> str:
    """Return the type of the cluster as it is spelled in Envoy's API."""
    cluster = upstream.cluster
    given = value_of(cluster, "type")
    by_dns = any(host.by_dns for host in upstream.hosts or ())
    if field(cluster, "cluster_type") is not None:
        return _CUSTOM
    if isinstance(given, int) and 0 <= given < len(_TYPES):
        return _TYPES[given]
    if isinstance(given, str):
        return given
    if upstream.service is not None or field(cluster, "eds_cluster_config") is not None:
        return "EDS"
    if by_dns:
        return "STRICT_DNS"
    return "EDS" if field(cluster, "load_assignment") is None else "STATIC"


def _eds(upstream: Upstream, namespace: str) -> dict[str, Any]:
    found: dict[str, Any] = {"eds_config": {"ads": {}, "resource_api_version": "V3"}}
    service = upstream.service
    if service is not None:
        found["service_name"] = f"{service.namespace or namespace}/{service.name}:{service.port}"
    return found


def _assignment(name: str, hosts: tuple[Host, ...]) -> dict[str, Any]:
    weighted = any(host.weight is not None for host in hosts)
    endpoints: list[dict[str, Any]] = []
    for host in hosts:
        socket = {"address": host.address, "port_value": host.port}
        endpoint: dict[str, Any] = {"endpoint": {"address": {"socket_address": socket}}}
        if weighted:
            endpoint["load_balancing_weight"] = 1 if host.weight is None else host.weight
        endpoints.append(endpoint)
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}] if endpoints else []}


def _merged(made: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is made with the other fields over it: maps are merged, all else is replaced, null says nothing."""
    found = dict(made)
    for key, value in over.items():
        if value is None:
            continue
        name = proto_name(key)
        before = found.pop(name, None)
        deep = isinstance(before, Mapping) and isinstance(value, Mapping) and name not in _WHOLE
        found[key] = _merged(before, value) if deep and before is not None else value
    return found


def _tell_fixed(upstream: Upstream, spec: Fields) -> None:
    cluster = Fields(upstream.cluster, told=spec.told, path=_CLUSTER)
    if "name" in cluster.value:
        cluster.tell("the cluster is called as the object is", "name", mend="leave it out")
    if cluster.value.get("@type", CLUSTER.url) != CLUSTER.url:
        cluster.tell("the cluster is of one type only", "@type", mend=f"leave it out, or write {CLUSTER.url}")


def _tell_misfits(upstream: Upstream, kind: str, spec: Fields) -> None:
    """Tell what Envoy would refuse, or pass over."""
    cluster = upstream.cluster
    says = [each for each in (field(cluster, name) for name in _SAYING) if each is not None]
    # A list or a Service that could not be read has been told of.
    if not spec.has("hosts") and not spec.has("service") and not says:
        tell_nowhere(spec)
    if upstream.service is not None and kind != "EDS":
        at = says[0].key if says else "type"
        spec.tell("the endpoints of a Service come by EDS alone", "cluster", at, mend="leave it out, or write hosts")
    inline = field(cluster, "load_assignment")
    if kind == "EDS" and inline is not None:
        mend = "leave it out, or write type: STATIC beside it and leave the service out"
        spec.tell("a cluster of type EDS has no load_assignment", "cluster", inline.key, mend=mend)
    hosts = upstream.hosts or ()
    for host in hosts if kind in _BY_ADDRESS else ():
        if host.by_dns:
            message = f"a cluster of type {kind} takes IP addresses only"
            spec.told.tell(message, (*host.path, "address"), mend="write an IP address, or type: STRICT_DNS")
    if kind == "ORIGINAL_DST" and upstream.hosts is not None:
        spec.tell("a cluster of type ORIGINAL_DST has no hosts", "hosts", mend="leave them out")
    if kind == "LOGICAL_DNS" and upstream.hosts is not None and len(hosts) != 1 and inline is None:
        spec.tell("a cluster of type LOGICAL_DNS has one host", "hosts", mend="leave one, or write type: STRICT_DNS")


_SAYING = ("type", "cluster_type", "load_assignment", "eds_cluster_config")
"""Fields of a cluster that say where it is."""
