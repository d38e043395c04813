"""Secrets that Envoys may ask for. Their content is kept as bytes and shown nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, SecretData
from legation.sources.kubernetes.base import Kept, Watched
from legation.sources.kubernetes.metadata import Metadata

SECRETS = ApiKind(group="", version="v1", kind="Secret", plural="secrets")

_NOT_FOR_ENVOY = (
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "bootstrap.kubernetes.io/token",
    # Our own: with these keys anybody could be this server.
    "legation.dev/tls",
    "legation.dev/webhook",
)
"""Types that are large, or that open other doors than an upstream's: they are not even asked for."""


class _Secret(msgspec.Struct, frozen=True):
    metadata: Metadata
    data: dict[str, bytes] | None = None


_decode = msgspec.json.Decoder(_Secret).decode


class SecretReader:
    """The Secrets of the namespaces where they are read."""

    def __init__(self, *, namespaces: tuple[str, ...] = ()) -> None:
        """Begin without Secrets."""
        fields = ",".join(f"type!={each}" for each in _NOT_FOR_ENVOY)
        self.watched = (
            Watched(kind=SECRETS, decode=read_secret, take=self._take, namespaces=namespaces, field_selector=fields),
        )
        self._kept = Kept[SecretData]()

    def apply(self, cluster: Cluster) -> Cluster:
        """Return the cluster with the Secrets as they are now; O(Secrets)."""
        return replace(cluster, secrets=MappingProxyType(self._kept.objects.copy()))

    def _take(self, changes: Iterable[Put[SecretData] | Gone[SecretData]]) -> bool:
        return bool(self._kept.take(changes))


def read_secret(raw: msgspec.Raw) -> SecretData:
    """Return a Secret.

    Raises:
        msgspec.ValidationError: It is none. Its words hold the path alone, never what stands there.
    """
    read = _decode(raw)
    return SecretData(
        namespace=read.metadata.namespace,
        name=read.metadata.name,
        data=MappingProxyType(read.data or {}),
    )
