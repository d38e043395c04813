from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import TYPE, assignment, cluster, endpoint, extension, told


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


OTHERS = {"extra_source_addresses": [{"address": {"address": "::1", "port_value": 0}}]}


@pytest.mark.parametrize(
    ("bind", "expected"),
    [
        ({"source_address": {"address": "192.0.2.1", "port_value": 0}, **OTHERS}, []),
        (
            {"source_address": {"address": "edge", "port_value": 0}},
            ["error no-ip-address upstream_bind_config.source_address.address"],
        ),
        (OTHERS, ["error missing-field upstream_bind_config.extra_source_addresses"]),
    ],
)
def test_where_a_cluster_connects_from(bind: dict[str, Any], expected: list[str]) -> None:
    assert told(cluster(upstream_bind_config=bind)) == expected


def test_who_is_asked_for_names_has_an_ip_address() -> None:
    resolvers = [{"socket_address": {"address": each, "port_value": 53}} for each in ("192.0.2.1", "dns")]

    assert told(cluster(type="STRICT_DNS", dns_resolvers=resolvers)) == [
        "error no-ip-address dns_resolvers[1].socket_address.address"
    ]


def test_how_names_are_looked_up_matters_to_who_does_it() -> None:
    """Envoy does not look at it in other clusters, nor at these where a resolver has a configuration of its own."""
    named = {"dns_resolvers": [{"socket_address": {"address": "dns", "port_value": 53}}]}
    rate = {"dns_failure_refresh_rate": {"base_interval": "5s", "max_interval": "1s"}}
    own = {
        "typed_dns_resolver_config": extension("envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig")
    }

    assert told(cluster(**named, **rate)) == []
    assert told(cluster(type="STRICT_DNS", **named, **own)) == []
    assert len(told(cluster(type="LOGICAL_DNS", load_assignment=assignment(endpoint("a")), **named, **rate))) == 2


def test_pauses_grow() -> None:
    rate = {"base_interval": "5s", "max_interval": "1s"}

    assert told(cluster(type="STRICT_DNS", dns_failure_refresh_rate=rate)) == [
        "error wrong-order dns_failure_refresh_rate.max_interval"
    ]
    assert told(cluster(type="STRICT_DNS", dns_failure_refresh_rate={"base_interval": "5s"})) == []


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
