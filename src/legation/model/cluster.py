"""What a Kubernetes cluster tells beside manifest objects: Pods, Services with their endpoints, Secrets, grants.

Slim, frozen values: only what matching and translation need is kept. What did not change is the same Python object as
before, so "nothing changed" is an `is` test here too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple


class NamespacedName(NamedTuple):
    """What Kubernetes calls an object of one kind by."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A Pod: who the Envoy in it is, and where it speaks from."""

    namespace: str
    name: str
    uid: str
    labels: frozenset[tuple[str, str]] = frozenset()
    addresses: frozenset[str] = frozenset()
    """`status.podIPs` in the canonical spelling of `ipaddress`; empty while it has none."""
    service_account: str = ""
    """`spec.serviceAccountName`, in its own namespace."""
    wants_authority: bool = False
    """Whether it has not ended, and a volume of it wants the ConfigMap that says whom Envoys trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPod:
    """A Pod that may be sent traffic: its condition Ready is true, it is not about to end, and it has an address."""

    name: str
    labels: frozenset[tuple[str, str]] = frozenset()
    address: str
    """`status.podIP` in the canonical spelling of `ipaddress`: the one that the Pod itself calls its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint of a slice: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/."""

    addresses: tuple[str, ...]
    """All of them are the same endpoint, which is why only the first one is used."""
    ready: bool | None = None
    """None is to be read as ready."""
    serving: bool | None = None
    """None is to be read as `ready`."""
    terminating: bool = False
    zone: str = ""
    target: str = ""
    """Which Pod it is (`targetRef.uid`, else its name), to find the two families of one endpoint; empty if unknown."""

    @property
    def is_ready(self) -> bool:
        """Whether it is to get requests."""
        return self.ready is not False

    @property
    def is_serving(self) -> bool:
        """Whether it answers them, though it may be about to end."""
        return self.is_ready if self.serving is None else self.serving


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePort:
    """A port of a slice: the name of the Service's port, and the number at the endpoints of this slice."""

    name: str = ""
    number: int | None = None
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One EndpointSlice of a Service."""

    name: str
    address_type: str
    """`IPv4`, `IPv6` or `FQDN`."""
    ports: tuple[SlicePort, ...] = ()
    endpoints: tuple[Endpoint, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePort:
    """A port of a Service."""

    number: int
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service and its EndpointSlices."""

    namespace: str
    name: str
    exists: bool = True
    """False: there are slices that name it, and no such Service."""
    ports: tuple[ServicePort, ...] = ()
    publish_not_ready: bool = False
    """`spec.publishNotReadyAddresses`."""
    families: tuple[str, ...] = ()
    """`spec.ipFamilies`, the preferred one first: `("IPv4", "IPv6")`."""
    slices: tuple[Slice, ...] = field(default=(), repr=False)
    """Sorted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretData:
    """A Secret. Its content never shows in a `repr`."""

    namespace: str
    name: str
    data: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Decoded from base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One pair of a `from` and a `to` of a ReferenceGrant: https://gateway-api.sigs.k8s.io/api-types/referencegrant/."""

    from_group: str
    from_kind: str
    from_namespace: str
    to_namespace: str
    to_kind: str
    """`Service` or `Secret`."""
    to_name: str = ""
    """Empty: every object of that kind there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cluster:
    """All of this at one moment."""

    pods: Mapping[str, Pod] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Each Pod under its two node ids: `<name>.<namespace>` and its UID."""
    pods_current: bool = True
    """Whether the watch of Pods stands, so that one which is not here does not exist."""
    ready: Mapping[str, tuple[ReadyPod, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The Pods of each namespace that may be sent traffic, sorted by name. It is another object only where one of these
    is another; so is each tuple."""
    services: Mapping[NamespacedName, Service] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    secrets: Mapping[NamespacedName, SecretData] | None = field(default=None, repr=False)
    """None: Secrets are not read at all."""
    grants: frozenset[Grant] = field(default=frozenset(), repr=False)
