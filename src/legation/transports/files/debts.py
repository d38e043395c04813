"""Debts: which versions somebody may have that were made for files which are not among the newest any more.

What names a file by its path nobody can see here: a certificate, a script, the file of a ConfigMap. So a file that left
stays until everything that differed from the newest content at that moment is another, or gone, with all who read it.
"""

from __future__ import annotations

from collections.abc import Mapping

from legation.model.resource import Name
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, RUNTIME
from legation.model.snapshot import Snapshot
from legation.transports.files.readers import Readers

_NAME_NO_FILE = (CLUSTER_LOAD_ASSIGNMENT, RUNTIME)


class Debts:
    """What each file waits for that is to go, or that something moved out of."""

    def __init__(self, *, drain_grace: float) -> None:
        """Begin with nothing that is to go.

        Args:
            drain_grace: How long a Listener that was replaced or removed goes on using what it names, in seconds.
        """
        self._drain_grace = drain_grace
        self._owed: dict[str, dict[Name, set[int]]] = {}
        """By path: versions of resources that may need it."""
        self._drained: dict[str, float] = {}
        """By path: when the listeners have drained that may need it."""

    def __contains__(self, path: object) -> bool:
        return path in self._owed

    def note(self, wanted_without: Mapping[str, Snapshot], readers: Readers, now: float) -> None:
        """Take the files that are to go with the newest content, those from before too.

        Args:
            wanted_without: For each of these files what does not need it.
            readers: Who may have something else.
            now: The present moment.
        """
        before, self._owed = self._owed, {}
        fresh: dict[Snapshot, Mapping[Name, set[int]]] = {}
        for path, content in wanted_without.items():
            if path in before:
                self._owed[path] = before[path]
            else:
                if content not in fresh:
                    fresh[content] = _others(content, readers)
                self._owed[path] = {name: set(versions) for name, versions in fresh[content].items()}
        self._drained = {path: until for path, until in self._drained.items() if path in self._owed}
        for path, owed in self._owed.items():
            for name, versions in owed.items():
                if (wanted := wanted_without[path].get(*name)) is not None:
                    versions.discard(wanted.fingerprint)
        self.settle(readers, now)

    def settle(self, readers: Readers, now: float) -> None:
        """Forget what nobody has any more."""
        if not self._owed:
            return
        have = {(name, each.fingerprint) for name, each in readers.may_have()}
        for path, owed in self._owed.items():
            for name in [name for name, versions in owed.items() if not any((name, each) in have for each in versions)]:
                if owed.pop(name) and name[0].drains:
                    self._drained[path] = now + self._drain_grace
        self._drained = {path: until for path, until in self._drained.items() if now < until}
        self._owed = {path: owed for path, owed in self._owed.items() if owed or path in self._drained}

    def deadline(self) -> float | None:
        """Return when the first have drained; None: nothing drains."""
        return min(self._drained.values(), default=None)


def _others(newest: Snapshot, readers: Readers) -> Mapping[Name, set[int]]:
    """Return all that somebody may have and that is another in the newest content, or not there."""
    found: dict[Name, set[int]] = {}
    for name, each in readers.may_have():
        if name[0] in _NAME_NO_FILE:
            continue
        wanted = newest.get(*name)
        if wanted is None or wanted.fingerprint != each.fingerprint:
            found.setdefault(name, set()).add(each.fingerprint)
    return found
