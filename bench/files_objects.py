"""What those who write files are given: the objects of `deploy/examples/sync.yaml`, each time in another namespace.

The example's ServiceAccount may read its ConfigMap by name, and TrafficSplits. One that stands for the original
program may do more: it writes ConfigMaps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from bench.changing import Change
from bench.cluster import JSON_PATCH, MERGE_PATCH
from bench.cluster_objects import Object
from legation.translate.traffic_split import ROUTE_GROUP, SPLIT, VERSIONS
from tests.cluster import smi
from tests.cluster.admin import reference

ACCOUNT = "edge"
CONFIG_MAP = "edge-xds"
TRAFFIC_SPLIT = "web"
ROUTES = "rds.yaml"
LARGE = "cds.yaml"
"""The file that is large, where one is."""
_EXAMPLE = Path(__file__).parents[1] / "deploy" / "examples" / "sync.yaml"
_SPLITS = f"{SPLIT.group}/v1alpha2"
_WRITTEN = "weight: 100\n"
"""In the example's routes."""
_TIMEOUT = "connect_timeout: 1.000s\n"


def definitions() -> list[Object]:
    """Return what tells the cluster that there are TrafficSplits."""
    return [smi.definition(kind, served=VERSIONS) for kind in (SPLIT, ROUTE_GROUP)]


def account(namespace: str, *, writes: bool) -> list[Object]:
    """Return the namespace, the ServiceAccount and what it may do."""
    every = [each for each in _example(namespace) if each["kind"] in {"ServiceAccount", "Role", "RoleBinding"}]
    for role in every:
        if role["kind"] == "Role" and writes:
            verbs = ["get", "list", "watch", "create", "update"]
            role["rules"].append({"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs})
    return [reference("v1", "Namespace", namespace), *every]


@cache
def files() -> Mapping[str, str]:
    """Return the files of the example."""
    config_maps = (each for each in _example("default") if each["kind"] == "ConfigMap")
    return MappingProxyType(next(each["data"] for each in config_maps if each["metadata"]["name"] == CONFIG_MAP))


def large(size: int) -> Mapping[str, str]:
    """Return files of that size together: one of clusters, as large as it may be, and the routes."""
    small = {ROUTES: files()[ROUTES]}
    left = size - sum(len(each.encode()) for each in small.values()) - len(_HEAD)
    count = left // len(_cluster(0))
    return small | {LARGE: _HEAD + "".join(map(_cluster, range(count)))}


def config_map(data: Mapping[str, str]) -> Object:
    """Return the ConfigMap with these files."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CONFIG_MAP}, "data": {**data}}


def traffic_split() -> Object:
    """Return a TrafficSplit for the routes of the example, with the weights that stand there."""
    backends = [{"service": "web", "weight": 100}, {"service": "web-canary", "weight": 0}]
    spec = {"service": "web", "backends": backends}
    return {"apiVersion": _SPLITS, "kind": "TrafficSplit", "metadata": {"name": TRAFFIC_SPLIT}, "spec": spec}


def folder(namespace: str, plural: str) -> str:
    """Return the path of ConfigMaps or TrafficSplits there."""
    return f"{'api/v1' if plural == 'configmaps' else f'apis/{_SPLITS}'}/namespaces/{namespace}/{plural}"


def weight(number: int) -> int:
    """Return a weight that no other number gives, and that does not stand there at first."""
    return 1000 + number


def routes(number: int) -> str:
    """Return the routes with that weight, and every other byte as before."""
    return files()[ROUTES].replace(_WRITTEN, f"weight: {weight(number)}\n")


def clusters(text: str, number: int) -> str:
    """Return the large file with another timeout in its last cluster."""
    before, _, after = text.rpartition(_TIMEOUT)
    return f"{before}connect_timeout: 2.{number:03}s\n{after}"


def split_patched(namespace: str, number: int) -> Change:
    """Return the change by which the TrafficSplit, and then the routes, have that weight."""
    return Change(
        method="PATCH",
        path=f"{folder(namespace, 'trafficsplits')}/{TRAFFIC_SPLIT}",
        body=_json([{"op": "replace", "path": "/spec/backends/0/weight", "value": weight(number)}]),
        content_type=JSON_PATCH,
        file=ROUTES,
        content=routes(number).encode(),
    )


def config_map_patched(namespace: str, file: str, text: str) -> Change:
    """Return the change by which the ConfigMap has another text of a file."""
    return Change(
        method="PATCH",
        path=f"{folder(namespace, 'configmaps')}/{CONFIG_MAP}",
        body=_json({"data": {file: text}}),
        content_type=MERGE_PATCH,
        file=file,
        content=text.encode(),
    )


def config_map_replaced(namespace: str, data: Mapping[str, str], file: str, text: str) -> Change:
    """Return the change by which another ConfigMap stands there, of which one file has another text."""
    return Change(
        method="PUT",
        path=f"{folder(namespace, 'configmaps')}/{CONFIG_MAP}",
        body=_json(config_map({**data, file: text})),
        content_type="application/json",
        file=file,
        content=text.encode(),
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _example(namespace: str) -> list[Object]:
    return list(yaml.safe_load_all(_EXAMPLE.read_text().replace("namespace: default", f"namespace: {namespace}")))


_HEAD = "resources:\n"


def _cluster(number: int) -> str:
    return f"""\
  - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
    name: backend-{number:05}
    type: STRICT_DNS
    {_TIMEOUT.strip()}
    load_assignment:
      cluster_name: backend-{number:05}
      endpoints:
        - lb_endpoints:
            - endpoint:
                address:
                  socket_address:
                    address: backend-{number:05}
                    port_value: 80
"""
