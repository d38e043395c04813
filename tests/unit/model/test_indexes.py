"""Indexes that follow a change of a few of their pairs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legation.model.indexes import followed, sorted_out

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)))


def test_what_comes_stands_behind_what_was_there_and_a_key_without_any_is_gone() -> None:
    index = {"a": (3, 1, 2), "b": (1,), "c": (1,)}
    found, touched = followed(index, gone=[("a", 1), ("b", 1), ("c", 9)], come=[("a", 0), ("d", 5), ("a", 0)])
    assert found == {"a": (3, 2, 0), "c": (1,), "d": (5,)}
    assert touched == {"a", "b", "c", "d"}
    assert index == {"a": (3, 1, 2), "b": (1,), "c": (1,)}


@given(before=PAIRS, gone=PAIRS, come=PAIRS)
def test_it_holds_what_was_there_without_what_went_and_with_what_came(
    before: list[tuple[str, int]], gone: list[tuple[str, int]], come: list[tuple[str, int]]
) -> None:
    index = {key: tuple(those) for key, those in sorted_out(before).items()}
    found, touched = followed(index, gone=gone, come=come)
    assert {(key, each) for key, those in found.items() for each in those} == (set(before) - set(gone)) | set(come)
    assert all(those and len(set(those)) == len(those) for those in found.values())
    assert {key for key in {**index, **found} if index.get(key) != found.get(key)} <= touched
