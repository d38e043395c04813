"""Readings of objects that somebody is about to store: when they are served they need not be encoded again.

Where the object that comes holds the very body that was asked about, as the embedded store has it, the reading is that
of the other. Else it differs in its metadata, so it is read anew; what it holds is the same JSON, of which the reading
has the bytes. No more are remembered than may be, and each is used once.
"""

from __future__ import annotations

from dataclasses import replace

from legation.model.objects import ManifestObject, ObjectKey
from legation.runtime.last_good import Read
from legation.runtime.read import Reading

MOST = 4096
"""Readings that are remembered."""


class Prepared:
    """The readings, and how to read with them. Called in the event loop alone."""

    def __init__(self, read: Read) -> None:
        """Begin without any.

        Args:
            read: Reads one version of an object.
        """
        self._read = read
        self._readings: dict[ObjectKey, Reading] = {}

    def prepare(self, manifest: ManifestObject, previous: Reading | None) -> Reading:
        """Read an object that may be served soon."""
        reading = self._readings[manifest.key] = self.read(manifest, previous)
        if len(self._readings) > MOST:
            del self._readings[next(iter(self._readings))]
        return reading

    def read(self, manifest: ManifestObject, previous: Reading | None) -> Reading:
        """Read an object, with what was prepared of it."""
        prepared = self._readings.pop(manifest.key, None)
        if prepared is None:
            return self._read(manifest, previous)
        if _is_same(prepared.manifest, manifest) and not (prepared.workloads or prepared.selections or prepared.notes):
            return replace(
                prepared, manifest=manifest, items=tuple(replace(each, manifest=manifest) for each in prepared.items)
            )
        if previous is not None:
            prepared = replace(prepared, encoded=(*prepared.encoded, *previous.encoded))
        return self._read(manifest, prepared)


def _is_same(one: ManifestObject, other: ManifestObject) -> bool:
    """Say whether two hold the very same; they are compared by identity, and are two."""
    return (
        one.body is other.body
        and one.api_version == other.api_version
        and one.labels == other.labels
        and one.created == other.created
        and one.place == other.place
    )
