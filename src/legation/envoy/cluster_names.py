"""Which fields of Envoy's protos name a cluster, as tables: everything about it is here.

A field of v3 whose name contains `cluster` is in one of the tables or under `NO_CLUSTERS`, with the reason; a test
holds the tables against the descriptors, so that a field of newer protos is noticed. Fields stand by their full names.
"""

from __future__ import annotations

from collections.abc import Mapping

_CORE = "envoy.config.core.v3"
_ROUTE = "envoy.config.route.v3"
_HTTP = "envoy.extensions.filters.http"
_NETWORK = "envoy.extensions.filters.network"
_REDIS = f"{_NETWORK}.redis_proxy.v3.RedisProxy.PrefixRoutes.Route"
_UDP = "envoy.extensions.filters.udp.udp_proxy.v3"

NAMES: frozenset[str] = frozenset({
    f"{_CORE}.GrpcService.EnvoyGrpc.cluster_name",
    f"{_CORE}.HttpUri.cluster",
    f"{_ROUTE}.RouteAction.cluster",
    f"{_ROUTE}.RouteAction.RequestMirrorPolicy.cluster",
    f"{_ROUTE}.WeightedCluster.ClusterWeight.name",
    "envoy.config.trace.v3.DatadogConfig.collector_cluster",
    "envoy.config.trace.v3.LightstepConfig.collector_cluster",
    "envoy.config.trace.v3.ZipkinConfig.collector_cluster",
    # The inline table of the DNS filter answers with the hosts of a cluster.
    "envoy.data.dns.v3.DnsTable.DnsEndpoint.cluster_name",
    "envoy.data.dns.v3.DnsTable.DnsServiceTarget.cluster_name",
    "envoy.extensions.access_loggers.fluentd.v3.FluentdAccessLogConfig.cluster",
    "envoy.extensions.clusters.aggregate.v3.ClusterConfig.clusters",
    f"{_HTTP}.cache_v2.v3.CacheV2Config.override_upstream_cluster",
    f"{_HTTP}.gcp_authn.v3.GcpAuthnFilterConfig.cluster",
    f"{_HTTP}.health_check.v3.HealthCheck.cluster_min_healthy_percentages",
    f"{_HTTP}.mcp_router.v3.McpRouter.McpCluster.cluster",
    f"{_NETWORK}.dubbo_proxy.v3.RouteAction.cluster",
    f"{_NETWORK}.generic_proxy.action.v3.RouteAction.cluster",
    f"{_REDIS}.cluster",
    f"{_REDIS}.ReadCommandPolicy.cluster",
    f"{_REDIS}.RequestMirrorPolicy.cluster",
    f"{_NETWORK}.tcp_proxy.v3.TcpProxy.cluster",
    f"{_NETWORK}.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight.name",
    f"{_NETWORK}.thrift_proxy.v3.RouteAction.cluster",
    f"{_NETWORK}.thrift_proxy.v3.RouteAction.RequestMirrorPolicy.cluster",
    f"{_NETWORK}.thrift_proxy.v3.WeightedCluster.ClusterWeight.name",
    f"{_UDP}.Route.cluster",
    f"{_UDP}.UdpProxyConfig.cluster",
    "envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig.default_cluster",
    "envoy.extensions.router.cluster_specifiers.matcher.v3.ClusterAction.cluster",
    "envoy.extensions.tracers.fluentd.v3.FluentdConfig.cluster",
})  # fmt: skip
"""Text, a list of texts or a map: the value, each value or each key is the name of a cluster."""

UNKNOWABLE: frozenset[str] = frozenset({
    f"{_ROUTE}.RouteAction.cluster_header",
    f"{_ROUTE}.RouteAction.cluster_specifier_plugin",
    f"{_ROUTE}.RouteAction.inline_cluster_specifier_plugin",
    f"{_ROUTE}.RouteAction.RequestMirrorPolicy.cluster_header",
    f"{_ROUTE}.WeightedCluster.ClusterWeight.cluster_header",
    f"{_NETWORK}.thrift_proxy.v3.RouteAction.cluster_header",
    # A list of clusters that Envoy gets from elsewhere.
    "envoy.extensions.clusters.aggregate.v3.AggregateClusterResource.resource_name",
})  # fmt: skip
"""When one of these is set, the request or another party says the cluster: it may be any."""

CODE: frozenset[str] = frozenset({
    "envoy.extensions.dynamic_modules.v3.DynamicModuleConfig",
    "envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig",
    "envoy.extensions.wasm.v3.PluginConfig",
    "udpa.type.v1.TypedStruct",
    "xds.type.v3.TypedStruct",
})  # fmt: skip
"""Messages of code, or of an extension that is not known here: it may name any cluster."""

LUA_CALL = b"httpCall"
LUA: frozenset[str] = frozenset({f"{_HTTP}.lua.v3.Lua", f"{_HTTP}.lua.v3.LuaPerRoute"})
"""Lua filters: most only touch headers; the one function that names a cluster is httpCall, and a script in a file may
call it."""

SOURCES: frozenset[str] = frozenset({f"{_CORE}.ApiConfigSource", f"{_CORE}.ConfigSource"})
"""Where Envoy gets configuration from. The cluster of such a server is no reference: Envoy demands that it be static
("must have a statically defined non-EDS cluster"), so none that is served over CDS can ever be meant."""

NO_CLUSTERS: Mapping[str, str] = {
    f"{_CORE}.ApiConfigSource.cluster_names": "must be static, see SOURCES",
    f"{_CORE}.Node.cluster": "what the Envoy calls itself",
    f"{_HTTP}.fault.v3.HTTPFault.upstream_cluster": "a condition: faults only for requests to it",
    f"{_NETWORK}.reverse_tunnel.v3.Validation.cluster_id_format": "the peer's own node cluster",
    "envoy.admin": "messages of the admin interface",
    "envoy.config.bootstrap": "the bootstrap names static clusters",
    "envoy.config.endpoint.v3.ClusterLoadAssignment.cluster_name": "the name of the resource itself",
    "envoy.config.endpoint.v3.ClusterStats": "a report of load",
    "envoy.config.metrics.v3.StatsdSink.tcp_cluster_name": "of the bootstrap only",
    "envoy.data.accesslog": "written by Envoy",
    "envoy.data.cluster": "written by Envoy",
    "envoy.data.core": "written by Envoy",
    "envoy.service": "messages of services, not configuration",
}
"""Fields, or packages of them, that name no cluster of CDS, and why."""
