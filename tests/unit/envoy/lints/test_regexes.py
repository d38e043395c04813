from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.lints.regexes import LINTS
from legation.envoy.types import message_class
from tests.unit.envoy.lints.telling import host, route, routed, routes, told

PLACE = "virtual_hosts[0].routes[0].match.safe_regex.regex"


def matching(regex: str) -> dict[str, Any]:
    return routes(host(route({"safe_regex": {"regex": regex}})))


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("(a", "a parenthesis is not closed"),
        ("a)", "a parenthesis is closed that was not opened"),
        ("[a", "a bracket is not closed"),
        ("*a", "nothing stands before the sign"),
        ("(?=a)b", "look-around"),
        ("(?<!a)b", "look-around"),
        (r"(a)\1", "a back-reference?"),
        ("a{1001}", "more than 1000 times"),
        ("((a{100}){100}){50}", "more than 1000 times"),
        ("a**", "two signs for repetition"),
        ("a\\", "ends in a backslash"),
        ("[b-a]", "a range in brackets"),
        ("(?P<a", "the name of a group"),
    ],
)
def test_what_re2_refuses_is_told_with_the_reason_and_nothing_of_it(regex: str, reason: str) -> None:
    matcher: Any = message_class("envoy.type.matcher.v3.RegexMatcher")(regex=regex)
    (finding,) = LINTS["envoy.type.matcher.v3.RegexMatcher"](matcher)

    assert reason in finding.message
    assert regex not in finding.message
    assert told(matching(regex)) == [f"error bad-regex {PLACE}"]


@pytest.mark.parametrize("regex", ["", "/a.*", "(?i)/A", r"^/\d+(?:/[a-z]{2,3})?$", "(?P<id>[^/]+)", "ä+"])
def test_what_re2_takes(regex: str) -> None:
    assert told(matching(regex)) == []


def test_what_is_larger_than_envoys_own_limit_is_doubtful_because_the_limit_can_be_raised() -> None:
    assert told(matching("a{90}")) == []
    assert told(matching("a{900}")) == [f"warning regex-too-large {PLACE}"]


def test_the_size_is_the_one_that_envoy_counts_which_reads_bytes() -> None:
    assert told(matching("/[^/]+" * 20)) == []
    assert told(matching("/[^/]+" * 40)) == [f"warning regex-too-large {PLACE}"]
    assert told(matching("[\u03c9-\u03b1]")) == []


@pytest.mark.parametrize("where", ["headers", "query_parameters"])
def test_every_place_of_a_regex_is_looked_at(where: str) -> None:
    match = {"prefix": "/", where: [{"name": "x", "string_match": {"safe_regex": {"regex": "("}}}]}
    place = f"virtual_hosts[0].routes[0].match.{where}[0].string_match.safe_regex.regex"

    assert told(routes(host(route(match)))) == [f"error bad-regex {place}"]


@pytest.mark.parametrize(
    ("regex", "substitution", "told_of"),
    [
        ("/(a)(b)", r"/\2\1\0\\", []),
        ("/(a)", r"/\2", ["warning bad-substitution"]),
        ("/(a)", r"/\n", ["warning bad-substitution"]),
        ("/(a)", "/\\", ["warning bad-substitution"]),
        ("/(a", r"/\2", ["error bad-regex"]),
    ],
)
def test_substitutions(regex: str, substitution: str, told_of: list[str]) -> None:
    found = told(routed(regex_rewrite={"pattern": {"regex": regex}, "substitution": substitution}))

    assert [each.rpartition(" ")[0] for each in found] == told_of
