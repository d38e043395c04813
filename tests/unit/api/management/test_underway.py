from __future__ import annotations

import asyncio

import pytest

from legation.api.management.refused import Refused
from legation.api.management.underway import underway
from legation.errors import FieldConflicts, PartlyStored, StoreUnavailable
from legation.model.stored import Applied, Outcome
from legation.runtime.read import Reading
from legation.runtime.upcoming import Upcoming
from tests.unit.api.management.stores import stored

WEB = stored("web")


def expected(upcoming: Upcoming, *, error: BaseException | None = None) -> int:
    """Return how many objects are expected after one was about to be stored."""
    manifest = WEB.manifest()
    with underway(upcoming) as mine:
        upcoming.look_at({manifest.key: manifest}, {manifest.key: ()})
        mine.expect([manifest])
        if error is not None:
            raise error
        mine.keep([Applied(key=WEB.key, outcome=Outcome.CREATED, stored=WEB)])
    return len(upcoming)


def test_what_is_stored_is_expected_until_it_is_served() -> None:
    upcoming = Upcoming()
    assert expected(upcoming) == 1
    upcoming.settle({WEB.key: Reading(manifest=WEB.manifest())})
    assert len(upcoming) == 0


@pytest.mark.parametrize("error", [StoreUnavailable("full"), FieldConflicts(()), Refused.bad_request([])])
def test_what_is_not_stored_is_forgotten(error: Exception) -> None:
    upcoming = Upcoming()
    with pytest.raises(type(error)):
        expected(upcoming, error=error)
    assert len(upcoming) == 0


@pytest.mark.parametrize(
    "error",
    [
        StoreUnavailable("cut", may_be_done=True),
        PartlyStored((WEB.key,), StoreUnavailable("cut")),
        asyncio.CancelledError(),
    ],
)
def test_what_is_stored_perhaps_is_expected(error: BaseException) -> None:
    upcoming = Upcoming()
    with pytest.raises(type(error)):
        expected(upcoming, error=error)
    assert len(upcoming) == 1
