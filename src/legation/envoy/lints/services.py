"""Where Envoy asks others: the version of their API, and who they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful, refused
from legation.envoy.types import HTTP_MANAGERS

_V2 = 1
_GRPC = frozenset({"GRPC", "DELTA_GRPC"})
_WITH_FAILOVER = 2
"""So many servers an Envoy may be told of that goes from one to another."""
_FAILOVER = "envoy.restart_features.xds_failover_support"


def _version(service: Any) -> Iterator[Finding]:
    if service.transport_api_version == _V2:
        words = "Envoy has given up the second version of this API"
        yield refused("old-api", ("transport_api_version",), words, "write V3")


def _http_authorization(filter_: Any) -> Iterator[Finding]:
    # Over HTTP there is no version to be looked at.
    if filter_.HasField("grpc_service"):
        yield from _version(filter_)


def _source(source: Any) -> Iterator[Finding]:
    yield from _version(source)
    kinds = source.DESCRIPTOR.fields_by_name["api_type"].enum_type.values_by_number
    kind = kinds[source.api_type].name if source.api_type in kinds else ""
    if kind in _GRPC:
        if source.cluster_names:
            words = f"{kind} is asked at grpc_services, not at cluster_names"
            yield refused(
                "either-or", ("cluster_names",), words, "write grpc_services: [{envoy_grpc: {cluster_name: ...}}]"
            )
        elif len(source.grpc_services) == _WITH_FAILOVER:
            yield doubtful(
                "one-service",
                ("grpc_services",),
                f"Envoy refuses a second one of grpc_services, unless its bootstrap sets {_FAILOVER} in its runtime",
                "name one, or set that",
            )
        elif len(source.grpc_services) != 1:
            yield _one("grpc_services", kind)
    elif kind == "REST":
        if source.grpc_services:
            words = "REST is asked at cluster_names, not at grpc_services"
            yield refused("either-or", ("grpc_services",), words, "write cluster_names: [...]")
        elif len(source.cluster_names) != 1:
            yield _one("cluster_names", kind)
        if not source.HasField("refresh_delay"):
            words = "it is not said how often REST is asked"
            yield refused("missing-field", ("refresh_delay",), words, "write refresh_delay, such as 5s")


def _one(field: str, kind: str) -> Finding:
    return refused("missing-field", (field,), f"{kind} wants exactly one of {field}", "name one")


def _routes(rds: Any) -> Iterator[Finding]:
    if not rds.HasField("config_source") and not rds.route_config_name.startswith("xdstp:"):
        words = "it is not said where the routes come from"
        yield refused("missing-field", ("config_source",), words, "write config_source: {ads: {}}")


_FILTERS = "envoy.extensions.filters"

LINTS: Lints = {
    "envoy.config.core.v3.ApiConfigSource": _source,
    "envoy.config.ratelimit.v3.RateLimitServiceConfig": _version,
    "envoy.extensions.access_loggers.grpc.v3.CommonGrpcAccessLogConfig": _version,
    f"{_FILTERS}.http.ext_authz.v3.ExtAuthz": _http_authorization,
    f"{_FILTERS}.network.ext_authz.v3.ExtAuthz": _version,
    f"{HTTP_MANAGERS}.Rds": _routes,
}
