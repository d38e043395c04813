"""Label selectors."""

from __future__ import annotations

import pytest

from legation.kube.label_selector import label_selector

LABELS = {"team": "edge", "stage": "test", "empty": ""}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("team=edge", True),
        ("team==edge,stage=test", True),
        ("team=edge,stage=live", False),
        ("team!=edge", False),
        ("other!=edge", True),
        ("stage in (test, live)", True),
        ("stage notin (test,live),team=edge", False),
        ("other notin (a)", True),
        ("other in (a)", False),
        ("team", True),
        ("!team", False),
        ("! other", True),
        ("empty=", True),
    ],
)
def test_it_selects_as_the_api_server_does(text: str, *, selected: bool) -> None:
    assert label_selector(text)(LABELS) is selected


@pytest.mark.parametrize("text", ["a b", "team in edge", "=a", "a=b=c"])
def test_what_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse requirement"):
        label_selector(text)
