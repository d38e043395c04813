"""The objects that the measured cluster holds, as JSON of Kubernetes."""

from __future__ import annotations

from typing import Any, TypeAlias

from bench import manifests
from bench.cluster import NAMESPACE
from bench.manifests import Config

Object: TypeAlias = dict[str, Any]

PODS = f"api/v1/namespaces/{NAMESPACE}/pods"
SERVICES = f"api/v1/namespaces/{NAMESPACE}/services"
SLICES = f"apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
CLUSTERS = f"apis/bootes.io/v1/namespaces/{NAMESPACE}/clusters"
LISTENERS = f"apis/bootes.io/v1/namespaces/{NAMESPACE}/listeners"
ROUTES = f"apis/bootes.io/v1/namespaces/{NAMESPACE}/routes"

SERVICE = "big"
EDS_NAME = f"{NAMESPACE}/{SERVICE}:http"
SLICE = f"{SERVICE}-0"

_LAST_OCTETS = 100
"""Those of marked addresses have three digits, from 100: none is the beginning of another one."""


def pod_name(number: int) -> str:
    """Return the name of the Pod with that number: the load client's node ids begin with it."""
    return f"node-{number:05}"


def pod(number: int) -> Object:
    """Return a Pod of common size that runs, with an Envoy beside its program."""
    address = f"10.{100 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    name = pod_name(number)
    conditions = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
    since = "2026-01-01T00:00:00Z"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {"app": "shop", "tier": "front", "pod-template-hash": "6b9f8d7c5d", "number": str(number % 100)},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9090", "checksum/config": "0" * 64},
        },
        "spec": {
            "nodeName": f"machine-{number % 100}",
            "containers": [_container("shop", 8080), _container("envoy", 9901)],
            "volumes": [
                {"name": "config", "configMap": {"name": "shop"}},
                {"name": "cache", "emptyDir": {}},
            ],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
        },
        "status": {
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "hostIP": f"10.0.0.{number % 100}",
            "startTime": since,
            "conditions": [{"type": each, "status": "True", "lastTransitionTime": since} for each in conditions],
            "containerStatuses": [_container_status(each, name) for each in ("shop", "envoy")],
        },
    }


def _container(name: str, port: int) -> Object:
    probe = {"httpGet": {"path": "/ready", "port": port}, "periodSeconds": 10}
    return {
        "name": name,
        "image": f"registry.example.com/team/{name}:v1.2.3",
        "ports": [{"containerPort": port, "name": "http"}],
        "env": [{"name": f"VARIABLE_{each}", "value": f"value-{each}"} for each in range(6)],
        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "volumeMounts": [{"name": "config", "mountPath": "/etc/shop"}, {"name": "cache", "mountPath": "/cache"}],
    }


def _container_status(name: str, pod: str) -> Object:
    return {
        "name": name,
        "ready": True,
        "restartCount": 0,
        "image": f"registry.example.com/team/{name}:v1.2.3",
        "imageID": f"registry.example.com/team/{name}@sha256:{'0' * 64}",
        "containerID": f"containerd://{pod}-{name}",
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
    }


def relabelled(mark: str) -> Object:
    """Return a change of a label that no selector mentions."""
    return {"metadata": {"labels": {"revision": mark}}}


def meaningless(mark: str) -> Object:
    """Return a change of a Pod's status that means nothing for its Envoy."""
    return {"status": {"conditions": [{"type": "Ready", "status": "True", "message": mark}]}}


def raw(kind: str, config: Config, selector: dict[str, str] | None = None) -> Object:
    """Return an object of bootes.io."""
    spec: Object = {"config": config}
    if selector is not None:
        spec["workloadSelector"] = {"labels": selector}
    return {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": {"name": config["name"]}, "spec": spec}


def clusters(numbers: range) -> list[Object]:
    """Return clusters for every Envoy."""
    return [raw("Cluster", manifests.cluster(number, endpoints=False)) for number in numbers]


def of_service() -> Object:
    """Return the cluster whose endpoints are those of the Service."""
    config = manifests.cluster(0, endpoints=True)
    config["eds_cluster_config"]["service_name"] = EDS_NAME
    return raw("Cluster", config)


def marked(mark: str) -> Object:
    """Return the change of a cluster by which it has that mark."""
    return {"spec": {"config": {"alt_stat_name": mark}}}


def service() -> Object:
    """Return the Service."""
    port = {"name": "http", "port": 80, "targetPort": 8080}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE}, "spec": {"ports": [port]}}


def endpoint_slice(endpoints: int) -> Object:
    """Return the slice of the Service."""
    ready = {"ready": True, "serving": True, "terminating": False}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": SLICE, "labels": {"kubernetes.io/service-name": SERVICE}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [
            {
                "addresses": [f"10.1.{number >> 8}.{number & 255}"],
                "conditions": ready,
                "nodeName": f"machine-{number % 100}",
                "zone": f"zone-{number % 3}",
                "targetRef": {
                    "kind": "Pod",
                    "name": f"backend-{number:05}",
                    "namespace": NAMESPACE,
                    "uid": f"00000000-0000-0000-0000-{number:012}",
                },
            }
            for number in range(endpoints)
        ],
    }


def moved(number: int, endpoints: int) -> list[Object]:
    """Return the change by which one endpoint of the slice gets an address that none had before."""
    high, low = divmod(number, _LAST_OCTETS)
    path = f"/endpoints/{number % endpoints}/addresses/0"
    return [{"op": "replace", "path": path, "value": f"10.2.{_LAST_OCTETS + high}.{_LAST_OCTETS + low}"}]
