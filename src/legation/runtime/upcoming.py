"""Objects that are stored, or about to be, and not served yet: whoever asks what another would do has to know them.

An object gets here when nothing stands against it, and goes when it is served, or something later. What is the same to
all others as what is served already need not be here. It refuses to know who stores them, and what a clash is. The one
invariant: what one change costs here is what it touches, and a look at what else is not served yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.stored import StoredObject
from legation.runtime.assemble import Shelves, shelves_after
from legation.runtime.item import Item, Made
from legation.runtime.last_good import Readings
from legation.runtime.versions import is_as_new, is_later

FOR = 60.0
"""Seconds after which it is given up that an object is served: somebody else deleted it, or a judge refuses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    manifest: ManifestObject | None
    """None: the object is deleted."""
    items: tuple[Item, ...] = field(default=(), repr=False)
    since: float
    gone: str = ""
    """The resourceVersion that it had."""
    is_kept: bool = False
    """Whether it is stored for sure."""


class Upcoming:
    """These objects, and what they make. Called in the event loop alone."""

    def __init__(self, *, now: Callable[[], float] = lambda: 0.0) -> None:
        """Begin without any.

        Args:
            now: Tells the time, in seconds.
        """
        self._now = now
        self._served: Readings = {}
        self._expected: dict[ObjectKey, _Expected] = {}
        """The one that has waited longest first."""
        self._looked_at: Mapping[ObjectKey, ManifestObject] = {}
        self._made: Made = {}
        self.shelves: Shelves = {}
        """What these objects make."""

    def __contains__(self, key: object) -> bool:
        return key in self._expected

    def __len__(self) -> int:
        return len(self._expected)

    def made(self, key: ObjectKey) -> tuple[Item, ...] | None:
        """Return what an object will make; None: it is not one of these."""
        found = self._expected.get(key)
        return None if found is None else found.items

    def look_at(self, objects: Mapping[ObjectKey, ManifestObject], made: Made) -> None:
        """Note what objects would make that somebody asks about; until somebody asks about others."""
        self._give_up()
        self._looked_at, self._made = objects, made

    def expect(self, manifests: Iterable[ManifestObject]) -> None:
        """Take objects that are about to be stored, of those that were just asked about."""
        now = self._now()
        self._replace(
            {
                each.key: _Expected(manifest=each, items=self._made[each.key], since=now)
                for each in manifests
                if self._looked_at.get(each.key) is each
            }
        )

    def keep(self, manifests: Iterable[ManifestObject]) -> None:
        """Note that objects are stored, as they are here."""
        for each in manifests:
            known = self._expected.get(each.key)
            if known is not None and known.manifest is not None:
                self._expected[each.key] = replace(known, manifest=each, is_kept=True)
                self._settle(each.key)

    def lose(self, objects: Iterable[StoredObject]) -> None:
        """Note that objects are deleted, which were like this."""
        now = self._now()
        gone = {
            each.key: _Expected(manifest=None, since=now, gone=each.resource_version, is_kept=True) for each in objects
        }
        self._replace(gone)
        for key in gone:
            self._settle(key)

    def forget(self, manifests: Iterable[ManifestObject]) -> None:
        """Forget objects that are not stored after all, unless others are expected in their place by now."""
        self._drop([each.key for each in manifests if (it := self._expected.get(each.key)) and it.manifest is each])

    def settle(self, served: Readings) -> None:
        """Take what is served by now, and forget what is served as it was stored, or later."""
        self._served = served
        self._drop([key for key, each in self._expected.items() if self._is_served(key, each)])

    def _settle(self, key: ObjectKey) -> None:
        if self._is_served(key, self._expected[key]):
            self._drop([key])

    def _is_served(self, key: ObjectKey, expected: _Expected) -> bool:
        if not expected.is_kept:
            return False
        reading = self._served.get(key)
        if reading is None:
            return expected.manifest is None
        version = str(reading.manifest.metadata.get("resourceVersion") or "")
        if not version:
            # What stands in a file counts.
            return True
        if expected.manifest is None:
            return is_later(version, than=expected.gone)
        return is_as_new(reading.manifest, expected.manifest)

    def _give_up(self) -> None:
        before = self._now() - FOR
        old = []
        for key, each in self._expected.items():
            if each.since > before:
                break
            old.append(key)
        self._drop(old)

    def _replace(self, expected: Mapping[ObjectKey, _Expected]) -> None:
        self._index(came=expected.values(), went=self._take(expected))
        self._expected.update(expected)

    def _drop(self, keys: Iterable[ObjectKey]) -> None:
        self._index(came=(), went=self._take(keys))

    def _take(self, keys: Iterable[ObjectKey]) -> list[_Expected]:
        return [each for key in keys if (each := self._expected.pop(key, None)) is not None]

    def _index(self, *, came: Iterable[_Expected], went: Iterable[_Expected]) -> None:
        new = [item for each in came for item in each.items]
        old = [item for each in went for item in each.items]
        if new or old:
            self.shelves = shelves_after(self.shelves, new, old)
