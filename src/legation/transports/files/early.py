"""Early: what was written before a file that it names stood there. Envoy refused it, and hears of the file no more.

So it is moved into place again with that file, and nobody who does not name it already does so before that is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.model.resource import EVERY, Name
from legation.model.resource_types import CLUSTER, REFERRERS, SCOPED_ROUTE
from legation.model.snapshot import Snapshot
from legation.protocol.holding import same
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
        self._open: set[Name] = set()
        """Who has all by now, and does not stand there in its newest version yet."""
        self._read_at: dict[Name, float] = {}
        """Who was moved again -> when that has been read."""

    def __contains__(self, name: object) -> bool:
        return name in self._missing or name in self._open or name in self._read_at

    def take(self, newest: FileSet, standing: Mapping[str, File], readers: Readers, now: float) -> None:
        """Take the newest files.

        What names one that is to come counts as refused, in the version that stands there too: that may have named the
        same, or another that nobody knew of.
        """
        snapshot = newest.snapshot
        present = {name: {each for each in missing if snapshot.get(*each)} for name, missing in self._missing.items()}
        self._missing = {name: missing for name, missing in present.items() if missing and snapshot.get(*name)}
        self._open = {name for name in self._open if snapshot.get(*name)}
        if self._open:
            self._close(standing, snapshot, now)
        coming = (name for path, file in newest.files.items() if path not in standing for name in file.members)
        for name in coming:
            for namer in namers(snapshot, name):
                if readers.held(namer) is not None:
                    self._missing.setdefault(namer, set()).add(name)

    def written(self, files: Mapping[str, File], newest: Snapshot, now: float) -> None:
        """Note that these files were moved into place."""
        there = {(each.type, each.name) for file in files.values() for each in file.members}
        self._open |= {name for name, missing in self._missing.items() if missing <= there}
        self._missing = {name: missing - there for name, missing in self._missing.items() if name not in self._open}
        self._close(files, newest, now)

    def _close(self, files: Mapping[str, File], newest: Snapshot, now: float) -> None:
        """See who stands there in its newest version."""
        members = (each for file in files.values() if file.certain for each in file.members)
        done = {
            name for each in members if (name := (each.type, each.name)) in self._open and same(each, newest.get(*name))
        }
        self._open -= done
        self._read_at |= dict.fromkeys(done, now + self._settle)

    def read(self, now: float) -> None:
        """Forget who has been read again."""
        self._read_at = {name: until for name, until in self._read_at.items() if now < until}

    def deadline(self) -> float | None:
        """Return when the next one has been read; None: nobody is waited for."""
        return min(self._read_at.values(), default=None)


def to_move_again(
    puts: Mapping[str, File], standing: Mapping[str, File], newest: FileSet, homes: Mapping[Name, str]
) -> Iterator[str]:
    """Yield the files that stand there as they are to be, and name some that come to stand there only now.

    Args:
        puts: The files that come to stand there or become others.
        standing: What stands there.
        newest: All that is to stand.
        homes: In which of the newest files each resource stands.
    """
    inside: dict[str, set[Name]] = {}
    for path in puts.keys() - standing.keys():
        for each in puts[path].members:
            for namer in namers(newest.snapshot, (each.type, each.name)):
                home = homes.get(namer, "")
                if home in puts or home not in standing:
                    continue
                if home not in inside:
                    inside[home] = {(member.type, member.name) for member in standing[home].members}
                if namer in inside[home]:
                    yield home
        if not puts[path].members:
            # It may be a certificate, or a script: Envoy knows it by the end of its path.
            told = f"/{path}".encode()
            yield from (
                home
                for home, stands in standing.items()
                if home not in puts and home in newest.files and stands.members and told in (stands.content or b"")
            )


def namers(snapshot: Snapshot, name: Name) -> Iterator[Name]:
    """Yield who names something that it takes from a file."""
    row, own = name
    if row is SCOPED_ROUTE:
        for each in snapshot.collections.values():
            yield from ((each.type, namer) for namer in each.referrers(row, EVERY))
    elif row is not CLUSTER:
        for above in REFERRERS[row]:
            yield from ((above, namer) for namer in snapshot[above].referrers(row, own))
