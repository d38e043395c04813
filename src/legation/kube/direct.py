"""A Connection from an address, the file of a token and little else: for programs with flags and no kubeconfig.

It knows what is tried if nothing is said: the token and the cluster's own CA where Kubernetes mounts them. It reads no
file: whoever uses the token and the CA reads them, and reads them again when they have changed.

Who may sign the server's certificate is one answer, never a mixture of two: whoever may sign gets to see the token.

1. `insecure`: anybody.
2. `SSL_CERT_FILE` in the environment: who is named there. So a server with a certificate from elsewhere is trusted in a
   Pod, too; programs in Go know the variable as well.
3. The cluster's CA, if it is mounted.
4. Whom the machine trusts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from legation.errors import KubeConfigError
from legation.kube.connection import Connection, User
from legation.kube.credentials import is_token
from legation.kube.in_cluster import SERVICE_ACCOUNT
from legation.kube.proxies import environment_proxy
from legation.kube.urls import server_fault
from legation.small_files import why
from legation.tls.pem import NONE, Pem

TOKEN_FILE = str(SERVICE_ACCOUNT / "token")
CA_FILE = str(SERVICE_ACCOUNT / "ca.crt")
_NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})


def connection(
    *,
    server: str,
    token_file: str = TOKEN_FILE,
    insecure: bool = False,
    ca_file: str = CA_FILE,
    environment: Mapping[str, str] = _NO_ENVIRONMENT,
) -> Connection:
    """Return the connection.

    Args:
        server: The address: `https://kubernetes.default`, `http://127.0.0.1:8001`; a slash at its end does no harm.
        token_file: Where the token is. While it cannot be read, one asks as nobody; it is tried anew each time.
        insecure: Whether anybody may claim to be the server.
        ca_file: The cluster's CA, if it is there.
        environment: Where `SSL_CERT_FILE` and the proxies are told that hold for everything.

    Raises:
        KubeConfigError: The address, or that of the proxy, is none.
    """
    server = server.rstrip("/")
    if fault := server_fault(server):
        raise KubeConfigError(f"the address of the API server: {fault}")
    # Over plain HTTP nobody shows a certificate: kubectl proxy does not have to wait for a CA that can be read.
    trusts = not insecure and server.startswith("https:")
    return Connection(
        server=server,
        authority=_authority(ca_file, environment) if trusts else NONE,
        insecure=insecure,
        proxy=environment_proxy(environment, server=server),
        user=User(token_file=token_file, token_may_lack=True),
    )


def token_fault(token_file: str) -> str:
    """Return why there is no token in a file at this moment, to warn of it; empty if there is one."""
    try:
        content = Path(token_file).read_bytes()
    except OSError as error:
        return f"{token_file}: the token cannot be read: {why(error)}"
    if not content.strip():
        return f"{token_file}: there is no token in it"
    if not is_token(content.decode(errors="replace").strip()):
        return f"{token_file}: what stands there is no token: a token is one word of ASCII characters"
    return ""


def _authority(ca_file: str, environment: Mapping[str, str]) -> Pem:
    if chosen := environment.get("SSL_CERT_FILE", ""):
        return Pem(file=chosen)
    return Pem(file=ca_file) if ca_file and Path(ca_file).exists() else NONE
