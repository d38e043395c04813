from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routes, told

ALL: dict[str, Any] = {"prefix": "/"}
GET = {"name": ":method", "string_match": {"exact": "GET"}}
CANARY = {"name": "canary", "present_match": True}


def order(*matches: dict[str, Any]) -> list[str]:
    return told(routes(host(*map(route, matches))))


def unreachable(*indexes: int) -> list[str]:
    return [f"warning unreachable-route virtual_hosts[0].routes[{index}].match" for index in indexes]


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        (ALL, ALL),
        (ALL, {"prefix": "/api"}),
        (ALL, {"path": "/api"}),
        (ALL, {"path_separated_prefix": "/api"}),
        (ALL, {"safe_regex": {"regex": "/a.c"}}),
        (ALL, {"prefix": "/", "headers": [GET]}),
        ({"prefix": ""}, {"prefix": "/"}),
        ({"prefix": "/api"}, {"path": "/apis"}),
        ({"path": "/api"}, {"path": "/api"}),
        ({"path": "/api", "case_sensitive": False}, {"path": "/API"}),
        ({"prefix": "/API", "case_sensitive": False}, {"prefix": "/api/v1", "case_sensitive": False}),
        ({"path_separated_prefix": "/api"}, {"path": "/api"}),
        ({"path_separated_prefix": "/api"}, {"path": "/api/v1"}),
        ({"path_separated_prefix": "/api"}, {"prefix": "/api/"}),
        ({"path_separated_prefix": "/api"}, {"path_separated_prefix": "/api/v1"}),
        ({"safe_regex": {"regex": "/a.c"}}, {"safe_regex": {"regex": "/a.c"}}),
        ({"safe_regex": {"regex": "/.*"}}, {"prefix": "/api"}),
        ({"prefix": "/", "headers": [GET]}, {"prefix": "/api", "headers": [CANARY, GET]}),
        ({"prefix": "/", "grpc": {}}, {"path": "/a", "grpc": {}}),
    ],
)
def test_what_stands_behind_a_broader_route_is_unreachable(broad: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert order(broad, narrow) == unreachable(1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"prefix": "/api"}, ALL),
        ({"path": "/api"}, {"prefix": "/api"}),
        ({"path": "/api"}, {"path": "/api/"}),
        ({"path": "/api"}, {"path": "/API"}),
        ({"path": "/api"}, {"path": "/api", "case_sensitive": False}),
        ({"prefix": "/api/"}, {"prefix": "/api"}),
        ({"path_separated_prefix": "/api"}, {"path": "/apis"}),
        ({"path_separated_prefix": "/api"}, {"prefix": "/api"}),
        ({"prefix": "/", "headers": [GET]}, ALL),
        ({"prefix": "/", "headers": [GET]}, {"prefix": "/", "headers": [CANARY]}),
        ({"prefix": "/", "query_parameters": [{"name": "debug", "present_match": True}]}, ALL),
        ({"prefix": "/", "grpc": {}}, {"path": "/a"}),
        ({"prefix": "/", "runtime_fraction": {"default_value": {"numerator": 10}}}, ALL),
        (ALL, {"connect_matcher": {}}),
        ({"safe_regex": {"regex": "/a.c"}}, {"path": "/abc"}),
    ],
)
def test_what_may_get_a_request_is_reachable(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert order(first, second) == []


def test_each_is_told_and_the_first_of_its_coverers_is_named() -> None:
    assert order({"path": "/a"}, ALL, {"path": "/b"}, {"path": "/a"}, {"prefix": "/c"}) == unreachable(2, 3, 4)


def test_what_is_unreachable_covers_nothing_anew() -> None:
    """It is the first one that takes the requests."""
    assert order(ALL, {"prefix": "/api"}, {"prefix": "/api/v1"}) == unreachable(1, 2)


def test_among_many_routes_that_differ_by_a_header_the_one_that_takes_all_is_found() -> None:
    """They are looked up by one of their conditions, and it may be any."""
    tenants = [{"name": "tenant", "string_match": {"exact": str(each)}} for each in range(4)]
    many = [{"prefix": "/", "headers": [GET, each]} for each in tenants]
    assert order(*many) == []
    for index, tenant in enumerate(tenants):
        assert order(*many, {"prefix": "/a", "headers": [CANARY, tenant, GET]}) == unreachable(4), index
        assert order(*many, {"prefix": "/a", "headers": [CANARY, tenant]}) == [], index
    assert order(*many, {"prefix": "/", "headers": [GET]}, *many) == unreachable(5, 6, 7, 8)
