"""What it takes to reach an API server, as one frozen value.

It knows nothing of where that was told: a kubeconfig, a Pod's own files, a program. It reads no file; where a value
names one, whoever uses the value reads it, again when it changes. No representation of it shows a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from legation.tls.pem import NONE, Pem


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecPlugin:
    """A program that logs a user in.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """

    api_version: str
    """`client.authentication.k8s.io/v1`, or v1beta1."""
    command: str
    """A path, or a name that is looked up in PATH."""
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Added to the environment of this program."""
    install_hint: str = ""
    """What to tell a person when there is no such program."""
    cluster_info: str = field(default="", repr=False)
    """What the plugin wants to know of the cluster, as JSON; empty if it did not ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who one is for the API server. Nobody, if all is empty."""

    token: str = field(default="", repr=False)
    token_file: str = ""
    """Wins over the token once it can be read."""
    token_may_lack: bool = False
    """Whether one asks as nobody as long as there is no token in the file."""
    username: str = ""
    password: str = field(default="", repr=False)
    certificate: Pem = NONE
    key: Pem = NONE
    """Of the certificate."""
    plugin: ExecPlugin | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Whom to act as: `Impersonate-User` and its fellows."""


NOBODY = User()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One API server, and who one is for it."""

    server: str
    """`https://host:port`, perhaps with a path."""
    authority: Pem = NONE
    """Who may sign the server's certificate; those that the machine trusts if it is empty."""
    insecure: bool = False
    """Whether anybody may claim to be the server."""
    tls_server_name: str = ""
    """The name in the server's certificate, if it is not that of the address."""
    proxy: str = field(default="", repr=False)
    """`http://host:port` or `https://host:port`, perhaps with a user; if empty, none, whatever the environment says."""
    user: User = NOBODY
    namespace: str = "default"
    """Where one is if nothing else is said."""
