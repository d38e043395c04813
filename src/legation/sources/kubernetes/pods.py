"""Pods: who the Envoy in each is, and where it speaks from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Pod
from legation.model.node import canonical_ip
from legation.sources.kubernetes.base import Watched
from legation.sources.kubernetes.metadata import Metadata

PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")


class _Address(msgspec.Struct, frozen=True, gc=False):
    ip: str = ""


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    pod_ips: list[_Address] | None = msgspec.field(default=None, name="podIPs")


class _Pod(msgspec.Struct, frozen=True):
    metadata: Metadata
    status: _Status = _Status()


_OVER = {"Succeeded", "Failed"}
"""Phases of a Pod that has ended for good. Its status keeps addresses that may be those of another Pod by now."""

_decode = msgspec.json.Decoder(_Pod).decode


class PodReader:
    """The Pods of the namespaces that are read."""

    field = "pods"

    def __init__(self, *, namespaces: tuple[str, ...] = ()) -> None:
        """Begin without Pods."""
        self.watched = (Watched(kind=PODS, decode=read_pod, take=self._take, namespaces=namespaces),)
        self._pods: dict[str, Pod] = {}

    def value(self) -> Mapping[str, Pod]:
        """Return each Pod under its two node ids, as they are now; O(Pods)."""
        return MappingProxyType(self._pods.copy())

    def _take(self, changes: Iterable[Put[Pod] | Gone[Pod]]) -> bool:
        changed = False
        for change in changes:
            named = f"{change.key.name}.{change.key.namespace}"
            before = self._pods.get(named)
            now = None if isinstance(change, Gone) else change.object
            if before == now:
                # So are most changes of a Pod, such as those of its conditions.
                continue
            changed = True
            if before is not None:
                # One that was made anew while nobody watched has another UID.
                del self._pods[named]
                self._pods.pop(before.uid, None)
            if now is not None:
                self._pods[named] = self._pods[now.uid] = now
        return changed


def read_pod(raw: msgspec.Raw) -> Pod:
    """Return what is kept of a Pod."""
    read = _decode(raw)
    addresses = {read.status.pod_ip, *(each.ip for each in read.status.pod_ips or ())}
    if read.status.phase in _OVER:
        addresses = set()
    metadata = read.metadata
    return Pod(
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        labels=frozenset((metadata.labels or {}).items()),
        addresses=frozenset(filter(None, map(canonical_ip, addresses))),
    )
