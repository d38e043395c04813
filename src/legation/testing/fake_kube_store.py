"""What FakeKube keeps: objects, their versions and what happened to them. No HTTP.

Every change gets the next resource version. The history goes back to the last compaction; lists that were begun stay as
they were until then.
"""

from __future__ import annotations

import secrets
import uuid
from bisect import bisect_right
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime

from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.testing.fake_kube_answers import Json, conflict, exists, expired, invalid, not_found
from legation.testing.fake_kube_fields import Owners

_PLAIN_GROUPS = frozenset({"", "coordination.k8s.io", "events.k8s.io"})
"""Groups whose objects have no generation; those of the core group may be replaced whatever their version is."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to an object."""

    version: int
    kind: ApiKind
    before: Json | None
    after: Json | None


class Store:
    """Objects of the kinds that are installed."""

    def __init__(self) -> None:
        self.version = self.compacted = 1000
        self.kinds: dict[ApiKind, bool] = {}
        """Each kind, and whether it has the status subresource."""
        self.changed: Callable[[], None] = lambda: None
        """Is called after each change."""
        self._objects: dict[ApiKind, dict[NamespacedName, Json]] = {}
        self._owners: dict[tuple[ApiKind, NamespacedName], Owners] = {}
        self._history: list[Change] = []
        self._lists: dict[tuple[int, ApiKind], dict[NamespacedName, Json]] = {}

    # ----------------------------------------------------------------------------------------------------- reading

    def find(self, kind: ApiKind, key: NamespacedName) -> Json | None:
        """Return an object, if there is one."""
        return self._objects.get(kind, {}).get(key)

    def get(self, kind: ApiKind, key: NamespacedName) -> Json:
        """Return an object."""
        if (found := self.find(kind, key)) is None:
            raise not_found(kind, key.name)
        return found

    def all(self, kind: ApiKind, *, version: int = 0) -> dict[NamespacedName, Json]:
        """Return all objects of a kind, as they are or as a list found them that was begun at a version."""
        if not version or version == self.version:
            return dict(sorted(self._objects.get(kind, {}).items()))
        if (found := self._lists.get((version, kind))) is None:
            raise expired("The provided continue parameter is too old to display a consistent list result")
        return found

    def remember(self, kind: ApiKind) -> None:
        """Keep the objects of a kind as they are, for the next page of a list."""
        self._lists[self.version, kind] = self.all(kind)

    def after(self, version: int) -> list[Change]:
        """Return what happened after a version."""
        if version < self.compacted:
            raise expired(f"too old resource version: {version} ({self.compacted})")
        return self._history[bisect_right(self._history, version, key=lambda each: each.version) :]

    def compact(self) -> None:
        """Forget what happened before."""
        self.compacted = self.version
        self._history.clear()
        self._lists.clear()
        self.changed()

    # ----------------------------------------------------------------------------------------------------- writing

    def create(self, kind: ApiKind, value: Json, *, manager: str = "") -> Json:
        """Create an object; with the status subresource its status is left out."""
        value = deepcopy(value)
        metadata = value.setdefault("metadata", {})
        if not metadata.get("name") and (prefix := metadata.get("generateName")):
            metadata["name"] = prefix + secrets.token_hex(3)
        if not metadata.get("name"):
            raise invalid(kind, "", "metadata.name: Required value: name or generateName is required")
        key = key_of(value)
        if self.find(kind, key) is not None:
            raise exists(kind, key.name)
        if self.kinds[kind]:
            value.pop("status", None)
        self._put(kind, key, None, value)
        self.owners(kind, key).update({}, value, manager=manager)
        return value

    def replace(self, kind: ApiKind, value: Json, *, part: str = "", manager: str = "", based: bool = True) -> Json:
        """Replace an object, or its status alone.

        Args:
            kind: Its kind.
            value: What it becomes; the server's own fields are kept.
            part: `status`, or empty for everything else.
            manager: Who does it.
            based: Whether it must name the version that it was made from, where its kind asks for that.
        """
        key = key_of(value)
        before = self.get(kind, key)
        metadata, had = value.get("metadata", {}), before["metadata"]
        if based and kind.group and not metadata.get("resourceVersion"):
            raise invalid(kind, key.name, "metadata.resourceVersion: Invalid value: 0: must be specified for an update")
        check_version(kind, before, metadata)
        after = deepcopy(value)
        if part:
            after = {**deepcopy(before), "status": after.get("status", {})}
        elif self.kinds[kind]:
            after.pop("status", None)
            after |= {"status": deepcopy(before["status"])} if "status" in before else {}
        own = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion")
        after["metadata"] = {**after["metadata"], **{each: had[each] for each in own if each in had}}
        if after == before:
            return before
        if had.get("deletionTimestamp") and set(finalizers(after)) - set(finalizers(before)):
            why = "no new finalizers can be added if the object is being deleted"
            raise invalid(kind, key.name, f"metadata.finalizers: Forbidden: {why}")
        if had.get("deletionTimestamp") and not finalizers(after):
            return self._drop(kind, key)
        self._put(kind, key, before, after)
        self.owners(kind, key).update(before, after, manager=manager)
        return after

    def delete(self, kind: ApiKind, key: NamespacedName) -> Json:
        """Delete an object; one with finalizers waits for them."""
        before = self.get(kind, key)
        if not finalizers(before):
            return self._drop(kind, key)
        if before["metadata"].get("deletionTimestamp"):
            return before
        after = deepcopy(before)
        after["metadata"]["deletionTimestamp"] = _now()
        if "generation" in after["metadata"]:
            # The wish for its end is one of its owner's.
            after["metadata"]["generation"] += 1
        self._put(kind, key, before, after)
        return after

    def uninstall(self, kind: ApiKind) -> None:
        """Remove a kind, and all its objects before it."""
        for key in list(self._objects.get(kind, {})):
            self._drop(kind, key)
        del self.kinds[kind]
        self.changed()

    def owners(self, kind: ApiKind, key: NamespacedName) -> Owners:
        """Return who owns the fields of an object."""
        return self._owners.setdefault((kind, key), Owners())

    def _put(self, kind: ApiKind, key: NamespacedName, before: Json | None, after: Json) -> None:
        self.version += 1
        metadata = after["metadata"]
        if before is None:
            metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": _now()}
        if kind.group not in _PLAIN_GROUPS:
            changed = before is None or self._substance(kind, before) != self._substance(kind, after)
            metadata["generation"] = metadata.get("generation", 0) + changed
        metadata["resourceVersion"] = str(self.version)
        after.update(apiVersion=kind.api_version, kind=kind.kind)
        self._objects.setdefault(kind, {})[key] = after
        self._happened(Change(self.version, kind, before, after))

    def _drop(self, kind: ApiKind, key: NamespacedName) -> Json:
        before = self._objects[kind].pop(key)
        self._owners.pop((kind, key), None)
        self.version += 1
        self._happened(Change(self.version, kind, before, None))
        return before

    def _happened(self, change: Change) -> None:
        self._history.append(change)
        self.changed()

    def _substance(self, kind: ApiKind, value: Json) -> Json:
        """Return what the generation counts the changes of."""
        beside = {"metadata", "apiVersion", "kind", *(("status",) if self.kinds[kind] else ())}
        return {field: each for field, each in value.items() if field not in beside}


def key_of(value: Json) -> NamespacedName:
    """Return what an object is called by."""
    return NamespacedName(value["metadata"].get("namespace", ""), value["metadata"]["name"])


def finalizers(value: Json) -> list[str]:
    """Return what has to be done before an object may go."""
    found: list[str] = value["metadata"].get("finalizers") or []
    return found


def check_version(kind: ApiKind, now: Json, wanted: Json) -> None:
    """Refuse what was made for another version, or for another object of that name."""
    for field in ("uid", "resourceVersion"):
        if wanted.get(field) and wanted[field] != now["metadata"][field]:
            why = f"Precondition failed: UID in precondition: {wanted[field]}" if field == "uid" else ""
            raise conflict(kind, now["metadata"]["name"], why)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
