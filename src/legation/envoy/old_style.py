"""What Envoy's old API allowed and today's Envoy refuses, with the modern form to paste.

An extension (a filter, a transport socket, an access log ...) used to be found by its name; Envoy now finds it by the
type of its `typed_config` alone and refuses one without. Tried on Envoy 1.40 for every kind of extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from legation.envoy import types
from legation.envoy.findings import Misfit, quote
from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

CONFIG = "config"
"""The key of the old API that held an extension's configuration."""

_FOUND_BY_NAME = frozenset({
    "envoy.config.cluster.v3.Cluster.CustomClusterType",
    "envoy.config.overload.v3.OverloadAction",
})  # fmt: skip
"""The few that Envoy still finds by name."""


def check(message: Any, path: FieldPath) -> Misfit | None:
    """Return what is wrong with a message that names an extension and does not configure it; None for any other."""
    if not _names_extension(message.DESCRIPTOR):
        return None
    fields = message.DESCRIPTOR.fields_by_name
    if message.HasField("typed_config") or ("config_discovery" in fields and message.HasField("config_discovery")):
        return None
    if "is_optional" in fields and message.is_optional:
        return None
    found = modern_type(message.name, path)
    if found is None:
        words = "there is no typed_config, without which Envoy does not find the extension"
        return Misfit("old-style-filter", words, 'add typed_config: {"@type": type.googleapis.com/<its message type>}')
    words = f"{message.name} has no typed_config, without which Envoy refuses it"
    return Misfit("old-style-filter", words, f'add typed_config: {{"@type": type.googleapis.com/{found}}}')


def old_type(name: str, newer: str) -> Misfit:
    """Return the complaint that a message type belongs to an API that Envoy has given up."""
    words = f"type {quote(name)} belongs to an old API that Envoy no longer reads"
    return Misfit("old-type", words, f"write type.googleapis.com/{newer}; its fields may have changed")


def lacks_type(descriptor: Descriptor, json: Mapping[str, Any]) -> bool:
    """Say whether JSON of that message type, with names of the protos, lacks the configuration of an extension."""
    has_type = "typed_config" in json or "config_discovery" in json or json.get("is_optional") is True
    return _names_extension(descriptor) and not has_type


@cache
def _names_extension(descriptor: Descriptor) -> bool:
    fields = descriptor.fields_by_name
    return "typed_config" in fields and "name" in fields and descriptor.full_name not in _FOUND_BY_NAME


def modern_type(name: str, path: FieldPath) -> str | None:
    """Return the message type that configures a well-known extension, by its name of today or of the old API."""
    if name in {"envoy.transport_sockets.tls", "tls"}:
        side = "Downstream" if {"filter_chains", "default_filter_chain"} & {*path} else "Upstream"
        return f"{types.TLS}.{side}TlsContext"
    return TYPES.get(name)


GONE: Mapping[str, str] = {
    "envoy.config.cluster.v3.Cluster.hosts": "write the addresses into load_assignment",
    "envoy.config.cluster.v3.Cluster.tls_context": (
        "write a transport_socket whose typed_config is an UpstreamTlsContext"
    ),
    "envoy.config.listener.v3.FilterChain.tls_context": (
        "write a transport_socket whose typed_config is a DownstreamTlsContext"
    ),
    "envoy.config.route.v3.RouteMatch.regex": "write safe_regex: {regex: ...}",
    f"{types.HTTP_MANAGER}.idle_timeout": ("write common_http_protocol_options: {idle_timeout: ...}"),
}
"""Fields of the old API that went away, and what to write in their place."""


def _named(prefix: str, old_prefix: str, package: str, messages: Mapping[str, str]) -> dict[str, str]:
    names = {}
    for name, message in messages.items():
        folder, _, short = message.rpartition("/")
        full = f"{package}.{folder or name}.v3.{short}"
        names[f"{prefix}.{name}"] = names[f"{old_prefix}.{name}"] = full
    return names


_HTTP = {
    "adaptive_concurrency": "AdaptiveConcurrency",
    "admission_control": "AdmissionControl",
    "bandwidth_limit": "BandwidthLimit",
    "basic_auth": "BasicAuth",
    "buffer": "Buffer",
    "compressor": "Compressor",
    "cors": "Cors",
    "csrf": "CsrfPolicy",
    "decompressor": "Decompressor",
    "dynamic_forward_proxy": "FilterConfig",
    "ext_authz": "ExtAuthz",
    "ext_proc": "ExternalProcessor",
    "fault": "HTTPFault",
    "grpc_http1_bridge": "Config",
    "grpc_json_transcoder": "GrpcJsonTranscoder",
    "grpc_stats": "FilterConfig",
    "grpc_web": "GrpcWeb",
    "header_to_metadata": "Config",
    "health_check": "HealthCheck",
    "jwt_authn": "JwtAuthentication",
    "local_ratelimit": "LocalRateLimit",
    "lua": "Lua",
    "oauth2": "OAuth2",
    "on_demand": "OnDemand",
    "original_src": "OriginalSrc",
    "ratelimit": "RateLimit",
    "rbac": "RBAC",
    "router": "Router",
    "set_metadata": "Config",
    "tap": "Tap",
    "wasm": "Wasm",
}
_NETWORK = {
    "connection_limit": "ConnectionLimit",
    "direct_response": "Config",
    "echo": "Echo",
    "ext_authz": "ExtAuthz",
    "http_connection_manager": "HttpConnectionManager",
    "local_ratelimit": "LocalRateLimit",
    "mongo_proxy": "MongoProxy",
    "ratelimit": "RateLimit",
    "rbac": "RBAC",
    "redis_proxy": "RedisProxy",
    "sni_cluster": "SniCluster",
    "tcp_proxy": "TcpProxy",
    "thrift_proxy": "ThriftProxy",
    "wasm": "Wasm",
    "zookeeper_proxy": "ZooKeeperProxy",
}
_LISTENER = {
    "http_inspector": "HttpInspector",
    "local_ratelimit": "LocalRateLimit",
    "original_dst": "OriginalDst",
    "original_src": "OriginalSrc",
    "proxy_protocol": "ProxyProtocol",
    "tls_inspector": "TlsInspector",
}
_ACCESS_LOG = {
    "file": "FileAccessLog",
    "http_grpc": "grpc/HttpGrpcAccessLogConfig",
    "stderr": "stream/StderrAccessLog",
    "stdout": "stream/StdoutAccessLog",
    "tcp_grpc": "grpc/TcpGrpcAccessLogConfig",
}
_FILTERS = "envoy.extensions.filters"
TYPES: Mapping[str, str] = {
    **_named("envoy.filters.network", "envoy", f"{_FILTERS}.network", _NETWORK),
    **_named("envoy.filters.http", "envoy", f"{_FILTERS}.http", _HTTP),
    **_named("envoy.filters.listener", "envoy.listener", f"{_FILTERS}.listener", _LISTENER),
    **_named("envoy.filters.udp_listener", "envoy.filters.udp", f"{_FILTERS}.udp", {
        "dns_filter": "DnsFilterConfig",
        "udp_proxy": "UdpProxyConfig",
    }),
    **_named("envoy.access_loggers", "envoy.access_loggers", "envoy.extensions.access_loggers", _ACCESS_LOG),
    **_named("envoy.transport_sockets", "envoy.transport_sockets", "envoy.extensions.transport_sockets", {
        "alts": "Alts",
        "raw_buffer": "RawBuffer",
    }),
    **_named("envoy.retry_host_predicates", "envoy.retry_host_predicates", "envoy.extensions.retry.host", {
        "omit_canary_hosts": "OmitCanaryHostsPredicate",
        "previous_hosts": "PreviousHostsPredicate",
    }),
    "envoy.file_access_log": "envoy.extensions.access_loggers.file.v3.FileAccessLog",
    "envoy.http_grpc_access_log": "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
    "envoy.tcp_grpc_access_log": "envoy.extensions.access_loggers.grpc.v3.TcpGrpcAccessLogConfig",
    "envoy.rate_limit": "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
    "envoy.retry_priorities.previous_priorities": (
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
    ),
    "envoy.tracers.datadog": "envoy.config.trace.v3.DatadogConfig",
    "envoy.tracers.opentelemetry": "envoy.config.trace.v3.OpenTelemetryConfig",
    "envoy.tracers.skywalking": "envoy.config.trace.v3.SkyWalkingConfig",
    "envoy.tracers.zipkin": "envoy.config.trace.v3.ZipkinConfig",
    "envoy.zipkin": "envoy.config.trace.v3.ZipkinConfig",
}  # fmt: skip
"""Well-known names of extensions, those of the old API too, and the message types that configure them."""
