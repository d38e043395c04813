from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routes, told


@pytest.mark.parametrize(
    ("body", "allowed", "fine"),
    [
        ({"inline_string": "x" * 4096}, None, True),
        ({"inline_string": "x" * 4097}, None, False),
        ({"inline_string": "x" * 4097}, 5000, True),
        ({"inline_string": "x" * 6}, 5, False),
        ({"inline_string": "\u00e4" * 3}, 5, False),
        ({"inline_bytes": "QUFBQUFB"}, 5, False),
        ({"inline_string": "x" * 9000}, 0, True),
        ({"filename": "/long.html"}, 5, True),
    ],
)
def test_bodies(body: dict[str, Any], allowed: int | None, *, fine: bool) -> None:
    limit = {} if allowed is None else {"max_direct_response_body_size_bytes": allowed}

    found = told(routes(host(route(direct_response={"status": 200, "body": body})), **limit))

    assert found == ([] if fine else ["error too-large virtual_hosts[0].routes[0].direct_response.body"])
