"""What a step of the translation takes and returns. A step is pure: the same object gives the same translation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from legation.model.api_kinds import ApiKind
from legation.model.node import Scope, Workload
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Problem
from legation.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One xDS resource as a person would have written it, and who gets it."""

    json: Mapping[str, Any] = field(repr=False)
    """Envoy JSON with `@type`, as raw as its owner wrote it; it has not been checked."""
    scope: Scope
    path: FieldPath = ()
    """Where in the object it stands: what is wrong inside it is told with this path in front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What one object means."""

    drafts: tuple[Draft, ...] = ()
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    """Node ids that the object describes."""
    problems: tuple[Problem, ...] = ()
    """With a problem of level ERROR the object is broken as a whole: nothing of it is used."""


class Step(Protocol):
    """The meaning of one or more kinds of objects. Each file of this folder has one, under the name STEP."""

    @property
    def kinds(self) -> frozenset[tuple[str, str]]:
        """The (API group, kind) pairs that it understands."""
        ...

    @property
    def api_kinds(self) -> tuple[ApiKind, ...]:
        """Those that are read from a cluster as they are, as its API serves them."""
        ...

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return what the object means."""
        ...

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return the types of which the object could hold resources, however broken it is."""
        ...
