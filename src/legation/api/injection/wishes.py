"""What a sidecar is to be: values.

They refuse to know how somebody says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FOREVER, NONE, EXEC = "forever", "none", "exec"
ENABLED, DISABLED = "enabled", "disabled"
TOKEN = "token"  # noqa: S105 - a word
IMAGE = "envoyproxy/envoy:v1.40.0"
"""Of Envoy's own project, with a shell, which the drain needs."""


LONGEST = 120_000
"""Bytes of a bootstrap: Linux takes 131,072 for one argument."""
METADATA = ("169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "metadata.google.internal")
"""Where programs ask the machine's owner who they are, of several clouds; nobody else is to hear the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a container asks for and may have at most, as quantities; empty: nothing is said."""

    cpu_request: str = "50m"
    memory_request: str = "128Mi"
    cpu_limit: str = ""
    memory_limit: str = "256Mi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A port that a container says it has."""

    number: int
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a sidecar is to be."""

    xds: tuple[str, int]
    """Host and port of the control plane, as the Pod reaches it."""
    image: str = IMAGE
    resources: Resources = field(default_factory=Resources)
    ports: tuple[Port, ...] = ()
    log_level: str = "info"
    component_levels: str = ""
    concurrency: int = 2
    bootstrap: Mapping[str, Any] | None = None
    """What is merged over the bootstrap."""
    admin_port: int = 9901
    ready_port: int = 9902
    drain: str | float = EXEC
    """`exec`: as Envoy's admin page does it; `none`; or seconds to sleep."""
    wait: str | float = FOREVER
    """How long the Pod's other containers wait for Envoy's configuration: `forever`, `none`, or seconds at most."""
    http_proxy: int | None = None
    """The port of a listener that the other containers are told to send their requests to."""
    no_proxy: str = ",".join(("localhost", "127.0.0.1", "::1", *METADATA))
    cluster: str = ""
    """The group of Envoys that it says it belongs to; empty: what the Pod's labels say."""
    run_as_user: int | None = 65_532
    """Its user, who is anybody but root; None: whom the rules of the cluster choose."""
    host_network: bool = False
    """Whether a Pod of the host's network is given one, too."""
    tls: bool = True
    """Whether it speaks to the control plane by TLS, and sees whether that is the right one."""
    server_name: str = ""
    """Whose certificate the control plane has to show; empty: the host in `xds`."""
    ca_config_map: str = "legation-ca"
    """The ConfigMap, in the Pod's namespace, that says who may sign that certificate."""
    auth: str = TOKEN
    """How it proves who it is: by a `token` of its Pod's service account, or `none`: not at all."""
    token_audience: str = "legation"  # noqa: S105 - whom it is for
    """Whom that token is for: nobody else takes it."""
