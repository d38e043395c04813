"""What a call is about to store, made known to the calls that come before it is served.

The one invariant: what certainly was not stored is forgotten; what perhaps was is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from legation.api.management.refused import Refused
from legation.errors import PartlyStored, StoreError, StoreUnavailable
from legation.model.objects import ManifestObject
from legation.model.stored import Applied
from legation.runtime.upcoming import Upcoming


class Underway:
    """The objects of one call."""

    def __init__(self, upcoming: Upcoming) -> None:
        """Begin without any.

        Args:
            upcoming: What all calls have stored that is not served yet.
        """
        self._upcoming = upcoming
        self._objects: tuple[ManifestObject, ...] = ()

    def expect(self, manifests: Iterable[ManifestObject]) -> None:
        """Take objects that nothing stands against: they are stored next."""
        self._objects = tuple(manifests)
        self._upcoming.expect(self._objects)

    def keep(self, done: Iterable[Applied]) -> None:
        """Note that they are stored, and as what."""
        self._upcoming.keep(each.stored.manifest() for each in done)

    def forget(self) -> None:
        """Forget them: they are not stored."""
        self._upcoming.forget(self._objects)


@contextmanager
def underway(upcoming: Upcoming) -> Iterator[Underway]:
    """Store objects in a block."""
    found = Underway(upcoming)
    try:
        yield found
    except (StoreError, Refused) as error:
        if not _may_be_done(error):
            found.forget()
        raise


def _may_be_done(error: Exception) -> bool:
    return isinstance(error, PartlyStored) or (isinstance(error, StoreUnavailable) and error.may_be_done)
