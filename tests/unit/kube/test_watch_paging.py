"""How far a list was read."""

from __future__ import annotations

import msgspec

from legation.kube.watch_paging import Paging
from legation.kube.watch_wire import Page

A, B, C = (msgspec.Raw(each) for each in (b'"a"', b'"b"', b'"c"'))


def test_each_object_is_read_once_and_the_first_page_gives_the_version() -> None:
    paging = Paging()
    assert (paging.open, paging.over, paging.take(5)) == (False, False, [])
    assert paging.begin(Page(version="7", rest="more", items=[A, B]))
    assert (paging.open, paging.over, paging.token) == (True, False, "")
    assert [paging.take(1), paging.take(1)] == [[A], [B]]
    assert (paging.open, paging.over, paging.token) == (False, False, "more")
    assert not paging.begin(Page(version="8", rest="", items=[C]))
    assert paging.take(5) == [C]
    assert (paging.open, paging.over, paging.token, paging.version) == (False, True, "", "7")


def test_a_page_without_objects_is_over_when_it_was_asked_for_them() -> None:
    paging = Paging()
    paging.begin(Page(version="7", rest="", items=[]))
    assert (paging.open, paging.over) == (True, False)
    assert paging.take(5) == []
    assert paging.over
