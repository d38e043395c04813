from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.translate.spelling import Spelling, did_you_mean

LETTERS = st.text("abcdefgh", min_size=3, max_size=12)


@pytest.mark.parametrize(
    "slip",
    [
        "workloadSelecto",
        "workloadSelectorr",
        "workloadSelektor",
        "workloadSelcetor",
        "workload_selector",
        "WORKLOADSELECTOR",
    ],
)
def test_a_name_is_found_in_spite_of_one_slip(slip: str) -> None:
    """A missing, doubled, wrong or swapped letter, another case or separator: all lead to the name that was meant."""
    assert Spelling(["config", "workloadSelector"]).nearest(slip) == "workloadSelector"


def test_what_resembles_nothing_is_not_guessed() -> None:
    """No suggestion is better than a wrong one."""
    assert Spelling(["config", "workloadSelector"]).nearest("resources") is None
    assert not did_you_mean("resources", ["config"])


def test_short_names_resemble_only_themselves() -> None:
    """Two letters are alike by chance."""
    assert Spelling(["ab"]).nearest("ac") is None
    assert Spelling(["ab"]).nearest("A-B") == "ab"


@given(name=LETTERS, other=LETTERS, at=st.integers(0, 11))
def test_one_letter_too_many_is_always_forgiven(name: str, other: str, at: int) -> None:
    """Wherever the letter is inserted, some known name is offered."""
    at %= len(name)
    assert Spelling([name, other]).nearest(name[:at] + "x" + name[at:]) in {name, other}


def test_the_offer_does_not_depend_on_the_order_of_the_known_names() -> None:
    """Two names are equally near: the first by alphabet is offered, on every replica."""
    assert Spelling(["cat", "bat"]).nearest("rat") == Spelling(["bat", "cat"]).nearest("rat") == "bat"


def test_of_a_name_of_great_length_no_letter_is_left_out() -> None:
    """For each of them a name as long would be made: nobody could wait for that."""
    plain = "config" * 1_000_000
    assert Spelling(["config"]).nearest(plain) is None
