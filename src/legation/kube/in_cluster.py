"""A Connection from what Kubernetes gives to a Pod: two variables and a folder.

It knows their names. It reads the namespace alone; token and certificate are read, and read again, by who uses them.

Source: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from legation.errors import KubeConfigError
from legation.kube.connection import Connection, User
from legation.kube.proxies import environment_proxy
from legation.small_files import why
from legation.tls.pem import Pem

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def inside(environment: Mapping[str, str]) -> bool:
    """Say whether this runs in a Pod."""
    return bool(environment.get("KUBERNETES_SERVICE_HOST") and environment.get("KUBERNETES_SERVICE_PORT"))


def load(*, environment: Mapping[str, str], folder: Path = SERVICE_ACCOUNT) -> Connection:
    """Return the connection of a Pod.

    Args:
        environment: Where the address is told, and the proxies that hold for everything.
        folder: Where the token is.

    Raises:
        KubeConfigError: This is no Pod, or it may not speak to the API server.
    """
    if not inside(environment):
        raise KubeConfigError(
            "KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT: they are not set, so this is no Pod; give a kubeconfig"
        )
    host, port = environment["KUBERNETES_SERVICE_HOST"], environment["KUBERNETES_SERVICE_PORT"]
    for name in ("token", "ca.crt"):
        _read(folder / name)
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    return Connection(
        server=server,
        authority=Pem(file=str(folder / "ca.crt")),
        user=User(token_file=str(folder / "token")),
        proxy=environment_proxy(environment, server=server),
        namespace=_namespace(folder / "namespace"),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        mend = "set automountServiceAccountToken to true, or mount a token there"
        raise KubeConfigError(f"{path}: it cannot be read: {why(error)}; {mend}") from error


def _namespace(path: Path) -> str:
    # A token that was mounted by hand may have come without it.
    return (_read(path).decode(errors="replace").strip() if path.exists() else "") or "default"
