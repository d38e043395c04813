"""The container of a sidecar, as its Pod gets it. Pure.

It is an init container that goes on running: the kubelet starts it before all others, waits until it is ready, and ends
it when they have ended. All that it is told stands in its arguments; whom it trusts, and what it proves who it is by,
stands in a volume, because both change while it runs. Who it is the kubelet fills in, because the name of a Pod may not
be known when it is admitted.

The one invariant: nothing that Envoy's bootstrap says is taken for a variable by the kubelet, but the Pod's address.

Sources: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/,
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, cast

from legation.api.injection.volumes import mounts
from legation.api.injection.wishes import EXEC, LONGEST, NONE, Resources, Wishes
from legation.envoy.bootstrap import bootstrap
from legation.envoy.trust import Auth, Trust
from legation.envoy.types import HTTP_MANAGER, TYPE_KEY
from legation.model.resource_types import TYPE_URL_PREFIX

NAME = "envoy"
READY = "/ready"
_OWN_ADDRESS = "100::1e9a:7104"
"""Stands for the Pod's address: one at which nobody can be (RFC 6666)."""
_LISTENER = "legation_ready"
_HEALTH = "envoy.extensions.filters.http.health_check.v3.HealthCheck"
_LIMIT = "envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit"
_ANSWERED = "2s"
"""The kubelet asks by a new connection each time, and waits so long."""
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_START_PATIENCE = 600
"""Seconds without a configuration until the kubelet starts Envoy anew."""


def sidecar_bootstrap(wishes: Wishes) -> dict[str, Any]:
    """Return the bootstrap of a sidecar before anything is merged over it, without who it is."""
    name = wishes.server_name or wishes.xds[0]
    trust = Trust(server_name=name, auth=cast("Auth", wishes.auth)) if wishes.tls else None
    made = bootstrap(node_id="", xds_address=wishes.xds, admin_port=wishes.admin_port, trust=trust)
    # Who it is stands on the command line.
    del made["node"]
    if isinstance(wishes.wait, float):
        for each in ("cds_config", "lds_config"):
            # Envoy waits for clusters first, and then for listeners.
            made["dynamic_resources"][each]["initial_fetch_timeout"] = f"{wishes.wait / 2:.3f}s"
    made["static_resources"]["listeners"] = [_ready_listener(wishes.ready_port)]
    return made


def container(wishes: Wishes, *, bootstrap: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container.

    Args:
        wishes: What it is to be.
        bootstrap: What Envoy starts with.
        labels: Those of the Pod.

    Raises:
        ValueError: The bootstrap is too long for an argument.
    """
    told = json.dumps(bootstrap, ensure_ascii=False, separators=(",", ":"))
    told = told.replace("$", "$$").replace(f'"{_OWN_ADDRESS}"', '"$(POD_IP)"')
    if len(told.encode()) > LONGEST:
        raise ValueError(f"the bootstrap is longer than {LONGEST} bytes")
    probe = {"httpGet": {"path": READY, "port": wishes.ready_port}, "periodSeconds": 2, "timeoutSeconds": 2}
    user = wishes.run_as_user
    starting = {**probe, "periodSeconds": 1, "failureThreshold": _START_PATIENCE}
    return {
        "name": NAME,
        "image": wishes.image,
        "restartPolicy": "Always",
        "args": [
            *("--config-yaml", told),
            *("--service-node", "$(POD_NAME).$(POD_NAMESPACE)"),
            *("--service-cluster", wishes.cluster or f"{_application(labels)}.$(POD_NAMESPACE)"),
            *("--log-level", wishes.log_level),
            *(("--component-log-level", wishes.component_levels) if wishes.component_levels else ()),
            *("--concurrency", str(wishes.concurrency)),
            # Who is to go to another one is told so by the next answer, and not some time within ten minutes.
            *("--drain-strategy", "immediate"),
            # It would want to write to memory that Envoys of one machine share.
            "--disable-hot-restart",
        ],
        "env": [
            _variable("POD_NAME", "metadata.name"),
            _variable("POD_NAMESPACE", "metadata.namespace"),
            _variable("POD_IP", "status.podIP"),
        ],
        **({"ports": _ports(wishes)} if wishes.ports else {}),
        **({"volumeMounts": mounts(wishes)} if wishes.tls else {}),
        **({} if wishes.wait == NONE else {"startupProbe": starting}),
        "readinessProbe": {**probe, "failureThreshold": 3},
        **_lifecycle(wishes),
        "resources": _resources(wishes.resources),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            **({} if user is None else {"runAsUser": user, "runAsGroup": user}),
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _ready_listener(port: int) -> dict[str, Any]:
    """Return a listener that says over the network whether Envoy is ready, and nothing else.

    Envoy takes connections of static listeners only once it has its first clusters and listeners. `/healthcheck/fail`
    of the admin page makes it say no. It is at the Pod's own address, where the kubelet asks, of whichever family, and
    so may anybody else: nobody can make it hold much. Who says nothing leaves, and so does who says much.
    """
    manager = {
        TYPE_KEY: TYPE_URL_PREFIX + HTTP_MANAGER,
        "stat_prefix": _LISTENER,
        "codec_type": "HTTP1",
        "max_request_headers_kb": 1,
        "request_headers_timeout": _ANSWERED,
        "request_timeout": _ANSWERED,
        "stream_idle_timeout": _ANSWERED,
        "common_http_protocol_options": {
            "idle_timeout": _ANSWERED,
            "max_connection_duration": _ANSWERED,
            "max_headers_count": 30,
        },
        "route_config": {"name": _LISTENER},
        "http_filters": [
            {
                "name": "envoy.filters.http.health_check",
                "typed_config": {
                    TYPE_KEY: TYPE_URL_PREFIX + _HEALTH,
                    "pass_through_mode": False,
                    "headers": [{"name": ":path", "string_match": {"exact": READY}}],
                },
            },
            {"name": "envoy.filters.http.router", "typed_config": {TYPE_KEY: TYPE_URL_PREFIX + _ROUTER}},
        ],
    }
    return {
        "name": _LISTENER,
        "address": {"socket_address": {"address": _OWN_ADDRESS, "port_value": port}},
        # The kubelet is answered when the limit of connections is reached, too.
        "ignore_global_conn_limit": True,
        "per_connection_buffer_limit_bytes": 4096,
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.connection_limit",
                        "typed_config": {
                            TYPE_KEY: TYPE_URL_PREFIX + _LIMIT,
                            "stat_prefix": _LISTENER,
                            "max_connections": 1000,
                        },
                    },
                    {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
                ],
            }
        ],
    }


def _lifecycle(wishes: Wishes) -> dict[str, Any]:
    """Return what is done when the Pod begins to end, while the other containers still need their Envoy.

    The kubelet does it at once, and ends Envoy only when they have ended. Envoy then asks its clients to come back by
    new connections, and goes on taking these.
    """
    if wishes.drain == NONE:
        return {}
    if wishes.drain != EXEC:
        return {"lifecycle": {"preStop": {"sleep": {"seconds": math.ceil(float(wishes.drain))}}}}
    request = (
        "POST /drain_listeners?graceful&skip_exit HTTP/1.1\\r\\nHost: envoy\\r\\n"
        "Content-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"
    )
    script = f"exec 3<>/dev/tcp/127.0.0.1/{wishes.admin_port} && printf '{request}' >&3 && read -r -t 5 <&3"
    return {"lifecycle": {"preStop": {"exec": {"command": ["bash", "-c", script]}}}}


def _variable(name: str, field: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}


def _ports(wishes: Wishes) -> list[dict[str, Any]]:
    return [
        {**({"name": each.name} if each.name else {}), "containerPort": each.number, "protocol": each.protocol}
        for each in wishes.ports
    ]


def _resources(found: Resources) -> dict[str, Any]:
    requests = {"cpu": found.cpu_request, "memory": found.memory_request}
    limits = {"cpu": found.cpu_limit, "memory": found.memory_limit}
    by_name = {"requests": requests, "limits": limits}
    told = {name: {key: value for key, value in each.items() if value} for name, each in by_name.items()}
    return {name: each for name, each in told.items() if each}


def _application(labels: Mapping[str, Any]) -> str:
    for name in ("app.kubernetes.io/name", "app"):
        if labels.get(name):
            return str(labels[name])
    return "sidecar"
