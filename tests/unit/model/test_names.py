"""The spelling of names, and the globs that they fall under."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from legation.model.names import canonical, glob_of, is_glob

part = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1, max_size=6)
parts = st.lists(part, min_size=1, max_size=3)
context = st.dictionaries(part, part, max_size=3)


def url(path: list[str], pairs: list[tuple[str, str]]) -> str:
    """Return an xdstp:// name with everything escaped that may be."""
    query = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs)
    return "xdstp://owner/Type/" + "/".join(quote(each, safe="") for each in path) + (f"?{query}" if query else "")


@given(path=parts, pairs=context, data=st.data())
def test_equal_names_share_one_spelling(path: list[str], pairs: dict[str, str], data: st.DataObject) -> None:
    name = url(path, list(pairs.items()))
    assert canonical(url(path, data.draw(st.permutations(list(pairs.items()))))) == canonical(name)
    assert canonical(canonical(name)) == canonical(name)


@given(one=st.tuples(parts, context), other=st.tuples(parts, context))
def test_other_names_have_other_spellings(
    one: tuple[list[str], dict[str, str]], other: tuple[list[str], dict[str, str]]
) -> None:
    same = one == other
    assert (canonical(url(one[0], [*one[1].items()])) == canonical(url(other[0], [*other[1].items()]))) == same


@given(text=st.text(max_size=30), before=st.sampled_from(["", "xdstp:", "xdstp://", "xdstp://a/T", "xdstp://a/T/x?"]))
@example(text="%ff", before="xdstp://a/T/")
@example(text="\ud800", before="xdstp://a/T/")
@example(text="a=1&a=2", before="xdstp://a/T/x?")
def test_any_text_is_a_name(text: str, before: str) -> None:
    name = canonical(before + text)
    assert canonical(name) == name
    assert is_glob(name) == (glob_of(name) == name and "/*" in name)


@pytest.mark.parametrize("name", ["a?b=1&a=2", "xdstp:a/b?b=1&a=2", "xdstp:///?b=1&a=2", "xdstp://a/T/x?b&a=1"])
def test_what_does_not_follow_the_grammar_is_left_as_it_is(name: str) -> None:
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("name", "glob"),
    [
        ("a", ""),
        ("a/b", "a/*"),
        ("a/b/c", "a/b/*"),
        ("a/*", "a/*"),
        ("xdstp://o/T", ""),
        ("xdstp://o/T/a", "xdstp://o/T/*"),
        ("xdstp://o/T/a/b", "xdstp://o/T/a/*"),
        ("xdstp://o/T/a/b?x=/&y=1", "xdstp://o/T/a/*?x=/&y=1"),
        ("xdstp://o/T/a/*?y=1", "xdstp://o/T/a/*?y=1"),
    ],
)
def test_a_glob_stands_for_the_last_part_of_a_path_with_the_same_context(name: str, glob: str) -> None:
    assert glob_of(canonical(name)) == glob
    assert is_glob(name) == (name == glob)


@given(path=parts, pairs=context)
def test_a_glob_is_its_own_glob(path: list[str], pairs: dict[str, str]) -> None:
    glob = glob_of(canonical(url(path, list(pairs.items()))))
    assert glob_of(glob) == glob
    assert is_glob(glob)
