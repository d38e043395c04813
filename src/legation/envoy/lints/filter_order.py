"""The order of filters: in each chain one comes last that answers or passes on, and none of that kind before it.

Which filters end a chain was tried. Of those that are not listed here nobody knows: nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import at, doubtful, refused
from legation.envoy.types import HTTP_MANAGER
from legation.envoy.understanding import type_of

_NETWORK, _HTTP = "envoy.extensions.filters.network.", "envoy.extensions.filters.http."

_LAST = frozenset(
    {
        *(
            _NETWORK + name
            for name in (
                "direct_response.v3.Config",
                "dubbo_proxy.v3.DubboProxy",
                "echo.v3.Echo",
                "generic_proxy.v3.GenericProxy",
                "http_connection_manager.v3.HttpConnectionManager",
                "redis_proxy.v3.RedisProxy",
                "tcp_proxy.v3.TcpProxy",
                "thrift_proxy.v3.ThriftProxy",
            )
        ),
        f"{_HTTP}router.v3.Router",
    }
)
"""Filters that end a chain."""

_ON_THE_WAY = frozenset(
    {
        *(
            _NETWORK + name
            for name in (
                "connection_limit.v3.ConnectionLimit",
                "ext_authz.v3.ExtAuthz",
                "local_ratelimit.v3.LocalRateLimit",
                "mongo_proxy.v3.MongoProxy",
                "ratelimit.v3.RateLimit",
                "rbac.v3.RBAC",
                "set_filter_state.v3.Config",
                "sni_cluster.v3.SniCluster",
                "sni_dynamic_forward_proxy.v3.FilterConfig",
                "zookeeper_proxy.v3.ZooKeeperProxy",
            )
        ),
        *(
            _HTTP + name
            for name in (
                "bandwidth_limit.v3.BandwidthLimit",
                "basic_auth.v3.BasicAuth",
                "buffer.v3.Buffer",
                "cdn_loop.v3.CdnLoopConfig",
                "compressor.v3.Compressor",
                "cors.v3.Cors",
                "csrf.v3.CsrfPolicy",
                "decompressor.v3.Decompressor",
                "dynamic_forward_proxy.v3.FilterConfig",
                "ext_authz.v3.ExtAuthz",
                "ext_proc.v3.ExternalProcessor",
                "fault.v3.HTTPFault",
                "grpc_http1_bridge.v3.Config",
                "grpc_stats.v3.FilterConfig",
                "grpc_web.v3.GrpcWeb",
                "header_mutation.v3.HeaderMutation",
                "header_to_metadata.v3.Config",
                "health_check.v3.HealthCheck",
                "ip_tagging.v3.IPTagging",
                "jwt_authn.v3.JwtAuthentication",
                "local_ratelimit.v3.LocalRateLimit",
                "lua.v3.Lua",
                "ratelimit.v3.RateLimit",
                "rbac.v3.RBAC",
                "set_filter_state.v3.Config",
                "set_metadata.v3.Config",
            )
        ),
    }
)
"""Filters that pass everything on to the next one."""


def _network(chain: Any) -> Iterator[Finding]:
    last = "add the filter that is to serve the connection at the end, such as tcp_proxy or http_connection_manager"
    yield from _order(chain.filters, ("filters",), last)


def _http(manager: Any) -> Iterator[Finding]:
    last = "add the router at the end: envoy.extensions.filters.http.router.v3.Router"
    if not manager.http_filters:
        yield doubtful(
            "no-last-filter",
            ("http_filters",),
            "without a filter no request is passed on",
            last,
        )
    yield from _order(manager.http_filters, ("http_filters",), last)
    yield from _disabled(manager.http_filters)
    for index, upgrade in enumerate(manager.upgrade_configs):
        yield from _order(upgrade.filters, ("upgrade_configs", index, "filters"), last)


def _order(filters: Any, path: tuple[str | int, ...], last: str) -> Iterator[Finding]:
    *before, end = [_type(each) for each in filters] or [""]
    for index in _indexes_of_last(before):
        yield refused(
            "filter-order",
            (*path, index),
            f"this filter passes nothing on, so Envoy wants it to be the last, and {at(*path, index + 1)} follows",
            "move it to the end of the list",
        )
    if end in _ON_THE_WAY:
        yield refused(
            "no-last-filter",
            (*path, len(before)),
            "this filter passes on what it gets, and nothing follows that would take it",
            last,
        )


def _indexes_of_last(before: Iterable[str]) -> list[int]:
    return [index for index, name in enumerate(before) if name in _LAST]


def _disabled(filters: Any) -> Iterator[Finding]:
    if filters and filters[-1].disabled and _type(filters[-1]) in _LAST:
        yield refused(
            "no-last-filter",
            ("http_filters", len(filters) - 1, "disabled"),
            "the last filter passes requests on, and cannot be disabled",
            "delete this field",
        )


def _type(each: Any) -> str:
    return type_of(each.typed_config) if each.HasField("typed_config") else ""


LINTS: Lints = {
    "envoy.config.listener.v3.FilterChain": _network,
    HTTP_MANAGER: _http,
}
