"""VirtualServices for the tests of what they become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from legation.model.cluster import ReadyPod
from legation.model.objects import FieldPath, ManifestObject
from legation.translate.base import Selection, Translation
from legation.translate.virtual_service import STEP
from tests.manifests import manifest

API_VERSION = "servicemesh.l7mp.io/v1"
CLUSTER_PATH: FieldPath = ("spec", "listeners", 0, "udp", "cluster")


def virtual_service(*listeners: Any, name: str = "call-1", **fields: Any) -> ManifestObject:
    """Return one for the Envoys with `app: edge` in the namespace `media`."""
    spec = {"selector": {"app": "edge"}, "listeners": list(listeners), **fields}
    return manifest("VirtualService", name, api_version=API_VERSION, namespace="media", spec=spec)


def listener(name: str = "rtp", *, carrier: str = "udp", **fields: Any) -> dict[str, Any]:
    """Return a listener; a field that is None is not there."""
    return {"name": name, carrier: without({"port": 2000, "cluster": cluster(), **fields})}


def cluster(name: str = "rtp-c", **fields: Any) -> dict[str, Any]:
    """Return the cluster of a listener; a field that is None is not there."""
    plain = {"name": name, "service_discovery": "strictdns", "hash_key": "call-1", "endpoints": [at("127.0.0.1")]}
    return without({**plain, **fields})


def at(address: str, **fields: Any) -> dict[str, Any]:
    """Return an endpoint with an address."""
    return without({"name": "one", "host": {"address": address}, "port": 1234, **fields})


def of(*, labels: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Return an endpoint that is Pods."""
    host = {"selector": {"app": "worker"} if labels is None else labels}
    return without({"name": "workers", "host": host, "port": 1234, **fields})


def without(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def pod(address: str, *, name: str = "") -> ReadyPod:
    return ReadyPod(name=name or address, address=address)


def translated(*listeners: Any) -> Translation:
    """Return what becomes of listeners in which nothing is wrong."""
    translation = STEP.translate(virtual_service(*listeners))
    assert not translation.problems
    return translation


def json_of(translation: Translation, kind: str) -> list[Any]:
    """Return the resources of that type, such as `Cluster`, that do not depend on Pods."""
    return [each.json for each in translation.drafts if each.json["@type"].endswith(f".{kind}")]


def wrong(*listeners: Any) -> list[tuple[str, FieldPath]]:
    """Return the code and the place of all that is wrong, below `spec.listeners`; nothing must be made of it."""
    translation = STEP.translate(virtual_service(*listeners))
    assert not translation.drafts
    assert not translation.selections
    assert all(each.path[:2] == ("spec", "listeners") for each in translation.problems)
    return [(each.code, each.path[2:]) for each in translation.problems]


def selection(*endpoints: Any, carrier: str = "udp", **fields: Any) -> Selection:
    """Return what is made of Pods."""
    (found,) = translated(listener(carrier=carrier, cluster=cluster(endpoints=list(endpoints), **fields))).selections
    return found


def placed(of_selection: Selection, *pods: Sequence[ReadyPod]) -> list[str]:
    """Return the hosts, each as `address:port`."""
    json = of_selection.draft([tuple(each) for each in pods]).json
    return [
        f"{each['endpoint']['address']['socket_address']['address']}:"
        f"{each['endpoint']['address']['socket_address']['port_value']}"
        for locality in json["endpoints"]
        for each in locality["lb_endpoints"]
    ]
