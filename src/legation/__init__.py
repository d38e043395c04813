"""legation: a control plane for Envoy.

Two floors: `ControlPlane` takes objects from sources and serves what they mean; `SnapshotServer` takes raw xDS state
and serves exactly that. `Client` and `AsyncClient` speak to a server that runs elsewhere. What is needed beside them is
here by name too. Each name is loaded at its first use, so that to import a part of the package loads no more than that
part.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from legation.client.aio import AsyncClient
    from legation.client.blocking import Client
    from legation.control_plane import ControlPlane
    from legation.errors import (
        InvalidResource,
        KubeConfigError,
        KubeConflict,
        KubeError,
        KubeForbidden,
        KubeGone,
        KubeNotFound,
        KubeUnreachable,
        LegationError,
        LocalProtocolError,
        ProtocolError,
        RemoteProtocolError,
        SettingsError,
        SourceError,
        TransportError,
    )
    from legation.model.identity import CertificateProof, Flaw, Proof, TokenProof
    from legation.model.node import Node, Peer
    from legation.model.objects import ManifestObject, ObjectKey, Place
    from legation.model.problems import Level, Problem
    from legation.model.proxy_status import Denied, ProxyStatus, RefusedResource, TurnedAway, TypeStatus
    from legation.model.resource import Resource
    from legation.model.resource_types import ResourceType
    from legation.runtime.acceptance import Acceptance
    from legation.runtime.admission import Rules
    from legation.runtime.identity_file import read_rules
    from legation.runtime.identity_rules import Identity, IdentityRules
    from legation.snapshot_server import SnapshotServer
    from legation.sources.directory import DirectorySource
    from legation.sources.kubernetes.source import KubernetesSource
    from legation.sources.memory import MemorySource
    from legation.transports import Policy
    from legation.transports.base import Refusal
    from legation.transports.grpc_server import GrpcTransport

__all__ = [
    "Acceptance",
    "AsyncClient",
    "CertificateProof",
    "Client",
    "ControlPlane",
    "Denied",
    "DirectorySource",
    "Flaw",
    "GrpcTransport",
    "Identity",
    "IdentityRules",
    "InvalidResource",
    "KubeConfigError",
    "KubeConflict",
    "KubeError",
    "KubeForbidden",
    "KubeGone",
    "KubeNotFound",
    "KubeUnreachable",
    "KubernetesSource",
    "LegationError",
    "Level",
    "LocalProtocolError",
    "ManifestObject",
    "MemorySource",
    "Node",
    "ObjectKey",
    "Peer",
    "Place",
    "Policy",
    "Problem",
    "Proof",
    "ProtocolError",
    "ProxyStatus",
    "Refusal",
    "RefusedResource",
    "RemoteProtocolError",
    "Resource",
    "ResourceType",
    "Rules",
    "SettingsError",
    "SnapshotServer",
    "SourceError",
    "TokenProof",
    "TransportError",
    "TurnedAway",
    "TypeStatus",
    "read_rules",
]

_HOMES = {
    "legation.client.aio": ("AsyncClient",),
    "legation.client.blocking": ("Client",),
    "legation.control_plane": ("ControlPlane",),
    "legation.errors": (
        "InvalidResource",
        "KubeConfigError",
        "KubeConflict",
        "KubeError",
        "KubeForbidden",
        "KubeGone",
        "KubeNotFound",
        "KubeUnreachable",
        "LegationError",
        "LocalProtocolError",
        "ProtocolError",
        "RemoteProtocolError",
        "SettingsError",
        "SourceError",
        "TransportError",
    ),
    "legation.model.identity": ("CertificateProof", "Flaw", "Proof", "TokenProof"),
    "legation.model.node": ("Node", "Peer"),
    "legation.model.objects": ("ManifestObject", "ObjectKey", "Place"),
    "legation.model.problems": ("Level", "Problem"),
    "legation.model.resource": ("Resource",),
    "legation.model.resource_types": ("ResourceType",),
    "legation.runtime.acceptance": ("Acceptance",),
    "legation.runtime.admission": ("Rules",),
    "legation.runtime.identity_file": ("read_rules",),
    "legation.runtime.identity_rules": ("Identity", "IdentityRules"),
    "legation.model.proxy_status": ("Denied", "ProxyStatus", "RefusedResource", "TurnedAway", "TypeStatus"),
    "legation.snapshot_server": ("SnapshotServer",),
    "legation.sources.directory": ("DirectorySource",),
    "legation.sources.kubernetes.source": ("KubernetesSource",),
    "legation.sources.memory": ("MemorySource",),
    "legation.transports": ("Policy",),
    "legation.transports.base": ("Refusal",),
    "legation.transports.grpc_server": ("GrpcTransport",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
