from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, host, route, routes, told

POLICY = {"config": {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.CorsPolicy"}}


@pytest.mark.parametrize(
    ("config", "fine"),
    [({"disabled": True}, True), (POLICY, True), ({"is_optional": True}, False), ({"disabled": False}, False)],
)
def test_something_is_said_for_a_filter(config: dict[str, Any], *, fine: bool) -> None:
    per_filter = {"cors": {"@type": f"{TYPE}envoy.config.route.v3.FilterConfig", **config}}

    assert told(routes(host({**route(), "typed_per_filter_config": per_filter}))) == (
        [] if fine else ["error missing-field virtual_hosts[0].routes[0].typed_per_filter_config.cors"]
    )
