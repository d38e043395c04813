"""A line and the mark under what is meant."""

from __future__ import annotations

import pytest

from legation.texts.excerpt import excerpt, lines_of


@pytest.mark.parametrize(
    ("line", "column", "mark"),
    [
        ("  conect_timeout: 5s", 3, "  ^~~~~~~~~~~~~~"),
        ('{"name": "a", "conect": 1}', 15, "              ^~~~~~~~"),
        ("\tname: a", 2, "\t^~~~"),
        ('{"a":\t"x", "bad": 1}', 12, "     \t     ^~~~~"),
        ('{name: "日本", bad: 1}', 14, "               ^~~"),
        ('{name: "e\u0301", bad: 1}', 14, "            ^~~"),
        ("- a: 1", 1, "^"),
        ("type.googleapis.com/a.B: 1", 1, "^~~~~~~~~~~~~~~~~~~~~~~"),
        ("a: b", 0, "^~~~"),
        ("a: b", 9, "    ^"),
    ],
)
def test_the_mark_stands_below_what_is_meant(line: str, column: int, mark: str) -> None:
    """Whatever stands before it, and as wide as a terminal makes it."""
    assert excerpt([line], 1, column) == (line, mark)


def test_of_a_long_line_what_is_around_the_mark_is_shown() -> None:
    """JSON may stand on one line alone."""
    line = f'{{"a": "{"x" * 500}", "bad": 1, "b": "{"y" * 500}"}}'
    shown, mark = excerpt([line], 1, line.index('"bad"') + 1) or ("", "")
    assert len(shown) < 180
    assert shown[mark.index("^") :].startswith('"bad"')
    assert mark.strip() == "^~~~~"
    assert (shown[:3], shown[-3:]) == ("...", "...")


def test_a_text_that_ends_too_soon_ends_behind_its_last_line() -> None:
    """Where readers say that something is missing there is nothing to show."""
    assert excerpt(['{"a": 1', "", ""], 3, 1) == ('{"a": 1', "       ^")
    assert excerpt(['{"a": 1'], 2, 1) == ('{"a": 1', "       ^")


@pytest.mark.parametrize(("line", "column"), [(0, 0), (5, 1), (-1, 1)])
def test_a_place_that_is_none_has_no_line(line: int, column: int) -> None:
    """A file as a whole, or a text that has changed since."""
    assert excerpt(["a"], line, column) is None
    assert excerpt([""], 1, 1) is None


def test_lines_end_as_readers_of_yaml_end_them() -> None:
    """Else a mark would stand in another line than the place says."""
    assert lines_of("a\r\nb\rc\nd\u2028e") == ["a", "b", "c", "d", "e"]


def test_nothing_that_is_shown_steers_a_terminal() -> None:
    """An escape in a file is not for the terminal."""
    shown, _ = excerpt(["a: \x1b[31mred"], 1, 1) or ("", "")
    assert "\x1b" not in shown
