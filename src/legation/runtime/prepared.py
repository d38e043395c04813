"""Readings of objects that somebody is about to store: when they are served they need not be encoded again.

Where the object that comes holds the very body that was asked about, as the embedded store has it, the reading is that
of the other. Else it differs in its metadata, so it is read anew; what it holds is the same JSON, of which the reading
has the bytes. No more are remembered than may be, in number and in bytes, and each is used once. The newest always is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from threading import Lock

from legation.model.objects import ManifestObject, ObjectKey
from legation.runtime.last_good import Read
from legation.runtime.read import Reading

MOST = 4096
"""Readings that are remembered."""
MOST_BYTES = 2 * 1024 * 1024
"""Encoded bytes of these. The JSON that they are of has some twenty times as many in memory."""
_A_PROBLEM = 256
"""Bytes that something wrong is counted as."""


class Prepared:
    """The readings, and how to read with them. Threads may share it."""

    def __init__(self, read: Read) -> None:
        """Begin without any.

        Args:
            read: Reads one version of an object.
        """
        self._read = read
        self._readings: dict[ObjectKey, Reading] = {}
        self._size = 0
        """Bytes of these."""
        self._lock = Lock()

    def prepare(self, manifest: ManifestObject, previous: Reading | None) -> Reading:
        """Read an object that may be served soon."""
        reading = self.read(manifest, previous)
        with self._lock:
            # What was read of it in between by somebody else goes.
            self._take(manifest.key)
            self._readings[manifest.key] = reading
            self._size += _size(reading)
            while len(self._readings) > MOST or (self._size > MOST_BYTES and len(self._readings) > 1):
                self._take(next(iter(self._readings)))
        return reading

    def forget(self, keys: Iterable[ObjectKey]) -> None:
        """Forget objects that are not to be served after all."""
        with self._lock:
            for key in keys:
                self._take(key)

    def read(self, manifest: ManifestObject, previous: Reading | None) -> Reading:
        """Read an object, with what was prepared of it."""
        with self._lock:
            prepared = self._take(manifest.key)
        if prepared is None:
            return self._read(manifest, previous)
        if _is_same(prepared.manifest, manifest) and not (prepared.workloads or prepared.selections or prepared.notes):
            return replace(
                prepared, manifest=manifest, items=tuple(replace(each, manifest=manifest) for each in prepared.items)
            )
        if previous is not None:
            prepared = replace(prepared, encoded=(*prepared.encoded, *previous.encoded))
        return self._read(manifest, prepared)

    def _take(self, key: ObjectKey) -> Reading | None:
        found = self._readings.pop(key, None)
        if found is not None:
            self._size -= _size(found)
        return found


def _size(reading: Reading) -> int:
    encoded = (each.resource.size for _, each in reading.encoded if each.resource is not None)
    return sum(encoded) + _A_PROBLEM * len(reading.problems)


def _is_same(one: ManifestObject, other: ManifestObject) -> bool:
    """Say whether two hold the very same; they are compared by identity, and are two."""
    return (
        one.body is other.body
        and one.api_version == other.api_version
        and one.labels == other.labels
        and one.created == other.created
        and one.place == other.place
    )
