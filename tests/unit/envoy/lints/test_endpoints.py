from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, assignment, endpoint, told


def drop(numerator: int, denominator: str = "HUNDRED") -> dict[str, Any]:
    return {"category": "x", "drop_percentage": {"numerator": numerator, "denominator": denominator}}


@pytest.mark.parametrize(
    ("drops", "expected"),
    [
        ([drop(100)], []),
        ([drop(101)], ["error bad-value policy.drop_overloads[0].drop_percentage.numerator"]),
        ([drop(101, "TEN_THOUSAND")], []),
        ([drop(1), drop(1)], ["error too-many-drops policy.drop_overloads[1]"]),
    ],
)
def test_drops(drops: list[dict[str, Any]], expected: list[str]) -> None:
    resource = {
        "@type": f"{TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment",
        **assignment(endpoint(), policy={"drop_overloads": drops}),
    }
    assert told(resource) == expected


ASSIGNMENT = f"{TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment"
LEDS = {"leds_config": {"ads": {}}, "leds_collection_name": "x"}
PIPE = {"pipe": {"path": "/run/a.sock"}}


@pytest.mark.parametrize(
    ("each", "expected"),
    [
        (endpoint(), []),
        (endpoint("::1"), []),
        (endpoint("web", resolver_name="mine"), []),
        ({"endpoint": {"address": PIPE}}, []),
        (endpoint("web.example"), ["error no-ip-address endpoint.address.socket_address.address"]),
        (
            {"endpoint": {**endpoint()["endpoint"], "additional_addresses": [endpoint("web")["endpoint"]]}},
            ["error no-ip-address endpoint.additional_addresses[0].address.socket_address.address"],
        ),
        (
            {"endpoint": {"address": PIPE, "health_check_config": {"port_value": 80}}},
            ["error unfit-for-type endpoint.health_check_config.port_value"],
        ),
    ],
)
def test_what_comes_by_eds_has_ip_addresses(each: dict[str, Any], expected: list[str]) -> None:
    found = told({"@type": ASSIGNMENT, **assignment(each)})

    assert [line.replace("endpoints[0].lb_endpoints[0].", "") for line in found] == expected


def test_a_locality_has_its_endpoints_from_one_place() -> None:
    both = {"lb_endpoints": [endpoint()], "leds_cluster_locality_config": LEDS}

    assert told({"@type": ASSIGNMENT, "cluster_name": "web", "endpoints": [both]}) == [
        "error either-or endpoints[0].leds_cluster_locality_config"
    ]
