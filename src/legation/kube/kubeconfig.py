"""A Connection from kubeconfig files: which context, which cluster, whom to trust.

It knows the fields of contexts and clusters, and the rules of kubectl. It opens no connection and starts no program.
Invariant: whatever is wrong is told with the file, the place in it and what to do, and without any value.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from legation.errors import KubeConfigError
from legation.kube.connection import Connection
from legation.kube.kubeconfig_fields import Fields
from legation.kube.kubeconfig_files import Kubeconfig, found
from legation.kube.kubeconfig_user import user
from legation.kube.proxies import environment_proxy
from legation.kube.urls import proxy_fault, server_fault
from legation.tls.pem import Pem

_EXEC_CONFIG = "client.authentication.k8s.io/exec"


def load(*, environment: Mapping[str, str], home: Path, path: str = "", context: str = "") -> Connection:
    """Return the connection that kubectl would use.

    Args:
        environment: Where `KUBECONFIG`, and the proxies that hold for the whole machine, are told.
        home: Where `.kube/config` is, which counts if nothing else is told.
        path: The one file to read, whatever the environment says; empty for what that says.
        context: Which context to use; empty for the current one.

    Raises:
        KubeConfigError: There is no file, or something in one does not fit.
    """
    config = found(environment=environment, home=home, path=path)
    name = context or config.current
    if not name:
        raise KubeConfigError(f"{config.place}: current-context: it is missing; {config.known('contexts')}")
    chosen = config.entry("contexts", name)
    if chosen is None:
        raise KubeConfigError(f"{config.place}: there is no context {name}; {config.known('contexts')}")
    cluster = _referred(config, chosen, "cluster")
    if cluster is None:
        raise chosen.wrong("cluster", f"it is missing; {config.known('clusters')}")
    connection = replace(
        _connection(cluster, environment=environment),
        namespace=chosen.text("namespace") or "default",
    )
    whose = _referred(config, chosen, "user")
    # As kubectl does it: what goes over the wire in the clear has no credentials in it.
    if whose is None or not connection.server.startswith("https:"):
        return connection
    return replace(connection, user=user(whose, cluster_info=_cluster_info(connection, cluster)))


def _referred(config: Kubeconfig, context: Fields, field: str) -> Fields | None:
    """Return the cluster or user that a context names, if it names one."""
    name, section = context.text(field), f"{field}s"
    if not name:
        return None
    entry = config.entry(section, name)
    if entry is None:
        raise context.wrong(field, f"there is no {field} {name}; {config.known(section)}")
    return entry


def _connection(cluster: Fields, *, environment: Mapping[str, str]) -> Connection:
    server = cluster.text("server").rstrip("/")
    if fault := server_fault(server):
        raise cluster.wrong("server", fault)
    insecure = cluster.flag("insecure-skip-tls-verify")
    authority = cluster.pem("certificate-authority")
    if insecure and authority:
        raise cluster.wrong(
            "insecure-skip-tls-verify", "it is true, and there is a certificate-authority to verify with; leave one"
        )
    proxy = cluster.text("proxy-url")
    if proxy and (fault := proxy_fault(proxy)):
        raise cluster.wrong("proxy-url", fault)
    return Connection(
        server=server,
        authority=authority,
        insecure=insecure,
        tls_server_name=cluster.text("tls-server-name"),
        proxy=proxy or environment_proxy(environment, server=server),
    )


def _cluster_info(connection: Connection, cluster: Fields) -> str:
    """Return what a plugin may be told of the cluster.

    Source: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/#client-authentication-k8s-io-v1-Cluster
    """
    info: dict[str, object] = {
        "server": connection.server,
        "tls-server-name": connection.tls_server_name,
        "insecure-skip-tls-verify": connection.insecure,
        "certificate-authority-data": base64.b64encode(_content(connection.authority)).decode(),
        "proxy-url": cluster.text("proxy-url"),
        "disable-compression": cluster.flag("disable-compression"),
    }
    told = {name: value for name, value in info.items() if value}
    for each in cluster.children("extensions"):
        if each.text("name") == _EXEC_CONFIG:
            told["config"] = each.raw("extension")
    try:
        return json.dumps(told)
    except (TypeError, ValueError):
        raise cluster.wrong("extensions", f"what it tells {_EXEC_CONFIG} cannot be said in JSON") from None


def _content(pem: Pem) -> bytes:
    return pem.data or (Path(pem.file).read_bytes() if pem.file else b"")
