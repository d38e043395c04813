"""What a maker takes and returns: resources that are made when somebody asks for them by name, from Kubernetes objects.

A maker knows one form of names and what such a name stands for. It refuses to know who asks, whether they may
(`grants.py` says that), and what was made before. It is pure: the same basis at the same moment gives the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from legation.model.cluster import Cluster
from legation.model.problems import Level
from legation.model.resource_types import ResourceType

DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
"""What namespaces, Services and ports are called, as a pattern:
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a name stands for."""

    kind: str
    """`Service` or `Secret`, as ReferenceGrants name it."""
    namespace: str
    name: str
    rest: str
    """The name or number of a port; the key of a Secret, empty for a TLS pair."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with what a name stands for, as in `legation.model.problems.Problem`. It never holds a secret."""

    code: str
    message: str
    """One sentence without a full stop. It names the object."""
    mend: str = ""
    level: Level = Level.ERROR
    """ERROR: there is nothing to deliver. WARNING: it is delivered, and may not do what its owner wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of a name."""

    json: Mapping[str, Any] | None = field(repr=False)
    """Envoy JSON with `@type`. None: there is nothing (yet), or what there is cannot be used."""
    missing: bool = False
    """The object does not exist (any more): a resource that was made before is gone. Without JSON and not missing, it
    is broken: the last good resource stays."""
    faults: tuple[Fault, ...] = ()
    again_at: float | None = None
    """The next moment (Unix seconds) at which the answer may differ although the basis does not: a certificate becomes
    valid, is about to expire, expires."""


class Maker(Protocol):
    """Makes the resources of one type. Each file of this folder that has one has it under the name MAKER."""

    @property
    def row(self) -> ResourceType:
        """The type of what it makes."""
        ...

    @property
    def on_request(self) -> bool:
        """Whether it is made for an Envoy that asks for it although no object which that Envoy gets refers to it."""
        ...

    def target(self, name: str) -> Target | None:
        """Return what the name stands for, or None: it is not of this form, so it is nobody's business here."""
        ...

    def basis(self, target: Target, cluster: Cluster) -> object:
        """Return the frozen value that `make` reads: while it is the same object, so is the answer until `again_at`."""
        ...

    def make(self, name: str, target: Target, cluster: Cluster, *, now: float) -> Made:
        """Return the resource of that name, or why there is none.

        Args:
            name: The full name that was asked for; the resource bears it.
            target: What the name stands for.
            cluster: Where to find it.
            now: Unix seconds, for what has dates.
        """
        ...


def broken(*faults: Fault, again_at: float | None = None) -> Made:
    """Return that the object exists and cannot be used."""
    return Made(json=None, faults=faults, again_at=again_at)


def missing(*faults: Fault) -> Made:
    """Return that the object does not exist."""
    return Made(json=None, missing=True, faults=faults)
