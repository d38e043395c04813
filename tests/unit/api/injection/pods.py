"""Pods, and what is made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from legation.api.injection.injecting import Injected, inject

DEFAULTS = {"xds": "legation.home.svc:18000"}


def pod(*, annotations: Mapping[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """Return a Pod with one container; annotations are named without the prefix."""
    told = {f"legation.dev/{name}": value for name, value in (annotations or {}).items()}
    return {
        "metadata": {"generateName": "web-", "labels": {"app": "web"}, **({"annotations": told} if told else {})},
        "spec": {"containers": [{"name": "web", "image": "web"}], **spec},
    }


def injected(found: Mapping[str, Any], **options: Any) -> Injected:
    """Return it with its sidecar, by the usual defaults."""
    return inject(found, defaults=DEFAULTS, **options)


def sidecar(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sidecar that a Pod is given, which must be the first of its init containers."""
    made = injected(found)
    first = made.pod["spec"]["initContainers"][0]
    assert first["name"] == "envoy"
    return dict(first)


def bootstrap(container: Mapping[str, Any]) -> Any:
    """Return what its Envoy starts with, the variables of the kubelet as they stand."""
    args = container["args"]
    return json.loads(args[args.index("--config-yaml") + 1])
