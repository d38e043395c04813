"""What is remembered of what was said."""

from __future__ import annotations

from legation.status.events import News
from legation.status.memory import Memory
from tests.unit.status.worlds import WEB

OLD, NEW = {"programmed": "1/1"}, {"programmed": "2/2"}
NEWS = News("Normal", "Programmed", "a note", "Deliver")


def test_what_was_written_is_believed_until_something_else_is_shown() -> None:
    it = Memory()
    assert it.status(WEB, "u", shown=OLD) == OLD
    it.note_written(WEB, "u", NEW, shown=OLD)
    assert it.status(WEB, "u", shown=OLD) == NEW
    assert it.status(WEB, "u", shown={"programmed": "9/9"}) == {"programmed": "9/9"}
    assert it.status(WEB, "another", shown=None) is None


def test_what_was_told_by_events_is_an_opinion_and_no_status() -> None:
    it = Memory()
    assert it.opinion(WEB, "u") is None
    it.note_said(WEB, "u", NEW)
    assert (it.opinion(WEB, "u"), it.status(WEB, "u", shown=None)) == (NEW, None)
    assert it.opinion(WEB, "another") is None
    it.forget(WEB)
    assert it.opinion(WEB, "u") is None


def test_an_equal_event_is_told_again_after_ten_minutes() -> None:
    it = Memory()
    other = News("Warning", "UnknownField", "a note", "Read")
    assert it.unheard(WEB, [NEWS], now=0.0) == (NEWS,)
    it.note_told(WEB, [NEWS], now=0.0)
    assert it.unheard(WEB, [NEWS, other], now=599.0) == (other,)
    assert it.unheard(WEB, [NEWS], now=600.0) == (NEWS,)
    it.note_told(WEB, [], now=600.0)
    assert it._told == {}
