"""The chart envoy-files, rendered, and what is looked at in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.admin import Admin, Object
from tests.cluster.chart import the

CHART = Path(__file__).parents[2] / "deploy" / "helm" / "envoy-files"
RELEASE = "edge"
Values = dict[str, Any]

PODINFO: Values = {
    "upstreams": {
        "podinfo": {
            "smi": {"enabled": True},
            "backends": {
                "eerie-octopus-podinfo": {"port": 9898, "weight": 100, "http2": {"enabled": True}},
                "bold-olm.podinfo": {
                    "port": 9898,
                    "weight": 0,
                    "request_headers_to_add": [{"header": {"key": "x-cluster-id", "value": "123"}}],
                },
            },
        }
    }
}
"""The example of crossover: one upstream whose weights a TrafficSplit sets."""

SEVERAL: Values = {
    "upstreams": {
        "web": {"backends": {"web": {"port": 80, "weight": 3}, "web-canary": {"port": 80, "weight": 1}}},
        "api": {
            "smi": {"enabled": True},
            "domains": ["api", "api.*"],
            "backends": {"api": {"port": 80, "weight": 1}, "shared": {"port": 81, "weight": 2}},
        },
        "old": {
            "smi": {"enabled": True, "trafficSplit": "old-apex"},
            "domains": ["old.example"],
            "backends": {"shared": {"port": 81, "weight": 1}},
        },
    }
}
"""Three upstreams, two of them with TrafficSplits, two with a backend in common."""
SEVERAL["upstreams"]["web"]["domains"] = ["*"]


def rendered(helm: Path, namespace: str, *values: Values, flags: tuple[str, ...] = ()) -> list[Object]:
    """Return the objects of the release; later values win.

    Raises:
        ValueError: They are refused; in Helm's words.
    """
    merged: Values = {}
    for each in values:
        merged |= each
    command: list[str | Path] = [helm, "template", RELEASE, CHART, "--namespace", namespace, "--values", "-", *flags]
    done = subprocess.run(command, input=json.dumps(merged), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return [each for each in yaml.safe_load_all(done.stdout) if each]


def named(objects: list[Object], kind: str, name: str) -> Object:
    """Return the one of a kind that has this name."""
    (found,) = (each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return found


def pod_of(objects: list[Object]) -> Object:
    """Return the spec of the Pods."""
    spec: Object = the(objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def bootstrap_of(objects: list[Object]) -> str:
    """Return what Envoy starts with."""
    return str(named(objects, "ConfigMap", f"{RELEASE}-envoy")["data"]["envoy.yaml"])


def routes_of(objects: list[Object]) -> str:
    """Return the file of routes."""
    return str(named(objects, "ConfigMap", f"{RELEASE}-envoy-xds")["data"]["rds.yaml"])


Rights = dict[tuple[str, str, tuple[str, ...]], set[str]]
"""Verbs by group, resource and names of objects; no names are all of them."""


def rights_of(user: Admin, namespace: str) -> Rights:
    """Return what a user may do in a namespace, without what everybody may do."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    answer = user._ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json=review)["status"]
    found: Rights = {}
    for rule in answer["resourceRules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource, tuple(rule.get("resourceNames", ()))), set()).update(rule["verbs"])
    return {key: verbs for key, verbs in found.items() if not key[0].endswith("k8s.io")}
