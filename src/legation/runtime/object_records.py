"""The records by which a state folder remembers objects, and the files that were once read whole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from legation.model.objects import ManifestObject, ObjectKey, Place, is_same_json
from legation.model.problems import Level, Problem
from legation.runtime.read import Reading

_OBJECT = "object "
_FILES = "files"


class ObjectRecords:
    """What is remembered, and what of it has changed since it was last taken."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        self.whole: frozenset[str] = frozenset(records.get(_FILES, ()))
        """Files that were once read whole and in which everything was good, so that all they held is known."""
        self.problems: tuple[Problem, ...] = ()
        """Records that are not what this version of the program writes."""
        self._saved: dict[ObjectKey, ManifestObject] = {}
        self._changes: dict[str, Any] = {}
        for name in sorted(records):
            if name.startswith(_OBJECT):
                self._restore(name, records[name])

    @property
    def manifests(self) -> tuple[ManifestObject, ...]:
        """The last good version of each remembered object."""
        return tuple(self._saved.values())

    def note(self, good: Iterable[Reading], *, whole: frozenset[str], present: frozenset[str]) -> None:
        """Take what is good now, which files are whole, and which files there are at all."""
        manifests = {reading.manifest.key: reading.manifest for reading in good}
        for key, manifest in manifests.items():
            saved = self._saved.get(key)
            if saved is not manifest and not _is_same(saved, manifest):
                self._changes[_name(key)] = _to_record(manifest)
        for key in self._saved.keys() - manifests.keys():
            self._changes[_name(key)] = None
        self._saved = manifests
        whole |= self.whole & present
        if whole != self.whole:
            self.whole = whole
            self._changes[_FILES] = sorted(whole)

    def take_changes(self) -> Mapping[str, Any]:
        """Return what changed since the last call: records by name, None where one goes."""
        changes, self._changes = self._changes, {}
        return changes

    def _restore(self, name: str, record: Any) -> None:
        try:
            manifest = _from_record(record)
        except (AttributeError, KeyError, TypeError):
            message = "the state folder remembers an object in a form that this version does not understand"
            self.problems += (Problem(code="damaged-state", level=Level.WARNING, message=message),)
            self._changes[name] = None
        else:
            self._saved[manifest.key] = manifest


def _is_same(saved: ManifestObject | None, manifest: ManifestObject) -> bool:
    # After a restart everything is read anew and most of it says the same.
    return saved is not None and is_same_json(_to_record(saved), _to_record(manifest))


def _name(key: ObjectKey) -> str:
    return f"{_OBJECT}{key.group}/{key.kind} {key.namespace}/{key.name}"


def _to_record(manifest: ManifestObject) -> dict[str, Any]:
    key, place = manifest.key, manifest.place
    return {
        "key": [key.group, key.kind, key.namespace, key.name],
        "apiVersion": manifest.api_version,
        "labels": dict(manifest.labels),
        "created": manifest.created,
        "place": None if place is None else [place.file, place.line, place.column],
        "body": manifest.body,
    }


def _from_record(record: Any) -> ManifestObject:
    return ManifestObject(
        key=ObjectKey(*record["key"]),
        api_version=record["apiVersion"],
        labels=dict(record["labels"].items()),
        created=record["created"],
        place=None if record["place"] is None else Place(*record["place"]),
        body=dict(record["body"].items()),
    )
