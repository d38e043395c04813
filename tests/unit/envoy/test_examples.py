"""Old-style configuration: its modern form, ready to paste."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from legation.envoy import codec, types
from legation.envoy.reader import read
from legation.model.problems import Level
from tests.unit.envoy.configs import CLUSTER, LISTENER, TYPE, cluster, listener, network_filter, routes

HIDDEN = "hunter2"
ADDRESS = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"


def examples(json: dict[str, Any]) -> list[str]:
    return [each.example for each in codec.encode(json).findings if each.example]


CASES = {
    "hosts": (
        cluster(hosts=[ADDRESS, {"pipe": {"path": "/run/a.sock"}}]),
        """\
load_assignment:
  cluster_name: web
  endpoints:
  - lb_endpoints:
    - endpoint:
        address:
          socket_address:
            address: 10.0.0.1
            port_value: 80
    - endpoint:
        address:
          pipe:
            path: /run/a.sock""",
    ),
    "tls_context of a cluster": (
        cluster(
            tls_context={
                "sni": "web",
                "common_tls_context": {
                    "tls_certificates": [{"private_key": {"inline_string": HIDDEN}}],
                    "validation_context": {"verify_subject_alt_name": ["a"]},
                },
            }
        ),
        f"""\
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    '@type': {TLS}.UpstreamTlsContext
    sni: web
    common_tls_context:
      tls_certificates:
      - private_key:
          inline_string: ...
      validation_context:
        match_subject_alt_names:
        - exact: a""",
    ),
    "tls_context of a listener": (
        {**listener(address=ADDRESS), "filter_chains": [{"tls_context": {"require_client_certificate": True}}]},
        f"""\
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    '@type': {TLS}.DownstreamTlsContext
    require_client_certificate: true""",
    ),
    "regex": (
        {
            "@type": f"{TYPE}envoy.config.route.v3.RouteConfiguration",
            **routes(),
            "virtual_hosts": {"name": "a", "domains": "*", "routes": {"match": {"regex": "/a"}}},
        },
        """\
safe_regex:
  regex: /a""",
    ),
    "idle_timeout": (
        listener(
            network_filter(
                f"{'envoy.extensions.filters.network.http_connection_manager.v3'}.HttpConnectionManager",
                idle_timeout="5s",
            )
        ),
        """\
common_http_protocol_options:
  idle_timeout: 5s""",
    ),
    "a filter by its name": (
        listener({"name": "envoy.tcp_proxy", "config": {"stat_prefix": "a", "cluster": "web", "deprecated_v1": {}}}),
        """\
# Envoy has nothing for these any more: config.deprecated_v1
name: envoy.tcp_proxy
typed_config:
  '@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
  stat_prefix: a
  cluster: web""",
    ),
    "filters in a filter": (
        listener(
            {
                "name": "envoy.http_connection_manager",
                "config": {
                    "stat_prefix": "a",
                    "rds": {"route_config_name": "r", "config_source": {"ads": {}}},
                    "http_filters": [{"name": "envoy.router"}],
                },
            }
        ),
        """\
name: envoy.http_connection_manager
typed_config:
  '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
  stat_prefix: a
  rds:
    route_config_name: r
    config_source:
      ads: {}
      resource_api_version: V3
  http_filters:
  - name: envoy.router
    typed_config:
      '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router""",
    ),
    "a type of the old API": (
        listener(network_filter("envoy.config.filter.network.tcp_proxy.v2.TcpProxy", stat_prefix="a", cluster="web")),
        """\
'@type': type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
stat_prefix: a
cluster: web""",
    ),
    "a resource of the old API": (
        {"@type": f"{TYPE}envoy.api.v2.Cluster", "name": "web", "drain_connections_on_host_removal": True},
        """\
'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster
name: web
ignore_health_on_host_removal: true""",
    ),
}


@pytest.mark.parametrize(("json", "example"), CASES.values(), ids=CASES)
def test_the_modern_form_is_made_of_what_is_written(json: dict[str, Any], example: str) -> None:
    assert examples(json) == [example]


def test_what_is_pasted_is_read_without_a_fault() -> None:
    """One that is whole: with the secrets that its owner has."""
    for name in ("a resource of the old API", "filters in a filter"):
        (example,) = examples(CASES[name][0])
        pasted = yaml.safe_load(example)
        message = "envoy.config.cluster.v3.Cluster" if "resource" in name else "envoy.config.listener.v3.Filter"
        pasted.pop("@type", None)
        _, findings = read(types.message_class(message)(), pasted)
        assert findings == []


@pytest.mark.parametrize(
    "json",
    [
        pytest.param(listener({"name": "envoy.tcp_proxy", "config": {"stat_prefix": 5}}), id="another fault in it"),
        pytest.param(listener({"name": "acme", "config": {}}), id="nobody knows it"),
        pytest.param(listener({"name": "envoy.tcp_proxy", "config": "x"}), id="no map"),
        pytest.param(cluster(hosts="x"), id="no address"),
        pytest.param(cluster(tls_context=5), id="no context"),
        pytest.param(cluster(hosts={5: 6}), id="a key that is no text"),
        pytest.param({"@type": f"{TYPE}envoy.api.v2.Cluster", "name": 5}, id="of a whole resource"),
    ],
)
def test_there_is_none_where_it_would_not_be_read(json: dict[str, Any]) -> None:
    encoded = codec.encode(json)
    assert encoded.resource is None
    assert [each.example for each in encoded.findings if each.example] == []


SECRETS = {
    "header": {
        "stat_prefix": "a",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "a",
                    "domains": ["*"],
                    "request_headers_to_add": [{"header": {"key": "authorization", "value": HIDDEN}}],
                }
            ]
        },
    },
    "credentials": {
        "stat_prefix": "a",
        "http_filters": [{"name": "envoy.lua", "config": {"inline_code": f"Bearer {HIDDEN}"}}],
        "route_config": {},
    },
    "key": {
        "stat_prefix": "a",
        "http_filters": [
            {"name": "envoy.filters.http.basic_auth", "config": {"users": {"inline_string": f"a:{HIDDEN}"}}}
        ],
        "route_config": {},
    },
    "metadata": {
        "stat_prefix": "a",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "a",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"prefix": "/"},
                            "metadata": {"filter_metadata": {"a": {"apiKey": {"b": [HIDDEN]}}}},
                            "route": {"cluster": "a"},
                        }
                    ],
                }
            ]
        },
    },
}


@pytest.mark.parametrize("config", SECRETS.values(), ids=SECRETS)
def test_no_secret_is_in_it(config: dict[str, Any]) -> None:
    (example,) = examples(listener({"name": "envoy.http_connection_manager", "config": config}))
    assert HIDDEN not in example
    assert "..." in example
    assert yaml.safe_load(example)["typed_config"]["stat_prefix"] == "a"


def test_a_map_that_holds_itself_has_none() -> None:
    endless: dict[str, Any] = {}
    endless["and_filter"] = {"filters": [endless]}
    config = {"stat_prefix": "a", "cluster": "a", "access_log": [{"name": "envoy.file_access_log", "filter": endless}]}
    assert examples(listener({"name": "envoy.tcp_proxy", "config": config})) == []


def test_nothing_else_has_one() -> None:
    found = codec.encode({"@type": CLUSTER, "name": "a", "foo": 1, "connect_timeout": 5}).findings
    assert {each.level for each in found} == {Level.ERROR}
    assert [each.example for each in found] == ["", ""]
    assert examples({"@type": LISTENER, "name": "a", "filter_chains": []}) == []


NAMES = [
    *("name", "hosts", "tls_context", "config", "typed_config", "filter_chains", "filters", "http_filters", "@type"),
    *(
        "route_config",
        "virtual_hosts",
        "routes",
        "match",
        "regex",
        "value",
        "typed_per_filter_config",
        "transport_socket",
    ),
    *("common_tls_context", "idle_timeout", "private_key", "address", "access_log", "domains", "type_url", "metadata"),
]
TEXTS = [
    *("envoy.tcp_proxy", "envoy.http_connection_manager", "tls", f"{TYPE}envoy.api.v2.Cluster", f"{TYPE}a.B", LISTENER),
    *(
        CLUSTER,
        f"{TYPE}xds.type.v3.TypedStruct",
        f"{TYPE}google.protobuf.Struct",
        f"{TLS}.UpstreamTlsContext",
        "*",
        "5s",
    ),
]


@given(
    st.sampled_from(
        [CLUSTER, LISTENER, f"{TYPE}envoy.api.v2.Listener", f"{TYPE}envoy.config.route.v3.RouteConfiguration"]
    ),
    st.dictionaries(
        st.sampled_from(NAMES),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
            max_leaves=12,
        ),
        max_size=5,
    ),
)
def test_whatever_stands_there_there_is_an_answer(url: str, fields: dict[str, Any]) -> None:
    for finding in codec.encode({**fields, "@type": url}, unknown_fields=Level.WARNING).findings:
        assert not finding.example or yaml.safe_load(finding.example) is not None
