from __future__ import annotations

from typing import Any

import pytest

from legation.translate.request_sets import ANYTHING, Form, Pattern, Requests
from legation.translate.route_matches import of_route


@pytest.mark.parametrize(
    ("match", "path"),
    [
        ({"path": "/a"}, Pattern(Form.EXACT, "/a")),
        ({"prefix": "/a"}, Pattern(Form.PREFIX, "/a")),
        ({"prefix": "/"}, ANYTHING),
        ({"prefix": ""}, ANYTHING),
        ({"path_separated_prefix": "/a"}, Pattern(Form.SEPARATED, "/a")),
        ({"pathSeparatedPrefix": "/a"}, Pattern(Form.SEPARATED, "/a")),
        ({"safe_regex": {"google_re2": {}, "regex": "/a.+"}}, Pattern(Form.REGEX, "/a.+")),
        ({"safeRegex": {"regex": "/a/.*"}}, Pattern(Form.PREFIX, "/a/")),
        ({"regex": "/.*"}, ANYTHING),
        ({"prefix": "/", "case_sensitive": False}, ANYTHING),
    ],
)
def test_the_path_is_read_as_envoy_does(match: Any, path: Pattern) -> None:
    assert of_route(match) == Requests(path=path)


@pytest.mark.parametrize(
    "match",
    [
        None,
        [],
        {},
        {"path": 1},
        {"safe_regex": "/a"},
        {"connect_matcher": {}},
        {"path_match_policy": {"name": "x"}},
        {"path": "/a", "caseSensitive": False},
    ],
    ids=repr,
)
def test_a_path_that_cannot_be_described_may_be_any(match: Any) -> None:
    assert of_route(match) == Requests(exact=False)


@pytest.mark.parametrize("more", ["query_parameters", "runtime_fraction", "grpc", "tls_context", "anything_new"])
def test_more_conditions_leave_some_of_the_requests(more: str) -> None:
    assert of_route({"path": "/a", more: {}}) == Requests(path=Pattern(Form.EXACT, "/a"), exact=False)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ({"exact_match": "1"}, Pattern(Form.EXACT, "1")),
        ({"exactMatch": ""}, Pattern(Form.EXACT, "")),
        ({"string_match": {"exact": "1"}}, Pattern(Form.EXACT, "1")),
        ({"stringMatch": {"prefix": "1", "ignore_case": False}}, Pattern(Form.PREFIX, "1")),
        ({"prefix_match": "1"}, Pattern(Form.PREFIX, "1")),
        ({"safe_regex_match": {"regex": "[01]"}}, Pattern(Form.REGEX, "[01]")),
        ({"string_match": {"safeRegex": {"regex": "1.*"}}}, Pattern(Form.PREFIX, "1")),
        ({"present_match": True}, ANYTHING),
        ({}, ANYTHING),
    ],
    ids=repr,
)
def test_a_header_is_read_as_envoy_does(header: Any, value: Pattern) -> None:
    match = {"prefix": "/", "headers": [{"name": "X-Canary", **header}]}
    assert of_route(match) == Requests(headers=frozenset({("x-canary", value)}))


@pytest.mark.parametrize(
    "header",
    [
        {"exact_match": "1", "invert_match": True},
        {"string_match": {"exact": "1", "ignore_case": True}},
        {"string_match": {"exact": "1"}, "treat_missing_header_as_empty": True},
        {"string_match": {"suffix": "1"}},
        {"suffix_match": "1"},
        {"range_match": {"start": 1, "end": 2}},
        {"present_match": False},
    ],
    ids=repr,
)
def test_a_header_that_cannot_be_described_is_no_proof(header: Any) -> None:
    assert of_route({"prefix": "/", "headers": [{"name": "x", **header}]}) == Requests(exact=False)


def test_methods_are_headers_of_envoy() -> None:
    def methods(*headers: Any) -> frozenset[str] | None:
        return of_route({"prefix": "/", "headers": [{"name": ":method", **each} for each in headers]}).methods

    assert methods({"string_match": {"exact": "GET"}}) == frozenset({"GET"})
    assert methods({"safe_regex_match": {"regex": "(GET|PUT)"}}) == frozenset({"GET", "PUT"})
    assert methods({"safe_regex_match": {"regex": "GET|PUT"}}, {"exact_match": "PUT"}) == frozenset({"PUT"})
    assert methods({"prefix_match": "P"}) is None
    assert methods({"safe_regex_match": {"regex": "P.T"}}) is None
    assert methods() is None
