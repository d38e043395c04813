"""What a step of the translation takes and returns. A step is pure: the same object gives the same translation.

Most of what an object holds is a `Draft`. What depends on which Pods there are is a `Selection`: it says by which
labels it chooses them, and is asked for the draft whenever they are others.

Some objects say something of resources that others hold: a TrafficSplit, of their weights; an Upstream, of its share in
routes. Such an object's translation has a `Note`; the `Amender` of its kind puts what the notes of a namespace say into
the resources there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

from legation.model.api_kinds import ApiKind
from legation.model.cluster import ReadyPod
from legation.model.node import Scope, Workload
from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.model.resource import Name
from legation.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One xDS resource as a person would have written it, and who gets it."""

    json: Mapping[str, Any] = field(repr=False)
    """Envoy JSON with `@type`, as raw as its owner wrote it; it has not been checked."""
    scope: Scope
    path: FieldPath = ()
    """Where in the object it stands: what is wrong inside it is told with this path in front."""
    named_at: Mapping[Name, FieldPath] = field(default_factory=dict, repr=False)
    """Where in the object something else says what names another resource here, if not at the same path."""


class Selection(Protocol):
    """A resource that is made of the Pods which labels select, and made anew when these are others.

    It is a value: frozen, hashable, equal to one that makes the same of the same Pods, always with the same selectors.
    """

    @property
    def selectors(self) -> tuple[Scope, ...]:
        """Which Pods: of one namespace each, with all the labels."""
        ...

    def draft(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Draft:
        """Return the resource.

        Args:
            pods: Those of each of the `selectors`, in their order; sorted by name, some maybe empty.
        """
        ...

    def problems(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Iterator[Problem]:
        """Yield what is to be said of these Pods, such as that there are none; each is a WARNING."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What one object means."""

    drafts: tuple[Draft, ...] = ()
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    """Node ids that the object describes."""
    selections: tuple[Selection, ...] = ()
    """The resources that are made of Pods."""
    notes: tuple[object, ...] = ()
    """What the object says of resources that others hold; the amender of its kind knows what they are."""
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Note:
    """Something that an object says of the resources of its namespace that other objects hold."""

    manifest: ManifestObject
    value: object
    """One of the `Translation.notes` of the object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What became of one resource."""

    json: Mapping[str, Any] = field(repr=False)
    """The resource with what the notes say; the very same object where they say nothing of it."""
    met: frozenset[ObjectKey] = frozenset()
    """The objects whose notes found something here that they speak of."""
    problems: tuple[Problem, ...] = ()
    """What cannot be done here as the notes say; each is a problem of the object that says it."""
    sights: frozenset[object] = frozenset()
    """What else its plan wants to know of it when it has seen all resources; nobody else knows what they are."""


class Plan(Protocol):
    """All that the notes of one namespace say. A value: it is made anew when one of them changes."""

    def amend(self, json: Mapping[str, Any], *, scope: Scope) -> Amended:
        """Return a resource of the namespace with what the notes say of it.

        Args:
            json: The resource. It is of any type, as raw as in a Draft.
            scope: Who gets it.
        """
        ...

    def problems(self, met: frozenset[ObjectKey], *, sights: frozenset[object]) -> Iterator[Problem]:
        """Yield what is wrong with the notes themselves, and of those that found nothing anywhere.

        Args:
            met: The objects whose notes found something.
            sights: The `Amended.sights` of all resources of the namespace, those of other plans among them.
        """
        ...


class Stage(IntEnum):
    """When an amender has its turn at a resource."""

    ENTRIES = 0
    """It adds what was not there."""
    NUMBERS = 1
    """It sets numbers of what is there, whoever added it."""


class Amender(Protocol):
    """Knows the notes of one or more kinds. A file of this folder has one, under the name AMENDER."""

    @property
    def rows(self) -> frozenset[ResourceType]:
        """The types of the resources that its notes may speak of: no others are shown to its plans."""
        ...

    @property
    def stage(self) -> Stage:
        """When it has its turn."""
        ...

    def plan(self, notes: Iterable[Note]) -> Plan | None:
        """Return what these say, all of one namespace; None where none of them is of a kind that it knows."""
        ...
