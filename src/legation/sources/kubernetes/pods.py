"""Pods: who the Envoy in each is, where it speaks from, and whether it may be sent traffic.

One watch tells both, and the second changes much more often than the first: what it changes leaves the first as it is,
the same Python objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, NamespacedName, Pod, ReadyPod
from legation.model.node import canonical_ip
from legation.sources.kubernetes.base import Watched
from legation.sources.kubernetes.metadata import Metadata

PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")


class _Metadata(Metadata, frozen=True, gc=False):
    deleted: str | None = msgspec.field(default=None, name="deletionTimestamp")


class _Address(msgspec.Struct, frozen=True, gc=False):
    ip: str = ""


class _Condition(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    status: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: list[_Address] | None = msgspec.field(default=None, name="podIPs")
    conditions: list[_Condition] | None = None


class _ConfigMap(msgspec.Struct, frozen=True, gc=False):
    name: str = ""


class _Part(msgspec.Struct, frozen=True, rename="camel"):
    config_map: _ConfigMap = _ConfigMap()


class _Projected(msgspec.Struct, frozen=True):
    sources: list[_Part] | None = None


class _Volume(msgspec.Struct, frozen=True, rename="camel"):
    config_map: _ConfigMap = _ConfigMap()
    projected: _Projected = _Projected()


class _Spec(msgspec.Struct, frozen=True, rename="camel"):
    service_account_name: str = ""
    volumes: list[_Volume] | None = None


class _Pod(msgspec.Struct, frozen=True):
    metadata: _Metadata
    spec: _Spec = _Spec()
    status: _Status = _Status()


_OVER = {"Succeeded", "Failed"}
"""Phases of a Pod that has ended for good. Its status keeps addresses that may be those of another Pod by now."""

_decode = msgspec.json.Decoder(_Pod).decode
_name = attrgetter("name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOfPod:
    """What is kept of a Pod."""

    pod: Pod
    ready: ReadyPod | None
    """None: it is not to be sent traffic."""


class PodReader:
    """The Pods of the namespaces that are read."""

    def __init__(self, *, namespaces: tuple[str, ...] = (), authority: str = "") -> None:
        """Begin without Pods.

        Args:
            namespaces: Where they are read; empty for all.
            authority: The ConfigMap that says whom Envoys trust; empty: there is none.
        """
        read = partial(read_pod, authority=authority)
        self.watched = (Watched(kind=PODS, decode=read, take=self._take, namespaces=namespaces),)
        self._pods: dict[str, Pod] = {}
        self._told_pods: Mapping[str, Pod] | None = None
        """What was told of them; None: something is another since."""
        self._ready = _Ready()

    def apply(self, cluster: Cluster) -> Cluster:
        """Return the cluster with each Pod under its two node ids, and those that are ready.

        O(Pods) where one is another.
        """
        if self._told_pods is None:
            self._told_pods = MappingProxyType(self._pods.copy())
        return replace(cluster, pods=self._told_pods, ready=self._ready.by_namespace())

    def _take(self, changes: Iterable[Put[ReadOfPod] | Gone[ReadOfPod]]) -> bool:
        changed = False
        for change in changes:
            now = None if isinstance(change, Gone) else change.object
            # Both are looked at. Most changes of a Pod are neither.
            changed |= self._take_pod(change.key, None if now is None else now.pod)
            changed |= self._ready.take(change.key, None if now is None else now.ready)
        return changed

    def _take_pod(self, key: NamespacedName, now: Pod | None) -> bool:
        named = f"{key.name}.{key.namespace}"
        before = self._pods.get(named)
        if before == now:
            return False
        if before is not None:
            # One that was made anew while nobody watched has another UID.
            del self._pods[named]
            self._pods.pop(before.uid, None)
        if now is not None:
            self._pods[named] = self._pods[now.uid] = now
        self._told_pods = None
        return True


class _Ready:
    """The Pods that are ready. A namespace of which none is another stays the same tuple."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, ReadyPod]] = {}
        """By namespace and name."""
        self._changed: set[str] = set()
        """The namespaces where one is another since this was told."""
        self._told: Mapping[str, tuple[ReadyPod, ...]] = MappingProxyType({})

    def take(self, key: NamespacedName, now: ReadyPod | None) -> bool:
        pods = self._pods.get(key.namespace, {})
        if pods.get(key.name) == now:
            return False
        if now is not None:
            self._pods.setdefault(key.namespace, pods)[key.name] = now
        elif len(pods) > 1:
            del pods[key.name]
        else:
            del self._pods[key.namespace]
        self._changed.add(key.namespace)
        return True

    def by_namespace(self) -> Mapping[str, tuple[ReadyPod, ...]]:
        """Return them, sorted by name; O(the Pods of the namespaces where one is another)."""
        differing = {name: tuple(sorted(self._pods.get(name, {}).values(), key=_name)) for name in self._changed}
        self._changed = set()
        # One may have become ready and unready again in the meantime.
        differing = {name: pods for name, pods in differing.items() if pods != self._told.get(name, ())}
        if differing:
            told = {**self._told, **differing}
            self._told = MappingProxyType({name: pods for name, pods in told.items() if pods})
        return self._told


def read_pod(raw: msgspec.Raw, *, authority: str = "") -> ReadOfPod:
    """Return what is kept of a Pod.

    Args:
        raw: The Pod.
        authority: The ConfigMap that it may want in a volume; empty: nobody asks.
    """
    read = _decode(raw)
    status, metadata = read.status, read.metadata
    addresses = {status.pod_ip, *(each.ip for each in status.pod_ips or ())}
    if status.phase in _OVER:
        addresses = set()
    labels = frozenset((metadata.labels or {}).items())
    address = canonical_ip(status.pod_ip)
    return ReadOfPod(
        pod=Pod(
            namespace=metadata.namespace,
            name=metadata.name,
            uid=metadata.uid,
            labels=labels,
            addresses=frozenset(filter(None, map(canonical_ip, addresses))),
            service_account=read.spec.service_account_name,
            wants_authority=bool(authority) and status.phase not in _OVER and authority in _config_maps(read.spec),
        ),
        ready=ReadyPod(name=metadata.name, labels=labels, address=address) if address and _serves(read) else None,
    )


def _config_maps(spec: _Spec) -> Iterator[str]:
    """Yield those that volumes want, by name."""
    for volume in spec.volumes or ():
        yield volume.config_map.name
        yield from (each.config_map.name for each in volume.projected.sources or ())


def _serves(pod: _Pod) -> bool:
    """Say whether it is to be sent traffic.

    Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
    """
    if pod.metadata.deleted or pod.status.phase in _OVER:
        return False
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or ())
