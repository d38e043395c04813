from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.judging.ca import AUTHORITY
from legation.judging.pretence import NOBODY, NOWHERE, Pretence
from legation.model.resource import Resource
from legation.model.resource_types import LISTENER, ROUTE_CONFIGURATION
from tests import judged
from tests.judged import PREFIX

TLS = PREFIX + "envoy.extensions.transport_sockets.tls.v3."


def harmless(resource: Resource) -> tuple[Any, Pretence]:
    """Return what is judged of a resource."""
    message = judged.message_of(resource.type, resource.body)
    pretence = Pretence("token")
    pretence.make_harmless(message)
    return message, pretence


def inside(packed: Any) -> Any:
    return types.message_class(types.type_name(packed.type_url)).FromString(packed.value)


def manager(**http: Any) -> tuple[Any, Pretence]:
    """Return the connection manager with these fields, as it is judged."""
    message, pretence = harmless(judged.listener(**http))
    return inside(message.filter_chains[0].filters[0].typed_config), pretence


def tls(**common: Any) -> Any:
    """Return the common part of the TLS context of a cluster, as it is judged."""
    config = {"@type": TLS + "UpstreamTlsContext", "common_tls_context": common}
    message, _ = harmless(judged.cluster(transport_socket={"name": "tls", "typed_config": config}))
    return inside(message.transport_socket.typed_config).common_tls_context


def test_a_log_goes_nowhere_and_its_format_is_judged() -> None:
    log: dict[str, Any] = {
        "@type": PREFIX + "envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": "/var/log/envoy",
    }
    log["log_format"] = {"text_format_source": {"inline_string": "%REQ(:METHOD)%"}}

    found, _ = manager(access_log=[{"name": "log", "typed_config": log}])

    written = inside(found.access_log[0].typed_config)
    assert written.path == NOWHERE
    assert written.log_format.text_format_source.inline_string == "%REQ(:METHOD)%"


def test_who_would_be_called_is_nobody() -> None:
    grpc = PREFIX + "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig"
    service = {"google_grpc": {"target_uri": "logs.example:443", "stat_prefix": "x"}}
    log = {"@type": grpc, "common_config": {"log_name": "x", "grpc_service": service}}
    zipkin = {
        "@type": PREFIX + "envoy.config.trace.v3.ZipkinConfig",
        "collector_cluster": "traces",
        "collector_endpoint": "/spans",
        "collector_endpoint_version": "HTTP_JSON",
    }

    found, _ = manager(
        access_log=[{"name": "log", "typed_config": log}],
        tracing={"provider": {"name": "zipkin", "typed_config": zipkin}},
    )

    service_now = inside(found.access_log[0].typed_config).common_config.grpc_service
    assert service_now.WhichOneof("target_specifier") == "envoy_grpc"
    assert service_now.envoy_grpc.cluster_name == NOBODY
    assert inside(found.tracing.provider.typed_config).collector_cluster == NOBODY


def test_a_polling_source_keeps_its_kind_and_loses_its_cluster() -> None:
    polled = {"api_type": "REST", "transport_api_version": "V3", "cluster_names": ["xds"], "refresh_delay": "1s"}

    found, _ = manager(
        route_config=None,
        rds={"route_config_name": "routes", "config_source": {"api_config_source": polled}},
    )

    source = found.rds.config_source.api_config_source
    assert list(source.cluster_names) == [NOBODY]
    assert source.refresh_delay.seconds == 1


def test_certificates_in_files_come_by_discovery() -> None:
    chain = {"certificate_chain": {"filename": "/chain"}, "private_key": {"filename": "/key"}}

    found = tls(tls_certificates=[chain])

    assert not found.tls_certificates
    (secret,) = found.tls_certificate_sds_secret_configs
    assert secret.sds_config.WhichOneof("config_source_specifier") == "ads"


def test_a_certificate_that_is_written_out_is_judged() -> None:
    found = tls(tls_certificates=[{"certificate_chain": {"inline_string": "x"}}])

    assert found.tls_certificates[0].certificate_chain.inline_string == "x"


def test_another_authority_stands_in_for_one_in_a_file() -> None:
    names = [{"san_type": "DNS", "matcher": {"exact": "shop.example"}}]
    context = {"trusted_ca": {"filename": "/ca"}, "crl": {"filename": "/crl"}, "match_typed_subject_alt_names": names}
    context["watched_directory"] = {"path": "/etc/tls"}

    found = tls(validation_context=context).validation_context

    assert found.trusted_ca.inline_string == AUTHORITY
    assert not found.HasField("crl")
    assert not found.HasField("watched_directory")
    assert found.match_typed_subject_alt_names[0].matcher.exact == "shop.example"


def test_a_secret_of_the_bootstrap_comes_by_discovery() -> None:
    found = tls(tls_certificate_sds_secret_configs=[{"name": "boot"}])

    assert found.tls_certificate_sds_secret_configs[0].HasField("sds_config")


def test_ticket_keys_in_files_come_by_discovery() -> None:
    config = {"@type": TLS + "DownstreamTlsContext", "session_ticket_keys": {"keys": [{"filename": "/key"}]}}
    socket = {"name": "tls", "typed_config": config}
    chain = {**judged.chain(), "transport_socket": socket}

    message, _ = harmless(judged.resource(LISTENER, name="front", address=judged.address(), filter_chains=[chain]))

    found = inside(message.filter_chains[0].transport_socket.typed_config)
    assert found.WhichOneof("session_ticket_keys_type") == "session_ticket_keys_sds_secret_config"


def test_a_body_in_a_file_is_as_good_as_any() -> None:
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"filename": "/srv/index.html"}}}
    host = {"name": "host", "domains": ["*"], "routes": [route]}

    message, pretence = harmless(judged.resource(ROUTE_CONFIGURATION, name="routes", virtual_hosts=[host]))

    body = message.virtual_hosts[0].routes[0].direct_response.body
    assert body.WhichOneof("specifier") == "inline_string"
    assert not pretence.elsewhere


@pytest.mark.parametrize("source", [{"filename": "/users"}, {"environment_variable": "USERS"}])
def test_a_file_that_nothing_can_stand_in_for_is_noted(source: dict[str, str]) -> None:
    users: dict[str, Any] = {"@type": PREFIX + "envoy.extensions.filters.http.basic_auth.v3.BasicAuth", "users": source}

    _, pretence = harmless(judged.extension(**users))

    assert pretence.elsewhere


def test_dns_caches_of_one_name_are_not_compared_with_those_of_other_resources() -> None:
    cache = {"name": "shared", "preresolve_hostnames": [judged.address(80, "shop.example")["socket_address"]]}
    config = {"@type": PREFIX + "envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"}
    config_type: Any = {**config, "dns_cache_config": cache}
    cluster_type = {"name": "envoy.clusters.dynamic_forward_proxy", "typed_config": config_type}

    message, _ = harmless(judged.cluster(load_assignment=None, cluster_type=cluster_type))

    found = inside(message.cluster_type.typed_config).dns_cache_config
    assert found.name == "token-shared"
    assert not found.preresolve_hostnames


def test_what_nobody_can_read_is_left_to_envoy() -> None:
    message: Any = judged.message_of(LISTENER, judged.listener().body)
    message.filter_chains[0].filters[0].typed_config.value = b"\xff"
    before = message.SerializeToString()

    Pretence("token").make_harmless(message)

    assert message.SerializeToString() == before


def test_a_store_of_its_own_is_no_file() -> None:
    file = {"@type": PREFIX + "envoy.extensions.key_value.file_based.v3.FileBasedKeyValueStoreConfig"}
    cache: dict[str, Any] = {
        "@type": PREFIX + "envoy.extensions.filters.http.alternate_protocols_cache.v3.FilterConfig"
    }
    store = {"name": "store", "typed_config": {**file, "filename": "/etc/keys"}}
    cache["alternate_protocols_cache_options"] = {"name": "cache", "key_value_store_config": store}

    message, _ = harmless(judged.extension(**cache))

    options = inside(message.typed_config).alternate_protocols_cache_options
    assert inside(options.key_value_store_config.typed_config).filename == NOWHERE
