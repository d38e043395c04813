from __future__ import annotations

from legation.translate.members import members


def test_members_are_in_the_order_of_their_modules() -> None:
    assert [type(each).__name__ for each in members("MAKER")] == ["EndpointSlices", "Secrets"]


def test_nobody_has_what_nobody_has() -> None:
    assert members("NOTHING_OF_THE_SORT") == ()
