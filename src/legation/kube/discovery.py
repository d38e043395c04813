"""Discovery: whether the API server has a kind, and in which version, from its own word alone.

A 404 may come from anybody on the way. Only the documents in which an API server tells its kinds say that there is none
of that name, and only if they are what they should be: anything else raises `msgspec.DecodeError`.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#unaggregated-discovery
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from legation.errors import KubeNotFound
from legation.kube.nesting import decoded
from legation.model.api_kinds import ApiKind


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    group_version: str


class _Group(msgspec.Struct, frozen=True):
    name: str
    versions: list[_Version]


class _Groups(msgspec.Struct, frozen=True):
    kind: Literal["APIGroupList"]
    groups: list[_Group]


class _Resource(msgspec.Struct, frozen=True):
    name: str


class _Resources(msgspec.Struct, frozen=True, rename="camel"):
    kind: Literal["APIResourceList"]
    group_version: str
    resources: list[_Resource] | None
    """Go writes null for an empty list."""


_GROUPS = msgspec.json.Decoder(_Groups)
_RESOURCES = msgspec.json.Decoder(_Resources)


@dataclass(slots=True)
class Doubt:
    """A kind of which somebody said that there is none, or of which there may be a newer version."""

    kind: ApiKind
    """In the newest version that will do."""
    refusal: KubeNotFound | None = None
    """In these words it was said that there is none; None: nobody said so."""
    found: ApiKind | None = None
    """In the newest version that there is."""
    _left: list[ApiKind] = field(default_factory=list)
    """The versions of its group that will do and were not asked about."""

    @property
    def path(self) -> str:
        """What is to be asked next: which groups there are, then which kinds there are in versions of that of this."""
        return f"/apis/{self._left[0].api_version}" if self._left else "/apis"

    def told(self, body: bytes) -> bool | None:
        """Take what is told there, and return whether there is such a kind; None: ask on.

        Raises:
            msgspec.DecodeError: Whoever tells this is no API server.
        """
        if not self._left:
            there = {each.group_version for group in decoded(_GROUPS, body).groups for each in group.versions}
            self._left = [each for each in self.kind.every_version if each.api_version in there]
            return None if self._left else False
        kind, resources = self._left[0], decoded(_RESOURCES, body)
        if resources.group_version != kind.api_version:
            raise msgspec.ValidationError("it is about the kinds of another group")
        if any(each.name == kind.plural for each in resources.resources or ()):
            self.found = kind
            return True
        if len(self._left) == 1:
            return False
        del self._left[0]
        return None
