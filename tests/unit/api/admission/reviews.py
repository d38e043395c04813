"""AdmissionReviews as the API server writes them."""

from __future__ import annotations

import json
from typing import Any

from legation.api.admission.review import Request, read_review


def cluster(name: str = "web", *, metadata: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    """Return a bootes.io Cluster as the API server would store it."""
    return {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": {"name": name, "namespace": "shop", "uid": "u1", **(metadata or {})},
        "spec": {"config": {"name": name, **config}},
    }


def good(name: str = "web", **others: Any) -> dict[str, Any]:
    """Return one that nobody has anything to say of."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    return cluster(name, type="STATIC", connect_timeout="1s", load_assignment=assignment, **others)


def review(
    value: dict[str, Any] | None, before: dict[str, Any] | None = None, *, operation: str = "", **request: Any
) -> bytes:
    """Return what the API server asks when an object is to be stored in place of another one, or of none."""
    shown = value or before or {}
    group, _, version = shown["apiVersion"].rpartition("/")
    asked = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": group, "version": version, "kind": shown["kind"]},
        "resource": {"group": group, "version": version, "resource": shown["kind"].lower() + "s"},
        "name": shown["metadata"]["name"],
        "namespace": shown["metadata"]["namespace"],
        "operation": operation or ("CREATE" if before is None else "UPDATE" if value else "DELETE"),
        "userInfo": {"username": "admin", "groups": ["system:masters"]},
        "object": value,
        "oldObject": before,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **request,
    }
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": asked}).encode()


def request(value: dict[str, Any] | None, before: dict[str, Any] | None = None, **others: Any) -> Request:
    """Return the same, read."""
    return read_review(review(value, before, **others))
