"""What the old API allowed: the modern form that is offered exists and is right."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec, old_style, types
from tests.unit.envoy.configs import FILE, ROUTER, TYPE, cluster, hcm, listener, routes

RETRY = {
    "cluster": "a",
    "retry_policy": {"retry_host_predicate": [{"name": "envoy.retry_host_predicates.previous_hosts"}]},
}


@pytest.mark.parametrize("name", sorted(old_style.TYPES))
def test_every_modern_form_exists(name: str) -> None:
    assert types.find(old_style.TYPES[name]) is not None


@pytest.mark.parametrize("name", sorted(old_style.GONE))
def test_every_field_that_went_away_is_gone(name: str) -> None:
    message, _, field = name.rpartition(".")
    descriptor = types.find(message)
    assert descriptor is not None
    assert field not in descriptor.fields_by_name


@pytest.mark.parametrize(
    ("json", "path", "modern"),
    [
        pytest.param(
            listener({"name": "envoy.tcp_proxy", "config": {"cluster": "a"}}),
            "filter_chains[0].filters[0]",
            "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
            id="network filter",
        ),
        pytest.param(
            listener(listener_filters=[{"name": "envoy.filters.listener.tls_inspector"}]),
            "listener_filters[0]",
            "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
            id="listener filter",
        ),
        pytest.param(
            listener(access_log=[{"name": "envoy.file_access_log", "config": {"path": "/x"}}]),
            "access_log[0]",
            "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            id="access log",
        ),
        pytest.param(
            cluster(transport_socket={"name": "envoy.transport_sockets.tls"}),
            "transport_socket",
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            id="upstream TLS",
        ),
        pytest.param(
            listener(filter_chains=[{"transport_socket": {"name": "tls"}}]),
            "filter_chains[0].transport_socket",
            "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            id="downstream TLS",
        ),
        pytest.param(
            listener(hcm(ROUTER, route_config=routes(RETRY))),
            "filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0].route.retry_policy."
            "retry_host_predicate[0]",
            "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            id="retry predicate",
        ),
    ],
)
def test_an_extension_without_typed_config_is_refused(json: dict[str, Any], path: str, modern: str) -> None:
    (finding,) = codec.encode(json).findings
    assert finding.code == "old-style-filter"
    assert str(finding).startswith(f"{path}: ")
    assert finding.mend == f'add typed_config: {{"@type": {TYPE}{modern}}}'


def test_an_extension_that_nobody_knows_is_told_what_is_missing() -> None:
    (finding,) = codec.encode(listener({"name": "acme.secret"})).findings
    assert str(finding) == (
        "filter_chains[0].filters[0]: there is no typed_config, without which Envoy does not find the extension "
        '(add typed_config: {"@type": type.googleapis.com/<its message type>})'
    )


@pytest.mark.parametrize(
    "json",
    [
        pytest.param(listener(hcm(ROUTER)), id="typed_config"),
        pytest.param(
            listener(hcm({"name": "a", "config_discovery": {"config_source": FILE, "type_urls": ["x/y"]}})),
            id="config_discovery",
        ),
        pytest.param(listener(hcm({"name": "envoy.filters.http.cors", "is_optional": True}, ROUTER)), id="optional"),
        pytest.param(cluster(cluster_type={"name": "envoy.cluster.static"}), id="cluster type"),
    ],
)
def test_what_envoy_takes_is_no_old_style(json: dict[str, Any]) -> None:
    assert codec.encode(json).findings == ()
