"""Objects as the API server tells them, and what a watch makes of each for a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.cluster import NamespacedName
from legation.sources.kubernetes.base import Reader, Watched


def raw(value: Mapping[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def metadata(name: str, namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """What every object has, with all that nobody reads."""
    return {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-of-{name}",
        "resourceVersion": "7",
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}],
        "annotations": {"note": "x"},
        **more,
    }


def pod(name: str = "edge-1", *addresses: str, phase: str = "Running", **more: Any) -> dict[str, Any]:
    """A Pod as the API server tells it: with much that nobody needs here."""
    status: dict[str, Any] = {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]}
    if addresses:
        status |= {"podIP": addresses[0], "podIPs": [{"ip": each} for each in addresses]}
    return {"metadata": metadata(name, **more), "spec": {"containers": [{"name": "envoy"}]}, "status": status}


def service(name: str = "echo", *, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}]
    return {"metadata": metadata(name, namespace), "spec": {"ports": ports, "clusterIP": "10.96.0.1", **spec}}


def endpoint_slice(
    name: str = "echo-abc", *addresses: str, of: str | None = "echo", namespace: str = "shop", **more: Any
) -> dict[str, Any]:
    labels = {} if of is None else {"kubernetes.io/service-name": of}
    return {
        "metadata": metadata(name, namespace, labels=labels),
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses],
        **more,
    }


class Told:
    """Tells a reader what the API server holds, as a reflector does."""

    def __init__(self, reader: Reader) -> None:
        self._watched: Mapping[str, Watched] = {each.kind.kind: each for each in reader.watched}
        self._known: dict[tuple[str, NamespacedName], Any] = {}

    def put(self, kind: str, *values: Mapping[str, Any]) -> bool:
        """Tell of objects that are new or changed. Returns whether the reader says that this changes anything."""
        return self._watched[kind].take(list(self._puts(kind, values)))

    def gone(self, kind: str, name: str, namespace: str = "shop") -> bool:
        key = NamespacedName(namespace, name)
        return self._watched[kind].take([Gone(key, self._known.pop((kind, key), None))])

    def _puts(self, kind: str, values: tuple[Mapping[str, Any], ...]) -> Iterator[Put[Any]]:
        for value in values:
            key = NamespacedName(value["metadata"]["namespace"], value["metadata"]["name"])
            found = self._known[kind, key] = self._watched[kind].decode(raw(value))
            yield Put(key, found)
