"""One object, translated and encoded: its items, the workloads that it describes, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legation.model.node import Workload
from legation.model.objects import ManifestObject
from legation.model.problems import Problem
from legation.model.resource_types import ResourceType
from legation.runtime.assemble import Item


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What one version of one object means."""

    manifest: ManifestObject
    items: tuple[Item, ...] = field(default=(), repr=False)
    """Empty when the object is broken: it counts as a whole or not at all."""
    workloads: Mapping[str, Workload] = field(default_factory=dict, repr=False)
    """Node ids that the object describes."""
    problems: tuple[Problem, ...] = ()
    """With the place where the object begins; a source can tell the line of the field (`Source.locate`)."""
    broken: bool = False
    """A problem is an ERROR: nothing of this version is used."""
    may_hold: frozenset[ResourceType] = frozenset()
    """Types of which the object could hold resources, however broken it is."""


def read(manifest: ManifestObject, previous: Reading | None = None) -> Reading:
    """Translate and encode one object.

    Args:
        manifest: The object.
        previous: An earlier reading of the object: resources whose JSON is the same are taken over, not encoded again.
    """
    raise NotImplementedError
