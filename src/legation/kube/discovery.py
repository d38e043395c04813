"""Discovery: whether the API server has a kind, from its own word alone.

A 404 may come from anybody on the way. Only the documents in which an API server tells its kinds say that there is none
of that name, and only if they are what they should be: anything else raises `msgspec.DecodeError`.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#unaggregated-discovery
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """A kind of which somebody said that there is none."""

    kind: ApiKind
    refusal: KubeNotFound
    """In these words."""
    _has_version: bool = False

    @property
    def path(self) -> str:
        """What is to be asked next: which groups there are, then which kinds there are in that of this one."""
        return f"/apis/{self.kind.api_version}" if self._has_version else "/apis"

    def told(self, body: bytes) -> bool | None:
        """Take what is told there, and return whether there is such a kind; None: ask on.

        Raises:
            msgspec.DecodeError: Whoever tells this is no API server.
        """
        version = self.kind.api_version
        if not self._has_version:
            groups = decoded(_GROUPS, body).groups
            self._has_version = any(each.group_version == version for group in groups for each in group.versions)
            return None if self._has_version else False
        found = decoded(_RESOURCES, body)
        if found.group_version != version:
            raise msgspec.ValidationError("it is about the kinds of another group")
        return any(each.name == self.kind.plural for each in found.resources or ())
