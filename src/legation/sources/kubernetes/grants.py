"""ReferenceGrants: who may use Services and Secrets of other namespaces.

Source: https://gateway-api.sigs.k8s.io/api-types/referencegrant/
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, Grant
from legation.sources.kubernetes.base import Kept, Watched
from legation.sources.kubernetes.metadata import Metadata

GRANTS = ApiKind(group="gateway.networking.k8s.io", version="v1beta1", kind="ReferenceGrant", plural="referencegrants")


class _From(msgspec.Struct, frozen=True, gc=False):
    group: str = ""
    kind: str = ""
    namespace: str = ""


class _To(msgspec.Struct, frozen=True, gc=False):
    group: str = ""
    kind: str = ""
    name: str | None = None


class _Spec(msgspec.Struct, frozen=True):
    froms: list[_From] = msgspec.field(default_factory=list, name="from")
    to: list[_To] = msgspec.field(default_factory=list)


class _Grant(msgspec.Struct, frozen=True):
    metadata: Metadata
    spec: _Spec


_decode = msgspec.json.Decoder(_Grant).decode


class GrantReader:
    """The ReferenceGrants of the namespaces that are read."""

    def __init__(self, *, namespaces: tuple[str, ...] = ()) -> None:
        """Begin without grants."""
        self.watched = (Watched(kind=GRANTS, decode=read_grants, take=self._take, namespaces=namespaces),)
        self._kept = Kept[frozenset[Grant]]()

    def apply(self, cluster: Cluster) -> Cluster:
        """Return the cluster with all grants as they are now."""
        return replace(cluster, grants=self._all())

    def _take(self, changes: Iterable[Put[frozenset[Grant]] | Gone[frozenset[Grant]]]) -> bool:
        before = self._all()
        return bool(self._kept.take(changes)) and self._all() != before

    def _all(self) -> frozenset[Grant]:
        return frozenset().union(*self._kept.objects.values())


def read_grants(raw: msgspec.Raw) -> frozenset[Grant]:
    """Return every pair of a `from` and a `to` of core's Services and Secrets in a ReferenceGrant."""
    read = _decode(raw)
    return frozenset(
        Grant(
            from_group=each.group,
            from_kind=each.kind,
            from_namespace=each.namespace,
            to_namespace=read.metadata.namespace,
            to_kind=to.kind,
            to_name=to.name or "",
        )
        for each in read.spec.froms
        for to in read.spec.to
        if not to.group
    )
