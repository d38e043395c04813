"""What the descriptors tell, in words."""

from __future__ import annotations

import pytest

from legation.envoy.explaining.names import all_types, find
from legation.envoy.explaining.wording import Explained, explain


def of(name: str) -> Explained:
    return explain(find(name))


@pytest.mark.parametrize(
    ("name", "type_", "default"),
    [
        ("cluster.connect_timeout", 'duration, such as "1.5s"', ""),
        ("cluster.name", "text", "empty"),
        ("cluster.lb_policy", "Cluster.LbPolicy", "ROUND_ROBIN"),
        ("cluster.per_connection_buffer_limit_bytes", "whole number from 0 (uint32)", ""),
        ("cluster.typed_extension_protocol_options", 'map of text to any message, with its "@type"', "empty"),
        ("listener.filter_chains", "list of FilterChain", "empty"),
        ("listener.metadata.filter_metadata", "map of text to map of anything", "empty"),
        ("RouteMatch.case_sensitive", "true or false", ""),
        ("virtual_host.include_request_attempt_count", "true or false", "false"),
        ("DataSource.inline_bytes", "bytes, in base64", ""),
    ],
)
def test_type_and_default(name: str, type_: str, default: str) -> None:
    """What is to be written, and what holds where nothing is."""
    found = of(name)
    assert (found.type, found.default) == (type_, default)


def test_rules_are_those_that_are_checked() -> None:
    """In the words of the checks."""
    assert of("cluster.connect_timeout").rules == ("must be longer than 0s",)
    assert "must be set" in of("route.match").rules
    assert "must not be empty" in of("virtual_host.domains").rules
    assert any(each.startswith("each item ") for each in of("virtual_host.domains").rules)
    assert "must be one of the values below" in of("cluster.lb_policy").rules


def test_a_oneof_tells_what_else_it_could_be() -> None:
    """And whether one of them has to be set."""
    found = of("HttpConnectionManager.route_config")
    assert found.oneof == ("rds", "route_config", "scoped_routes")
    assert "one field of its oneof must be set" in found.rules
    assert "one of rds, route_config, scoped_routes must be set" in of("HttpConnectionManager").rules


def test_what_is_deprecated_or_secret_is_noted() -> None:
    """With the release since when."""
    assert of("cluster.http2_protocol_options").notes[0].startswith("deprecated since 3.")
    assert of("TlsCertificate.private_key").notes == ("holds a secret: never shown",)


def test_an_enum_and_a_field_of_it_list_its_values() -> None:
    """The first one holds where none is written."""
    assert of("Cluster.DiscoveryType").values[:2] == ("STATIC", "STRICT_DNS")
    assert of("cluster.type").values == of("Cluster.DiscoveryType").values


def test_the_address_is_that_of_the_reference() -> None:
    """A page for each file, an anchor for each name."""
    reference = "https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/cluster/v3/cluster.proto"
    assert of("cluster.connect_timeout").link == (
        f"{reference}#envoy-v3-api-field-config-cluster-v3-cluster-connect-timeout"
    )
    assert of("cluster").link == f"{reference}#envoy-v3-api-msg-config-cluster-v3-cluster"
    assert of("Cluster.LbPolicy").link == f"{reference}#envoy-v3-api-enum-config-cluster-v3-cluster-lbpolicy"
    assert of("TypedStruct").link == ""


def test_all_that_there_is_can_be_explained() -> None:
    """No rule and no type of Envoy's API is beyond words."""
    assert len(all_types()) > 1000
    for name in all_types():
        found = of(name)
        for field in found.fields:
            assert of(f"{name}.{field.name}").type, field.name
