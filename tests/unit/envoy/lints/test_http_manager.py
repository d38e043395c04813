from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import ROUTER, TYPE, chain, extension, http_filter, listener, manager, told

PLACE = "filter_chains[0].filters[0].typed_config"
DETECTION = [extension("envoy.extensions.http.original_ip_detection.xff.v3.XffConfig")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"strip_matching_host_port": True, "strip_any_host_port": True},
            [f"error either-or {PLACE}.strip_any_host_port"],
        ),
        ({"strip_matching_host_port": True, "strip_any_host_port": False}, []),
        (
            {"use_remote_address": True, "original_ip_detection_extensions": DETECTION},
            [f"error either-or {PLACE}.original_ip_detection_extensions"],
        ),
        (
            {"xff_num_trusted_hops": 1, "original_ip_detection_extensions": DETECTION},
            [f"error either-or {PLACE}.original_ip_detection_extensions"],
        ),
        ({"use_remote_address": False, "original_ip_detection_extensions": DETECTION}, []),
        (
            {"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "WEBSOCKET"}]},
            [f"error duplicate-upgrade {PLACE}.upgrade_configs[1].upgrade_type"],
        ),
        ({"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]}, []),
    ],
)
def test_what_does_not_go_together(fields: dict[str, Any], expected: list[str]) -> None:
    assert told(listener(chain(manager(**fields)))) == expected


def test_routes_in_a_manager_configure_filters_that_it_has() -> None:
    policy = {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.CorsPolicy"}
    cors = {**http_filter("cors.v3.Cors"), "name": "cors"}
    inline = {"name": "web", "typed_per_filter_config": {"cors": policy, "of-a-test": policy, "cros": policy}}
    found = manager(cors, ROUTER)
    found["typed_config"]["route_config"] = inline

    assert told(listener(chain(found))) == [f"warning unknown-filter {PLACE}.route_config.typed_per_filter_config.cros"]


def test_what_routes_say_may_be_for_a_filter_that_there_need_not_be() -> None:
    off = {"@type": f"{TYPE}envoy.config.route.v3.FilterConfig", "disabled": True}
    found = manager(ROUTER)
    configured = {"here": {**off, "is_optional": True}, "not-here": off}
    found["typed_config"]["route_config"] = {"name": "web", "typed_per_filter_config": configured}

    assert told(listener(chain(found))) == [
        f"warning unknown-filter {PLACE}.route_config.typed_per_filter_config.not-here"
    ]


@pytest.mark.parametrize("more", [{}, {"newer_than_this": 1}])
def test_routes_configure_filters_of_the_routers_own_chain_too(more: dict[str, Any]) -> None:
    policy = {"@type": f"{TYPE}envoy.extensions.filters.http.buffer.v3.BufferPerRoute", "disabled": True}
    last = {**http_filter("upstream_codec.v3.UpstreamCodec"), "name": "codec"}
    buffer = {**http_filter("buffer.v3.Buffer", max_request_bytes=1), "name": "own"}
    router = {**ROUTER, "typed_config": {**ROUTER["typed_config"], "upstream_http_filters": [buffer, last], **more}}
    found = manager(router)
    found["typed_config"]["route_config"] = {"name": "web", "typed_per_filter_config": {"own": policy}}

    assert not [each for each in told(listener(chain(found))) if "unknown-filter" in each]
