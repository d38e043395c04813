"""The last changes, numbered without a gap."""

from __future__ import annotations

import pytest

from legation.errors import Compacted
from legation.sources.stored import history
from legation.sources.stored.history import History
from tests.unit.sources.stored.stored_things import gone, key, put


def test_everything_after_a_revision_is_known() -> None:
    changes = [put("a", 6), put("b", 7), gone("a", 8)]
    known = History(5, changes)
    assert (known.oldest, known.newest) == (5, 8)
    assert list(known.after(5)) == changes
    assert list(known.after(7)) == changes[2:]
    assert list(known.after(8)) == []


@pytest.mark.parametrize("revision", [0, 4, 9])
def test_what_is_too_old_and_what_is_not_there_yet_is_said(revision: int) -> None:
    with pytest.raises(Compacted) as caught:
        History(5, [put("a", 6), put("b", 7), gone("a", 8)]).after(revision)
    assert (caught.value.revision, caught.value.oldest) == (revision, 5)


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 10)
    known = History()
    for revision in range(1, 1000):
        known.add([put("a", revision)])
        assert known.newest == revision
        assert min(revision, 10) <= len(known.after(known.oldest)) <= 20


def test_many_bytes_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 1000)
    known = History()
    for revision in range(1, 100, 2):
        known.add([put("a", revision), put("b", revision + 1)], size=200)
        assert known.newest == revision + 1
        assert len(known.after(known.oldest)) == min(revision + 1, 10)
    known.add([put("a", 101)], size=2000)
    assert (known.newest, list(known.after(101))) == (101, [])


def test_what_was_there_before_is_that_of_the_first_change_since() -> None:
    first, second = put("a", 6), put("a", 7)
    assert first.stored is not None
    known = History(5)
    known.add([first])
    known.add([type(second)(revision=7, key=second.key, stored=second.stored, previous=first.stored)])
    assert known.before(5) == {key("a"): None}
    assert known.before(6) == {key("a"): first.stored}
    assert known.before(7) == {}
