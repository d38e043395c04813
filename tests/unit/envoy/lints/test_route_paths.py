from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routes, told


@pytest.mark.parametrize(
    ("match", "reached"),
    [
        ({"prefix": ""}, True),
        ({"prefix": "/api"}, True),
        ({"path": "*"}, True),
        ({"safe_regex": {"regex": "api"}}, True),
        ({"connect_matcher": {}}, True),
        ({"prefix": "api"}, False),
        ({"path": "api"}, False),
        ({"path_separated_prefix": "api"}, False),
        ({"path": "/api?x=1"}, False),
        ({"prefix": "/api#x"}, False),
    ],
)
def test_paths_that_no_request_has(match: dict[str, Any], *, reached: bool) -> None:
    (field,) = match

    assert told(routes(host(route(match)))) == (
        [] if reached else [f"warning unreachable-route virtual_hosts[0].routes[0].match.{field}"]
    )
