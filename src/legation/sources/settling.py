"""When what was read from files is believed, and what the files say together. No I/O, and time is an argument.

Saving must never delete. While a file is being saved it may be gone, empty, cut off or short of an object; so a reading
that says less than the one before is doubted until nothing has changed for a while, and the earlier one holds until
then; only what is new in it, and not what is missing or changed, counts at once, so that a renamed object is there
before its old name goes. A reading without doubt is believed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.sources.base import SourceState
from legation.sources.manifests import Reading, cut_off

QUIET = 0.1
"""Seconds without a change after which a doubted reading is believed."""


@dataclass(slots=True)
class _File:
    believed: Reading | None = None
    newest: Reading | None = None
    """What was read last; None when the file is gone. The same as `believed` when nothing is in doubt."""
    since: float = 0.0
    """The moment at which the newest reading was new."""
    whole: Reading | None = None
    """The last one believed that has documents."""
    keys: frozenset[ObjectKey] = frozenset()
    """What it holds, and, while a part of it cannot be read, what it held before: nobody else gets those names."""
    ahead: dict[ObjectKey, tuple[ManifestObject, Place]] = field(default_factory=dict)
    """What is new in readings that are doubted only for what they lack."""

    def doubtful(self, present: Callable[[], frozenset[ObjectKey]]) -> bool:
        """Say whether the newest reading may be that of a file in the middle of being saved.

        Args:
            present: Returns all objects that can be read now, wherever; asked only if this file lacks some.
        """
        if self.newest is None:
            return not self.keys <= present()
        # What a broken part of the file held is missing, but not lost.
        held = self.believed.keys if self.newest.problems and self.believed else self.keys
        return self.torn(self.newest) or not (held <= self.newest.keys or held <= present())

    def torn(self, reading: Reading) -> bool:
        """Say whether the text itself looks half-written."""
        if reading.problems and (self.believed is None or reading.problems != self.believed.problems):
            return True
        return not reading.ended and self.believed is not None and self.believed.ended

    def lost(self) -> frozenset[ObjectKey]:
        """Return the objects that the newest reading lacks."""
        if self.newest is self.believed:
            return frozenset()
        return self.keys - (self.newest.keys if self.newest else frozenset())

    def let_ahead(self) -> bool:
        """Let what is new in the newest reading count before the rest of it does. Return whether there is any."""
        if self.newest is None or self.torn(self.newest):
            return False
        new = {
            manifest.key: (manifest, place)
            for manifest, place in self.newest.places
            if manifest.key not in self.keys and manifest.key not in self.ahead
        }
        self.ahead |= new
        return bool(new)

    def believe(self) -> None:
        self.ahead = {}
        self.believed = reading = self.newest
        if reading is None:
            return
        self.keys = reading.keys | self.keys if reading.problems else reading.keys
        if reading.documents:
            self.whole = reading


class Settling:
    """All files of a source, and what they say together."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._loaded = False

    @property
    def files(self) -> frozenset[str]:
        """Every file that is known, those included that went away just now."""
        return frozenset(self._files)

    @property
    def doubted(self) -> frozenset[str]:
        """The files whose newest reading is not believed yet. They have to be read again at the deadline."""
        return frozenset(name for name, file in self._files.items() if file.newest is not file.believed)

    def deadline(self) -> float | None:
        """Return the moment at which `settle` may have more to believe, if nothing changes before."""
        return min((self._files[name].since + QUIET for name in self.doubted), default=None)

    def earlier(self, name: str) -> tuple[Reading, ...]:
        """Return the earlier readings of a file, for `read_text`."""
        file = self._files.get(name)
        return () if file is None else tuple(each for each in (file.newest, file.whole, file.believed) if each)

    def take(self, name: str, reading: Reading | None, *, now: float) -> None:
        """Take what a file says now; None if it is gone."""
        file = self._files.setdefault(name, _File())
        if reading and reading.looks_cut_off and file.keys:
            reading = cut_off(name)
        if reading is None and file.believed is None:
            del self._files[name]
        elif reading is not None and reading.says(file.believed):
            file.newest = file.believed
        elif not (file.newest is None and reading is None) and not (reading and reading.says(file.newest)):
            file.newest, file.since = reading, now

    def keep(self, name: str) -> None:
        """Take back that a file seemed gone: its folder went with it, and that deletes nothing."""
        file = self._files[name]
        if file.newest is None:
            file.newest = file.believed

    def settle(self, now: float) -> bool:
        """Believe what has no doubt in it, and what has been the same for long enough. Return whether there was any.

        The first time everything is believed: there is nothing to lose.
        """
        present = cache(self._present)
        settled = False
        for name in self.doubted:
            file = self._files[name]
            if self._loaded and file.doubtful(present) and now < file.since + QUIET:
                settled = file.let_ahead() or settled
                continue
            file.believe()
            settled = True
            if file.believed is None:
                del self._files[name]
        self._loaded = True
        return settled

    def _present(self) -> frozenset[ObjectKey]:
        """Return all objects that can be read now, wherever: one that moved to another file is not lost."""
        return frozenset().union(*(file.newest.keys for file in self._files.values() if file.newest))

    def state(self, problems: Iterable[Problem] = ()) -> SourceState:
        """Return what the source has to say.

        Args:
            problems: What is wrong besides the files.
        """
        objects: dict[ObjectKey, ManifestObject] = {}
        places: dict[ObjectKey, Place] = {}
        found = list(problems)
        reserved = self._reserved()
        steady = self._steady() if self.doubted else frozenset()
        for name in sorted(self._files):
            reading = self._files[name].believed
            if reading is None:
                continue
            found += reading.problems
            moved = self._files[name].lost() & steady if steady else steady
            for manifest, place in reading.places:
                key = manifest.key
                if key in moved:
                    continue
                if key in places or reserved.get(key, name) < name:
                    found.append(_duplicate(key, place, places.get(key) or Place(reserved[key])))
                else:
                    objects[key], places[key] = manifest, place
        for name in sorted(self._files):
            for key, (manifest, place) in self._files[name].ahead.items():
                if key not in places and key not in reserved:
                    objects[key], places[key] = manifest, place
        broken = frozenset(name for name, file in self._files.items() if file.believed and file.believed.problems)
        return SourceState(objects=MappingProxyType(objects), problems=tuple(found), broken=broken)

    def _reserved(self) -> dict[ObjectKey, str]:
        """Return the names that a file keeps though the part of it cannot be read in which they stood."""
        reserved: dict[ObjectKey, str] = {}
        for name in sorted(self._files, reverse=True):
            file = self._files[name]
            if file.believed and file.believed.problems:
                reserved.update(dict.fromkeys(file.keys, name))
        return reserved

    def _steady(self) -> frozenset[ObjectKey]:
        """Return the objects that some file has for sure: one that a doubted file lost has moved there."""
        files = self._files.values()
        return frozenset().union(
            *(file.believed.keys & file.newest.keys for file in files if file.believed and file.newest)
        )

    def locate(self, place: Place, path: FieldPath) -> Place:
        """Return where a field of the object with that place stands now, or the place itself."""
        for reading in self.earlier(place.file):
            located = reading.locate(place, path)
            if located is not None:
                return located
        return place


def _duplicate(key: ObjectKey, place: Place, winner: Place) -> Problem:
    return Problem(
        code="duplicate-object",
        message=f"it stands at {winner} too, which comes first by path and line, so this one is not used",
        object=key,
        place=place,
        mend="remove one of the two or give it another name",
    )
