from __future__ import annotations

from tests.unit.envoy.lints.telling import TYPE, told


def test_a_scope_says_which_routes_it_stands_for() -> None:
    scope = {"name": "eu", "key": {"fragments": [{"string_key": "eu"}]}}
    scope["@type"] = f"{TYPE}envoy.config.route.v3.ScopedRouteConfiguration"

    assert told({**scope, "route_configuration_name": "pages"}) == []
    assert told({**scope, "route_configuration": {"name": "pages"}}) == []
    assert told(scope) == ["error missing-field route_configuration_name"]
