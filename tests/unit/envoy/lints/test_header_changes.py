from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.lints.formats import faults
from tests.unit.envoy.lints.telling import (
    ROUTER,
    chain,
    cluster,
    host,
    http_filter,
    listener,
    manager,
    network_filter,
    route,
    routes,
    told,
)


def added(key: str, value: str = "x") -> list[dict[str, Any]]:
    return [{"header": {"key": "x-fine", "value": "1"}}, {"header": {"key": key, "value": value}}]


@pytest.mark.parametrize("key", [":path", "Host", "host", ":status"])
@pytest.mark.parametrize("way", ["request", "response"])
def test_headers_that_nobody_changes(key: str, way: str) -> None:
    adding, removing = f"{way}_headers_to_add", f"{way}_headers_to_remove"
    inner = {**route(), adding: added(key), removing: ["x-fine", key]}

    assert set(told(routes(host(inner), **{adding: added(key)}))) == {
        f"error fixed-header {adding}[1].header.key",
        f"error fixed-header virtual_hosts[0].routes[0].{adding}[1].header.key",
        f"error fixed-header virtual_hosts[0].routes[0].{removing}[1]",
    }


@pytest.mark.parametrize("key", ["x-path", "hosts", "authorization"])
def test_headers_that_may_be_changed(key: str) -> None:
    assert told(routes(host({**route(), "request_headers_to_add": added(key)}))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "100%% of it",
        "%PROTOCOL%",
        "%REQ(a)%-%REQ(b?c):10%",
        "%START_TIME(%s%)%",
        "%START_TIME(%Y(a))%",
        "%START_TIME()%",
        '%UPSTREAM_METADATA(["a", "b"])%',
    ],
)
def test_formats_that_envoy_reads(text: str) -> None:
    assert list(faults(text, ())) == []


def test_an_old_command_that_envoy_reads_in_headers() -> None:
    assert told(routes(host(route()), request_headers_to_add=added("x-a", "%PER_REQUEST_STATE(a)%"))) == []
    assert told(routes(host(route()), request_headers_to_add=added("x-a", "%PER_REQUEST_STATE%"))) == [
        "warning unknown-command request_headers_to_add[1].header.value"
    ]


@pytest.mark.parametrize("text", ["100%", "%", "50% of %PROTOCOL%", "%REQ(a", "%req(a)%", "%REQ(a):x%", "%PROTOCOL"])
def test_formats_that_envoy_refuses(text: str) -> None:
    assert [each.code for each in faults(text, ())] == ["bad-format"]


@pytest.mark.parametrize(
    ("option", "fine"),
    [
        ({"append": True}, True),
        ({"append_action": "ADD_IF_ABSENT"}, True),
        ({"append": False, "append_action": "APPEND_IF_EXISTS_OR_ADD"}, True),
        ({"append": False, "append_action": "ADD_IF_ABSENT"}, False),
    ],
)
def test_what_to_do_with_a_header_is_said_once(option: dict[str, Any], *, fine: bool) -> None:
    adding = [{"header": {"key": "x", "value": "1"}, **option}]
    place = "virtual_hosts[0].routes[0].request_headers_to_add[0].append"

    assert told(routes(host({**route(), "request_headers_to_add": adding}))) == (
        [] if fine else [f"error either-or {place}"]
    )


CHECK = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
HTTP_FILTER = "filter_chains[0].filters[0].typed_config.http_filters[0].typed_config"
BAD = added("x-share", "100%")


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (
            cluster(health_checks=[{**CHECK, "http_health_check": {"path": "/", "request_headers_to_add": BAD}}]),
            "health_checks[0].http_health_check.request_headers_to_add[1].header.value",
        ),
        (
            listener(
                chain(
                    network_filter(
                        "tcp_proxy.v3.TcpProxy",
                        stat_prefix="tcp",
                        cluster="web",
                        tunneling_config={"hostname": "a:1", "headers_to_add": BAD},
                    )
                )
            ),
            "filter_chains[0].filters[0].typed_config.tunneling_config.headers_to_add[1].header.value",
        ),
        (
            listener(
                chain(
                    manager(
                        http_filter("local_ratelimit.v3.LocalRateLimit", stat_prefix="x", response_headers_to_add=BAD),
                        ROUTER,
                    )
                )
            ),
            f"{HTTP_FILTER}.response_headers_to_add[1].header.value",
        ),
        (
            listener(
                chain(
                    manager(
                        http_filter(
                            "header_mutation.v3.HeaderMutation",
                            mutations={"request_mutations": [{"remove": "host"}, {"append": BAD[1]}]},
                        ),
                        ROUTER,
                    )
                )
            ),
            f"{HTTP_FILTER}.mutations.request_mutations[1].append.header.value",
        ),
    ],
    ids=["health check", "tunnel", "rate limit", "mutation"],
)
def test_everywhere_a_value_is_a_format(resource: dict[str, Any], place: str) -> None:
    assert told(resource) == [f"error bad-format {place}"]
