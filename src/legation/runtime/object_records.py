"""The records by which a state folder remembers objects, what left them, and files that were once read whole. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from legation.model.objects import ManifestObject, ObjectKey, Place, is_same_json
from legation.model.problems import Level, Problem
from legation.model.resource import Name
from legation.model.resource_types import BY_NAME
from legation.runtime.leaving import Left
from legation.runtime.read import Reading

_OBJECT = "object "
_LEFT = "left "
_FILES = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftRecord:
    """What left one version of an object and stays."""

    manifest: ManifestObject
    heirs: Mapping[Name, frozenset[ObjectKey]]
    """The objects because of which each of them stays."""


class ObjectRecords:
    """What is remembered, and what of it has changed since it was last taken."""

    def __init__(self, records: Mapping[str, Any]) -> None:
        self.whole: frozenset[str] = frozenset(records.get(_FILES, ()))
        """Files that were once read whole and in which everything was good, so that all they held is known."""
        self.problems: tuple[Problem, ...] = ()
        """Records that are not what this version of the program writes."""
        self._saved: dict[ObjectKey, ManifestObject] = {}
        self._changes: dict[str, Any] = {}
        self.left: tuple[LeftRecord, ...] = ()
        """What had left objects when this began."""
        self._saved_left: dict[str, list[Any]] = {}
        self._digests: dict[ObjectKey, tuple[ManifestObject, str]] = {}
        """Of the saved versions of heirs."""
        for name in sorted(records):
            if name.startswith(_OBJECT):
                self._restore(name, records[name])
        for name in sorted(records):
            if name.startswith(_LEFT):
                self._restore_left(name, records[name])

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

    def note_left(self, left: Mapping[ObjectKey, Iterable[Left]]) -> None:
        """Take what left objects and stays now; what is good now is noted before."""
        records = {_name(key, _LEFT): self._to_left_records(those) for key, those in left.items()}
        for name in self._saved_left.keys() | records.keys():
            # What does not look the same may be the same; then it is written once more.
            if records.get(name) != self._saved_left.get(name):
                self._changes[name] = records.get(name)
        self._saved_left = records
        heirs = {heir for those in left.values() for each in those for heir in each.heirs}
        self._digests = {key: digest for key, digest in self._digests.items() if key in heirs}

    def take_changes(self) -> Mapping[str, Any]:
        """Return what changed since the last call: records by name, None where one goes."""
        changes, self._changes = self._changes, {}
        return changes

    def _restore(self, name: str, record: Any) -> None:
        try:
            manifest = _from_record(record)
        except (AttributeError, KeyError, TypeError):
            self._discard(name)
        else:
            self._saved[manifest.key] = manifest

    def _restore_left(self, name: str, record: Any) -> None:
        try:
            versions = [self._from_left_record(each) for each in record]
        except (AttributeError, LookupError, TypeError, ValueError):
            self._discard(name)
        else:
            self.left += tuple(each for each in versions if each.heirs)
            self._saved_left[name] = record

    def _to_left_records(self, left: Iterable[Left]) -> list[dict[str, Any]]:
        """Return one record for each version of an object: it may be large, and a thousand resources may leave it."""
        versions: dict[int, tuple[ManifestObject, dict[Name, frozenset[ObjectKey]]]] = {}
        for each in left:
            _, heirs = versions.setdefault(id(each.manifest), (each.manifest, {}))
            heirs[each.name] = heirs.get(each.name, frozenset()) | each.heirs
        return [self._to_left_record(manifest, heirs) for manifest, heirs in versions.values()]

    def _to_left_record(self, manifest: ManifestObject, left: Mapping[Name, frozenset[ObjectKey]]) -> dict[str, Any]:
        heirs = sorted(frozenset().union(*left.values()))
        numbers = {heir: number for number, heir in enumerate(heirs)}
        names = ([row.name, name, sorted(numbers[heir] for heir in those)] for (row, name), those in left.items())
        return {
            "object": _to_record(manifest),
            "heirs": [[*heir, self._digest(heir)] for heir in heirs],
            "left": sorted(names),
        }

    def _from_left_record(self, record: Any) -> LeftRecord:
        # A version of this program that does not know these records lets them be, and has served other versions of the
        # heirs since: what it removed must not come back.
        keys = [(ObjectKey(*key), digest) for *key, digest in record["heirs"]]
        heirs = [{key} if self._digest(key) == digest else set() for key, digest in keys]
        left = {
            (BY_NAME[row], name): frozenset[ObjectKey]().union(*(heirs[number] for number in numbers))
            for row, name, numbers in record["left"]
        }
        return LeftRecord(
            manifest=_from_record(record["object"]), heirs={name: those for name, those in left.items() if those}
        )

    def _digest(self, key: ObjectKey) -> str | None:
        """Return what tells the saved version of an object from others; None if none is saved."""
        manifest = self._saved.get(key)
        if manifest is None:
            return None
        known = self._digests.get(key)
        if known is None or known[0] is not manifest:
            text = json.dumps(_to_record(manifest), default=dict)
            known = self._digests[key] = (manifest, hashlib.sha256(text.encode()).hexdigest())
        return known[1]

    def _discard(self, name: str) -> None:
        message = "the state folder remembers an object in a form that this version does not understand"
        self.problems += (Problem(code="damaged-state", level=Level.WARNING, message=message),)
        self._changes[name] = None


def _is_same(saved: ManifestObject | None, manifest: ManifestObject) -> bool:
    # After a restart everything is read anew and most of it says the same.
    return saved is not None and is_same_json(_to_record(saved), _to_record(manifest))


def _name(key: ObjectKey, what: str = _OBJECT) -> str:
    return f"{what}{key.group}/{key.kind} {key.namespace}/{key.name}"


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
