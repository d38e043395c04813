"""Objects that are put in through an API and kept: what is kept of one, what became of it, and who keeps it.

The values mean the same whether this program keeps the objects itself or a Kubernetes cluster does. `ObjectStore` is
all that the management API knows of either. Field ownership is that of Kubernetes' server-side apply.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from legation.errors import VersionConflict
from legation.model.objects import ManifestObject, ObjectKey

Fields: TypeAlias = Mapping[str, "Fields"]
"""The fields that somebody owns: maps of names, below each those of the map that stands there; empty: no more below."""


class Outcome(StrEnum):
    """What became of one object that was applied."""

    CREATED = "created"
    CHANGED = "changed"
    """It has a new resourceVersion; perhaps it is only that somebody else owns its fields as well."""
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who has applied fields of an object, and which."""

    manager: str
    api_version: str
    """The one that it was applied in."""
    time: str
    """When its fields last changed, RFC 3339 in UTC."""
    fields: Fields = field(repr=False)

    def entry(self) -> dict[str, Any]:
        """Return its entry in `metadata.managedFields`."""
        return {
            "manager": self.manager,
            "operation": "Apply",
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": _fields_v1(self.fields),
        }


def _fields_v1(fields: Fields) -> dict[str, Any]:
    return {f"f:{name}": _fields_v1(below) for name, below in fields.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object as it is kept."""

    key: ObjectKey
    body: Mapping[str, Any] = field(repr=False)
    """The whole manifest as plain JSON values, with `metadata.uid`, `resourceVersion`, `generation` and
    `creationTimestamp`, without `managedFields`. Never changed by anyone."""
    owners: tuple[Owner, ...] = field(default=(), repr=False)

    @property
    def uid(self) -> str:
        """What tells it from an object of the same name that was there before."""
        return str(self.body["metadata"].get("uid") or "")

    @property
    def resource_version(self) -> str:
        """What is another with every change; decimal text where this program keeps the object."""
        return str(self.body["metadata"].get("resourceVersion") or "")

    @property
    def generation(self) -> int:
        """How many times something else than its metadata changed, from 1."""
        return int(self.body["metadata"].get("generation") or 0)

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        return self.body["metadata"].get("labels") or {}

    def manifest(self) -> ManifestObject:
        """Return it as a source hands it out."""
        return ManifestObject(
            key=self.key,
            api_version=self.body["apiVersion"],
            body=self.body,
            labels=self.labels,
            created=str(self.body["metadata"].get("creationTimestamp") or ""),
        )

    def managed_fields(self) -> list[dict[str, Any]]:
        """Return who owns which of its fields, as `metadata.managedFields` has it."""
        return [each.entry() for each in self.owners]


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of one object of an `apply`."""

    key: ObjectKey
    outcome: Outcome
    stored: StoredObject
    """As it is now; of a dry run, as it would be, with the resourceVersion that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of one object."""

    revision: int
    """Its number among all changes, each one more than the last; the resourceVersion of what is stored by it."""
    key: ObjectKey
    stored: StoredObject | None
    """None when it was deleted."""
    previous: StoredObject | None = None
    """What was there before; None when it was created, or where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, in the order of keys."""

    objects: tuple[StoredObject, ...]
    next_token: str
    """Asks for what comes after these; empty at the end."""
    revision: int
    """All pages of a list show what was there at this one. To watch from it misses nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must hold of an object that is to be deleted; what is empty is not looked at."""

    uid: str = ""
    resource_version: str = ""

    def check(self, found: StoredObject | None, *, key: ObjectKey, index: int) -> None:
        """Look whether it holds.

        Args:
            found: The object as it is; None: it is not there.
            key: Which one.
            index: Its number among those that were handed in.

        Raises:
            VersionConflict: It does not.
        """
        uid, version = (found.uid, found.resource_version) if found is not None else ("", "")
        if self.uid not in {"", uid}:
            raise VersionConflict(index, key, self.uid, uid, of="uid")
        if self.resource_version not in {"", version}:
            raise VersionConflict(index, key, self.resource_version, version)


NO_PRECONDITION = Precondition()


Check: TypeAlias = Callable[[Sequence[Applied]], None]
"""Looks at what would become of objects, as a dry run tells it, and raises what stands against it."""


class ObjectStore(Protocol):
    """Who keeps objects. Each method may raise `StoreUnavailable`: nothing is kept then, or it says that it may be."""

    @property
    def revision(self) -> int:
        """The number of the last change."""
        ...

    async def apply(
        self,
        bodies: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        check: Check | None = None,
    ) -> tuple[Applied, ...]:
        """Apply objects as server-side apply does: all of them or none. They are kept for good when it returns.

        What the manager applied before and leaves out now is removed unless somebody else owns it too. Maps are
        merged field by field; lists and single values are owned as a whole.

        Args:
            bodies: Whole manifests, or the parts of them that the manager cares for, as JSON values.
            manager: Who owns the fields from now on.
            force: Whether to take fields that others own with another value.
            dry_run: Whether to say only what would become of them.
            check: Is shown what would become of them before anything is kept; what it raises comes out, and nothing is
                kept then.

        Returns:
            One for each of the bodies, in their order.

        Raises:
            InvalidObjects: Some are no objects.
            InvalidQuery: The manager has no name that can be kept.
            FieldConflicts: Others own fields with other values, and it was not told to force.
            VersionConflict: One says a resourceVersion or uid that its object does not have.
        """
        ...

    async def delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        *,
        dry_run: bool = False,
        missing_ok: bool = False,
    ) -> tuple[StoredObject, ...]:
        """Delete objects: all of them or none. They are gone for good when it returns.

        Args:
            keys: Which, and what must hold of each.
            dry_run: Whether to say only what would be deleted.
            missing_ok: Whether those that are not there are passed over.

        Returns:
            Those that were there, as they were.

        Raises:
            ObjectNotFound: One is not there.
            VersionConflict: A precondition does not hold.
        """
        ...

    async def get(self, key: ObjectKey) -> StoredObject:
        """Return an object.

        Raises:
            ObjectNotFound: It is not there.
        """
        ...

    async def list(
        self,
        *,
        group: str | None = None,
        kind: str | None = None,
        namespace: str | None = None,
        labels: str = "",
        limit: int = 0,
        token: str = "",
    ) -> Page:
        """Return objects in the order of their keys.

        Args:
            group: The API group; None for all, empty for the core group.
            kind: The kind; None for all.
            namespace: The namespace; None for all.
            labels: A selector as kubectl takes it; empty for all.
            limit: How many at most; 0 for all.
            token: The `next_token` of the page before. The other arguments must be those of the page before.

        Raises:
            InvalidQuery: The selector or the token cannot be read.
            Compacted: What was there at the time of the first page is not remembered any more.
        """
        ...

    def watch(self, since: int | None = None) -> AsyncIterator[Change]:
        """Yield every change after a revision, without an end.

        Args:
            since: The last one that is known; None to begin now.

        Raises:
            Compacted: Not all changes since then are remembered (any more).
        """
        ...
