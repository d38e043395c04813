"""What keeps this control plane from serving the Envoy of a bootstrap: warnings, for it may be meant for another one.

Much of it can be said on Envoy's command line, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from legation.envoy import types
from legation.envoy.bootstrap_trust import HTTP_OPTIONS, carelessness
from legation.envoy.findings import Finding, quote
from legation.model.objects import FieldPath
from legation.model.problems import Level

_CODE = "not-served-bootstrap"


def doubts(bootstrap: Any) -> Iterator[Finding]:
    """Yield what is missing for an Envoy to be served; paths in the spelling of the protos."""
    dynamic = bootstrap.dynamic_resources
    sources = [(name, getattr(dynamic, name)) for name in ("cds_config", "lds_config") if dynamic.HasField(name)]
    if not sources and not dynamic.HasField("ads_config"):
        yield _doubt(
            "this Envoy asks no control plane: what it does is in this file alone",
            (),
            mend="add dynamic_resources; `legation bootstrap` prints a bootstrap of an Envoy that is served",
        )
        return
    if not bootstrap.node.id:
        mend = "set node.id, or start Envoy with --service-node"
        yield _doubt("no Envoy without a node id is served, and there is no node.id", _at(bootstrap, "node"), mend=mend)
    if not bootstrap.node.cluster:
        mend = "set node.cluster, or start Envoy with --service-cluster"
        yield _doubt("Envoy asks no control plane without node.cluster", _at(bootstrap, "node"), mend=mend)
    yield from _sources(dynamic, sources)
    yield from _servers(bootstrap, sources)


def _at(message: Any, name: str) -> FieldPath:
    return (name,) if message.HasField(name) else ()


def _sources(dynamic: Any, sources: list[tuple[str, Any]]) -> Iterator[Finding]:
    for name in ("cds_config", "lds_config"):
        if not dynamic.HasField(name):
            what = "clusters" if name == "cds_config" else "listeners"
            yield _doubt(f"it asks for no {what}: there is no {name}", ("dynamic_resources",), mend=f"add {name}")
    for name, source in sources:
        path: FieldPath = ("dynamic_resources", name)
        kind = source.WhichOneof("config_source_specifier")
        if kind == "ads" and not dynamic.HasField("ads_config"):
            mend = "add dynamic_resources.ads_config"
            yield _doubt(f"{name} comes by ADS, and there is no ads_config", path, mend=mend)
        if kind in {"path", "path_config_source"}:
            mend = "that is right for the files of `legation sync`"
            yield _doubt(f"{name} is a file: no server is asked", path, mend=mend)


def _servers(bootstrap: Any, sources: list[tuple[str, Any]]) -> Iterator[Finding]:
    """Yield what is wrong with the clusters through which control planes are reached."""
    dynamic = bootstrap.dynamic_resources
    asked = [each.api_config_source for _, each in sources]
    if dynamic.HasField("ads_config"):
        asked.append(dynamic.ads_config)
    clusters = {each.name: (index, each) for index, each in enumerate(bootstrap.static_resources.clusters)}
    yield from _careless(clusters[name] for name in clusters if any(name in _cluster_names(api) for api in asked))
    told: set[str] = set()
    for api in asked:
        for name in _cluster_names(api):
            if name in clusters and name not in told and api.grpc_services and not _speaks_http2(clusters[name][1]):
                told.add(name)
                yield _doubt(
                    f"gRPC needs HTTP/2, and the cluster {quote(name)} speaks HTTP/1.1",
                    ("static_resources", "clusters", clusters[name][0]),
                    mend=f"add typed_extension_protocol_options with {HTTP_OPTIONS}, and"
                    " explicit_http_config: {http2_protocol_options: {}} in it",
                )


def _careless(asked: Iterable[tuple[int, Any]]) -> Iterator[Finding]:
    for index, cluster in asked:
        words = carelessness(cluster)
        if words is not None:
            yield Finding(
                code="careless-bootstrap",
                message=f"cluster {quote(cluster.name)}: {words}",
                level=Level.WARNING,
                path=("static_resources", "clusters", index),
                mend="give its TLS a trusted_ca and match_typed_subject_alt_names, as `legation bootstrap --tls` does",
            )


def _cluster_names(api: Any) -> Iterator[str]:
    yield from api.cluster_names
    for each in api.grpc_services:
        if each.HasField("envoy_grpc"):
            yield each.envoy_grpc.cluster_name


def _speaks_http2(cluster: Any) -> bool:
    options = cluster.typed_extension_protocol_options
    if HTTP_OPTIONS not in options:
        return bool(cluster.HasField("http2_protocol_options"))
    http: Any = types.message_class(HTTP_OPTIONS)()
    options[HTTP_OPTIONS].Unpack(http)
    return bool(
        http.explicit_http_config.HasField("http2_protocol_options")
        or http.HasField("auto_config")
        or http.use_downstream_protocol_config.HasField("http2_protocol_options")
    )


def _doubt(message: str, path: FieldPath, *, mend: str) -> Finding:
    return Finding(code=_CODE, message=message, level=Level.WARNING, path=path, mend=mend)
