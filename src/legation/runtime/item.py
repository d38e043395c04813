"""One encoded resource on its way from its object to workloads, and the words for many of them. Values; pure.

It refuses to know what is done with an item: every part between reading and assembling takes some and returns some.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.resource import Name, Resource

Labels: TypeAlias = frozenset[tuple[str, str]]
Kinds: TypeAlias = frozenset[tuple[str, str]]
"""(API group, kind) of objects."""
NO_KINDS: Kinds = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One encoded resource, who gets it, and the object that says so. Compared by identity."""

    resource: Resource
    scope: Scope
    manifest: ManifestObject
    """Its seniority decides who has a name that several claim."""
    json: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What its object says, of which it was encoded; what others say of it is added to this."""
    path: FieldPath = ()
    """Where in the object the resource stands."""
    named_at: Mapping[Name, FieldPath] = field(default_factory=dict, repr=False)
    """Where in the object what the resource names is said, if not at the same path; see `Draft`."""
    position: int = 0
    """How many stand before it in the object: of two that claim one name there, the first has it."""
    left: bool = False
    """Whether its object does not make it any more; whoever does has the name."""

    @property
    def rank(self) -> tuple[bool, tuple[str, str, int, ObjectKey], int]:
        """The sort key by which the first of two claimants is found."""
        return (self.left, self.manifest.seniority, self.position)


Made: TypeAlias = Mapping[ObjectKey, tuple[Item, ...]]
"""What each object makes. What did not change is the same tuple."""
NOTHING: Made = MappingProxyType({})
