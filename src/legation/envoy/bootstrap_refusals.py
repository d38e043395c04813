"""What Envoy refuses in a bootstrap although each part of it is right. Each was tried with Envoy 1.40.

A route in a static listener has to name a static cluster, even where clusters are asked for, because listeners come
first; so has whatever a control plane is asked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.anys import unpack
from legation.envoy.findings import Finding, quote
from legation.envoy.types import HTTP_MANAGER
from legation.model.objects import FieldPath

_DANGLING = "dangling-reference"
_STATIC = "add it to static_resources.clusters"


def refusals(bootstrap: Any) -> Iterator[Finding]:
    """Yield what keeps Envoy from starting; paths in the spelling of the protos."""
    yield from _layers(bootstrap.layered_runtime.layers)
    yield from _monitors(bootstrap.overload_manager.resource_monitors)
    clusters = {each.name: each for each in bootstrap.static_resources.clusters}
    local = bootstrap.cluster_manager.local_cluster_name
    if local and local not in clusters:
        path: FieldPath = ("cluster_manager", "local_cluster_name")
        yield _unknown(f"the local cluster {quote(local)}", path)
    yield from _servers(bootstrap.dynamic_resources, clusters)
    for index, listener in enumerate(bootstrap.static_resources.listeners):
        yield from _routes(listener, frozenset(clusters), ("static_resources", "listeners", index))


def _unknown(what: str, path: FieldPath) -> Finding:
    message = f"{what} is not static here: Envoy does not start"
    return Finding(code=_DANGLING, message=message, path=path, mend=_STATIC)


def _layers(layers: Any) -> Iterator[Finding]:
    names: set[str] = set()
    has_admin = False
    for index, layer in enumerate(layers):
        path: FieldPath = ("layered_runtime", "layers", index)
        if layer.name in names:
            message = f"the layer {quote(layer.name)} stands here twice: Envoy does not start"
            yield Finding(code="duplicate-name", message=message, path=path, mend="give one of them another name")
        if layer.HasField("admin_layer") and has_admin:
            message = "there is an admin_layer above already: Envoy does not start"
            yield Finding(
                code="duplicate-field", message=message, path=(*path, "admin_layer"), mend="take one of them out"
            )
        names.add(layer.name)
        has_admin |= layer.HasField("admin_layer")


def _monitors(monitors: Any) -> Iterator[Finding]:
    names: set[str] = set()
    for index, each in enumerate(monitors):
        if each.name in names:
            message = f"the resource monitor {quote(each.name)} stands here twice: Envoy does not start"
            path: FieldPath = ("overload_manager", "resource_monitors", index)
            yield Finding(code="duplicate-name", message=message, path=path, mend="take one of them out")
        names.add(each.name)


def _servers(dynamic: Any, clusters: dict[str, Any]) -> Iterator[Finding]:
    """Yield the clusters through which a control plane cannot be asked."""
    for path, api in _asked(dynamic):
        for name in dict.fromkeys(_cluster_names(api)):
            if name not in clusters:
                yield _unknown(f"the control plane is reached through the cluster {quote(name)}, which", path)
            elif _comes_later(clusters[name]):
                message = (
                    f"the control plane is reached through the cluster {quote(name)}, whose endpoints it would tell"
                )
                mend = "give it type: STRICT_DNS or STATIC, and its endpoints in load_assignment"
                yield Finding(
                    code="unreachable-server", message=f"{message}: Envoy does not start", path=path, mend=mend
                )


def _asked(dynamic: Any) -> Iterator[tuple[FieldPath, Any]]:
    for name in ("cds_config", "lds_config"):
        if getattr(dynamic, name).HasField("api_config_source"):
            yield ("dynamic_resources", name, "api_config_source"), getattr(dynamic, name).api_config_source
    if dynamic.HasField("ads_config"):
        yield ("dynamic_resources", "ads_config"), dynamic.ads_config


def _cluster_names(api: Any) -> Iterator[str]:
    yield from api.cluster_names
    for each in api.grpc_services:
        if each.HasField("envoy_grpc"):
            yield each.envoy_grpc.cluster_name


def _comes_later(cluster: Any) -> bool:
    """Say whether the endpoints of a cluster are asked for; those in files are there at once."""
    source = cluster.eds_cluster_config.eds_config
    return bool(
        cluster.type == cluster.EDS and source.WhichOneof("config_source_specifier") in {"ads", "api_config_source"}
    )


# ---- the routes of static listeners


def _routes(listener: Any, clusters: frozenset[str], above: FieldPath) -> Iterator[Finding]:
    for path, chain in _chains(listener):
        for index, each in enumerate(chain.filters):
            if not each.typed_config.type_url.endswith(f"/{HTTP_MANAGER}"):
                continue
            manager: Any = unpack(each.typed_config)
            routes = manager.route_config
            if manager.HasField("route_config") and (
                not routes.HasField("validate_clusters") or routes.validate_clusters.value
            ):
                inside = (*above, *path, "filters", index, "typed_config", "route_config")
                yield from _of_routes(routes, clusters, inside)


def _chains(listener: Any) -> Iterator[tuple[FieldPath, Any]]:
    for index, each in enumerate(listener.filter_chains):
        yield ("filter_chains", index), each
    if listener.HasField("default_filter_chain"):
        yield ("default_filter_chain",), listener.default_filter_chain


def _of_routes(routes: Any, clusters: frozenset[str], above: FieldPath) -> Iterator[Finding]:
    for number, host in enumerate(routes.virtual_hosts):
        for index, route in enumerate(host.routes):
            path = (*above, "virtual_hosts", number, "routes", index, "route")
            for inside, name in _named(route.route):
                if name and name not in clusters:
                    yield _unknown(f"the route goes to the cluster {quote(name)}, which", (*path, *inside))


def _named(action: Any) -> Iterator[tuple[FieldPath, str]]:
    yield ("cluster",), action.cluster
    for index, each in enumerate(action.weighted_clusters.clusters):
        yield ("weighted_clusters", "clusters", index, "name"), each.name
    for index, each in enumerate(action.request_mirror_policies):
        yield ("request_mirror_policies", index, "cluster"), each.cluster
