"""Early: what was written before a file that it names stood there. Envoy refused it, and hears of the file no more.

So it is moved into place again with that file, and nobody who does not name it already does so before that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.model.resource import EVERY, Name
from legation.model.resource_types import CLUSTER, REFERRERS, SCOPED_ROUTE
from legation.model.snapshot import Snapshot
from legation.transports.files.file_set import FileSet
from legation.transports.files.readers import Readers
from legation.transports.files.standing import File


class Early:
    """Who came before what it names."""

    def __init__(self, *, settle: float) -> None:
        """Begin with nobody.

        Args:
            settle: Seconds after which what was written has been read.
        """
        self._settle = settle
        self._missing: dict[Name, set[Name]] = {}
        """What stands there -> what of that which it names is to come."""
        self._read_at: dict[Name, float] = {}
        """Who was moved again -> when that has been read."""

    def __contains__(self, name: object) -> bool:
        return name in self._missing or name in self._read_at

    def take(self, newest: FileSet, standing: Mapping[str, File], readers: Readers) -> None:
        """Take the newest files.

        What names one that is to come counts as refused, in the version that stands there too: that may have named the
        same, or another that nobody knew of.
        """
        snapshot = newest.snapshot
        present = {name: {each for each in missing if snapshot.get(*each)} for name, missing in self._missing.items()}
        self._missing = {name: missing for name, missing in present.items() if missing and snapshot.get(*name)}
        coming = (name for path, file in newest.files.items() if path not in standing for name in file.members)
        for name in coming:
            for namer in namers(snapshot, name):
                if readers.held(namer) is not None:
                    self._missing.setdefault(namer, set()).add(name)

    def written(self, files: Mapping[str, File], now: float) -> None:
        """Note that these files were moved into place."""
        there = {(each.type, each.name) for file in files.values() for each in file.members}
        complete = {name for name, missing in self._missing.items() if missing <= there}
        self._read_at |= dict.fromkeys(complete & there, now + self._settle)
        self._missing = {name: missing - there for name, missing in self._missing.items() if name not in complete}

    def read(self, now: float) -> None:
        """Forget who has been read again."""
        self._read_at = {name: until for name, until in self._read_at.items() if now < until}

    def deadline(self) -> float | None:
        """Return when the next one has been read; None: nobody is waited for."""
        return min(self._read_at.values(), default=None)


def namers(snapshot: Snapshot, name: Name) -> Iterator[Name]:
    """Yield who names something that it takes from a file."""
    row, own = name
    if row is SCOPED_ROUTE:
        for each in snapshot.collections.values():
            yield from ((each.type, namer) for namer in each.referrers(row, EVERY))
    elif row is not CLUSTER:
        for above in REFERRERS[row]:
            yield from ((above, namer) for namer in snapshot[above].referrers(row, own))
