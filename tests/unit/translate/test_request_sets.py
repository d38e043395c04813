from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.translate.request_sets import ANYTHING, Form, Pattern, Requests


def exact(text: str) -> Pattern:
    return Pattern(Form.EXACT, text)


def prefix(text: str) -> Pattern:
    return Pattern(Form.PREFIX, text)


def separated(text: str) -> Pattern:
    return Pattern(Form.SEPARATED, text)


def regex(text: str) -> Pattern:
    return Pattern.of_regex(text)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("/metrics", exact("/metrics")),
        ("^/metrics$", exact("/metrics")),
        (r"/a\.b", exact("/a.b")),
        ("/api/.*", prefix("/api/")),
        (r"/a\.b.*", prefix("/a.b")),
        (".*", ANYTHING),
        ("/api(/.*)?", separated("/api")),
        ("/api(?:/.*)?", separated("/api")),
        ("/a.b", Pattern(Form.REGEX, "/a.b")),
        (r"/\d", Pattern(Form.REGEX, r"/\d")),
        ("/a|/b", Pattern(Form.REGEX, "/a|/b")),
        ("/a|/b.*", Pattern(Form.REGEX, "/a|/b.*")),
        (r"/a\.*", Pattern(Form.REGEX, r"/a\.*")),
        (r"/a\$", exact("/a$")),
        ("(?i)/a", Pattern(Form.REGEX, "(?i)/a")),
    ],
)
def test_a_regular_expression_is_read_in_its_plainest_form(text: str, pattern: Pattern) -> None:
    assert regex(text) == pattern


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (exact("/a"), exact("/a")),
        (exact("/a/b"), prefix("/a")),
        (prefix("/a/"), prefix("/a")),
        (separated("/a"), prefix("/a")),
        (regex("/a/[0-9]+"), prefix("/a/")),
        (regex("/a/[0-9]+"), regex("/a/[0-9]+")),
        (regex("[0-9]+"), ANYTHING),
        (exact("/a"), separated("/a")),
        (exact("/a/b"), separated("/a")),
        (prefix("/a/b"), separated("/a")),
        (separated("/a/b"), separated("/a")),
    ],
)
def test_what_lies_within(one: Pattern, other: Pattern) -> None:
    assert one.within(other)
    assert not one.apart(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (exact("/a"), exact("/b")),
        (prefix("/a"), exact("/a")),
        (prefix("/a"), prefix("/a/")),
        (prefix("/a"), separated("/a")),
        (exact("/ab"), separated("/a")),
        (regex("/ab?"), prefix("/ab")),
        (regex("/a|/b"), prefix("/a")),
        (regex("/a/[0-9]+"), separated("/a")),
        (regex("/[a]"), exact("/a")),
        (exact("/a"), regex("/[a]")),
        (ANYTHING, regex("/.+")),
    ],
)
def test_what_does_not_for_sure(one: Pattern, other: Pattern) -> None:
    assert not one.within(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (exact("/a"), exact("/b")),
        (exact("/a"), exact("/ab")),
        (prefix("/a"), prefix("/b")),
        (exact("/a"), prefix("/ab")),
        (regex("/a/[0-9]+"), separated("/b")),
        (regex("/a/x+"), exact("/a")),
    ],
)
def test_what_is_apart(one: Pattern, other: Pattern) -> None:
    assert one.apart(other)
    assert other.apart(one)


PIECES = st.lists(st.sampled_from(["/", "a", "b", r"\.", ".", "*", "+", "?", "|", "[ab]", "(/.*)?", ".*", "^", "$"]))
PATTERNS = st.one_of(
    st.builds(exact, st.text("/ab.", max_size=4)),
    st.builds(prefix, st.text("/ab.", max_size=4)),
    st.builds(separated, st.text("/ab.", min_size=1, max_size=4)),
    PIECES.map("".join).map(regex),
)


def takes(pattern: Pattern, text: str) -> bool:
    match pattern.form:
        case Form.EXACT:
            return text == pattern.text
        case Form.PREFIX:
            return text.startswith(pattern.text)
        case Form.SEPARATED:
            return text == pattern.text or text.startswith(pattern.text + "/")
        case Form.REGEX:
            try:
                return re.fullmatch(pattern.text, text) is not None
            except re.error:
                return False


@given(one=PATTERNS, other=PATTERNS, text=st.text("/ab.", max_size=5))
def test_what_is_said_of_two_patterns_is_true(one: Pattern, other: Pattern, text: str) -> None:
    """No text is an exception."""
    if one.within(other) and takes(one, text):
        assert takes(other, text)
    if one.apart(other):
        assert not (takes(one, text) and takes(other, text))


@given(source=PIECES.map("".join), text=st.text("/ab.$^", max_size=5))
def test_the_plainest_form_means_the_same(source: str, text: str) -> None:
    try:
        plain = re.fullmatch(source, text) is not None
    except re.error:
        return
    assert takes(regex(source), text) is plain


def test_requests_lie_within_what_says_less() -> None:
    wanted = Requests(path=prefix("/a"), methods=frozenset({"GET", "PUT"}), headers=frozenset({("x", exact("1"))}))
    narrow = Requests(
        path=exact("/a/b"), methods=frozenset({"GET"}), headers=frozenset({("x", exact("1")), ("y", ANYTHING)})
    )

    assert narrow.within(wanted)
    assert narrow.within(Requests())
    assert not wanted.within(narrow)


@pytest.mark.parametrize(
    "wide",
    [
        Requests(methods=frozenset({"GET"}), headers=frozenset({("x", exact("1"))})),
        Requests(path=exact("/a"), headers=frozenset({("x", exact("1"))})),
        Requests(path=exact("/a"), methods=frozenset({"GET", "POST"}), headers=frozenset({("x", exact("1"))})),
        Requests(path=exact("/a"), methods=frozenset({"GET"}), headers=frozenset({("y", exact("1"))})),
        Requests(path=exact("/a"), methods=frozenset({"GET"}), headers=frozenset({("x", ANYTHING)})),
    ],
    ids=["path", "methods", "more methods", "another header", "header"],
)
def test_requests_that_may_be_others_do_not(wide: Requests) -> None:
    wanted = Requests(path=exact("/a"), methods=frozenset({"GET"}), headers=frozenset({("x", exact("1"))}))
    assert not wide.within(wanted)
    assert not wide.apart(wanted)


def test_nothing_is_sure_to_lie_within_what_is_not_described_exactly() -> None:
    some = Requests(path=exact("/a"), exact=False)
    assert some.within(Requests(path=exact("/a")))
    assert not Requests(path=exact("/a")).within(some)


def test_one_difference_keeps_requests_apart() -> None:
    get = Requests(methods=frozenset({"GET"}), headers=frozenset({("x", exact("1"))}))
    assert get.apart(Requests(methods=frozenset({"PUT"})))
    assert get.apart(Requests(headers=frozenset({("x", exact("2"))})))
    assert not get.apart(Requests(headers=frozenset({("y", exact("2"))})))
