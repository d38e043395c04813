"""An upstream as a request says it -> the manifest of an `Upstream` object. Pure.

What the request leaves empty stays out of the manifest, so that nobody owns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.api.management import structs
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.management.v1 import management_pb2 as pb
from legation.model.objects import show_path
from legation.translate.upstream import KIND as UPSTREAM

GROUP, KIND = UPSTREAM.group, UPSTREAM.kind

_NAMES = (
    ("metadata.name", "name"),
    ("metadata.namespace", "namespace"),
    ("spec.baseWeight", "base_weight"),
    ("spec.workloadSelector.labels", "workload_labels"),
    ("spec", ""),
)


def given(request: pb.AddUpstreamRequest) -> Given:
    """Return the object that a request describes.

    Raises:
        Refused: A field of it cannot be read.
    """
    metadata = {"name": request.name, **({"namespace": request.namespace} if request.namespace else {})}
    if not request.name:
        raise Refused.bad_request([("name", "it is missing; the cluster is called by it")], reason="INVALID_OBJECT")
    return Given(
        body={"apiVersion": UPSTREAM.api_version, "kind": KIND, "metadata": metadata, "spec": dict(_spec(request))},
        names=(*_of_routes(len(request.routes)), *_NAMES),
    )


def _of_routes(count: int) -> Iterator[tuple[str, str]]:
    for index in range(count):
        yield f"spec.routes[{index}].virtualHost", f"routes[{index}].virtual_host"
        yield f"spec.routes[{index}].name", f"routes[{index}].route"


def _spec(request: pb.AddUpstreamRequest) -> Iterator[tuple[str, Any]]:
    if request.hosts:
        yield "hosts", [_host(each) for each in request.hosts]
    if request.HasField("service"):
        yield "service", _service(request.service)
    if request.weight:
        yield "weight", request.weight
    if request.HasField("base_weight"):
        yield "baseWeight", request.base_weight
    if request.routes:
        yield "routes", [_route(each) for each in request.routes]
    if request.HasField("cluster"):
        try:
            yield "cluster", structs.to_json(request.cluster)
        except structs.Unsayable as error:
            raise Refused.bad_request([(f"cluster.{show_path(error.path)}", error.message)]) from None
    if request.workload_labels:
        yield "workloadSelector", {"labels": dict(request.workload_labels)}


def _host(host: pb.Host) -> dict[str, Any]:
    return {"address": host.address, "port": host.port, **({"weight": host.weight} if host.weight else {})}


def _service(service: pb.ServicePort) -> dict[str, Any]:
    port: str | int = int(service.port) if service.port.isascii() and service.port.isdigit() else service.port
    return {
        "name": service.name,
        "port": port,
        **({"namespace": service.namespace} if service.namespace else {}),
    }


def _route(route: pb.RouteReference) -> dict[str, str]:
    said = {
        "configuration": route.configuration,
        "virtualHost": route.virtual_host,
        "name": route.route,
        "cluster": route.cluster,
    }
    return {key: value for key, value in said.items() if value}
