from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import assignment, cluster, endpoint, extension, told

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
