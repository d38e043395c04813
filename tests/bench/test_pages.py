"""The case of the pages, tiny: there is a figure for each."""

from __future__ import annotations

from bench.pages import PAGES, rows


async def test_each_page_is_asked_for() -> None:
    found = await rows(10, 8)
    assert len(found) == len(PAGES)
    assert all("wait" in each.measured for each in found)
