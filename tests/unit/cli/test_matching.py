"""Whom the selectors of VirtualServices mean, by a setting that several commands have."""

from __future__ import annotations

import pytest

from legation import settings
from legation.cli.matching import ALL, ANY, any_label
from legation.settings import Table


def test_one_label_is_enough_for_virtual_services_where_it_is_said() -> None:
    assert any_label(ANY) == {("servicemesh.l7mp.io", "VirtualService")}
    assert any_label(ALL) == frozenset()


@pytest.mark.parametrize("table", [settings.SERVE, settings.SYNC], ids=["serve", "sync"])
def test_the_settings_take_these_words_alone(table: Table[object]) -> None:
    row = next(each for each in table.rows if each.flag == "--l7mp-matching")
    assert row.kind.choices == (ALL, ANY)
    assert row.shown_default == ALL
