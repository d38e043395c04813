"""The table of settings: all about a setting is in its field here.

Its default, how its value is read, and the one text that `--help` and the documentation print. Its names follow from
the field's: `xds_port` is `--xds-port`, `LEGATION_XDS_PORT`, and `xds_port:` in the file (inside its section, where it
has one).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from legation.errors import SettingsError
from legation.model.resource_types import ResourceType
from legation.settings import kinds

PREFIX = "LEGATION_"
"""What the variables begin with."""


def _setting(default: Any, kind: kinds.Kind, text: str) -> Any:
    """Return the field of a setting; Any, as `dataclasses.field` is: the annotation beside it tells the type."""
    return field(default=default, metadata={"kind": kind, "text": text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How changes are brought to Envoys: the section `delivery` of the file. Times are in seconds."""

    removal_grace: float = _setting(
        5.0, kinds.SECONDS, "How long a resource stays with an Envoy after the last one that named it has gone."
    )
    drain_grace: float = _setting(
        600.0, kinds.SECONDS, "The same, where a draining listener may still need it; not less than Envoy's drain time."
    )
    warming_timeout: float = _setting(
        20.0, kinds.SECONDS, "How long a resource waits at most for a cluster that it names to become warm."
    )
    addition_grace: float = _setting(
        0.1, kinds.SECONDS, "How long the same waits if the cluster's endpoints do not come over the same connection."
    )
    dangling_grace: float = _setting(
        0.25, kinds.SECONDS, "How long a change waits for a cluster that it newly names and that does not exist yet."
    )
    hold_missing: frozenset[ResourceType] = _setting(
        frozenset(), kinds.TYPES, "Types of which no Envoy is told that a resource it asked for does not exist."
    )
    resource_errors: frozenset[ResourceType] = _setting(
        frozenset(), kinds.TYPES, "Types of which clients in state of the world are told it, for gRPC with gRFC A88."
    )
    max_response_bytes: int = _setting(
        4_000_000, kinds.BYTES, "About how many bytes of resources go in one response; more go in several, if they can."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The Kubernetes cluster that objects come from: the section `cluster` of the file. Times are in seconds."""

    kubernetes: bool = _setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "Read objects, Pods and Services from a Kubernetes cluster: the one this runs in, or that of a kubeconfig.",
    )
    kubeconfig: Path | None = _setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The kubeconfig file; else KUBECONFIG, the Pod's own service account, or ~/.kube/config."
    )
    context: str | None = _setting(None, kinds.TEXT, "The context in the kubeconfig; else its current one.")
    namespaces: tuple[str, ...] = _setting((), kinds.NAMESPACES, "The namespaces that are read; all where none is.")
    selector: str | None = _setting(
        None, kinds.TEXT, "Labels of the objects that are read, such as team=edge; Pods and Services need none."
    )
    pod_wait: float = _setting(30.0, kinds.SECONDS, "How long an Envoy waits whose Pod is not known (yet).")
    peer_check: str = _setting(
        "pod", kinds.one_of("pod", "none"), "Whether an Envoy must connect from an address of its Pod."
    )
    secrets: bool = _setting(
        False,  # noqa: FBT003 - the default of a flag
        kinds.FLAG,
        "Read Secrets too, and deliver them by SDS; until the port has TLS, private keys travel in the clear.",
    )
    secret_namespaces: tuple[str, ...] = _setting(
        (), kinds.NAMESPACES, "The namespaces whose Secrets are read; else those that are read at all."
    )
    cross_namespace: str = _setting(
        "grants",
        kinds.one_of("grants", "allow"),
        "Who may use Services and Secrets of other namespaces: whom a ReferenceGrant there allows, or everybody.",
    )
    status: str = _setting(
        "auto",
        kinds.one_of("auto", "on", "off"),
        "Whether what became of objects is written into their status, and told by Events; auto is on in a Pod.",
    )
    lease: str = _setting("legation", kinds.NAME, "The Lease, in this Pod's namespace, whose holder writes status.")
    replica_service: str | None = _setting(
        None, kinds.NAME, "The headless Service, in this Pod's namespace, that the replicas find each other by."
    )
    replica_port: int = _setting(18003, kinds.PORT, "The port where replicas ask each other what their Envoys have.")
    replica_bind: str = _setting(kinds.LOCALHOST, kinds.HOST, "The address of that port; 0.0.0.0 or :: for replicas.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may be set for `legation serve`. Times are in seconds."""

    directory: Path | None = _setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The directory of manifests: every file below it is watched."
    )
    xds_port: int = _setting(18000, kinds.PORT, "The port where Envoys connect (gRPC).")
    xds_bind: str = _setting(
        kinds.LOCALHOST, kinds.HOST, "The address where Envoys connect: localhost is IPv4 and IPv6, 0.0.0.0 or :: all."
    )
    rest_port: int | None = _setting(
        None, kinds.PORT, "The port where Envoys connect that poll over REST; without it there is none."
    )
    rest_bind: str = _setting(kinds.LOCALHOST, kinds.HOST, "The address of that port.")
    rest_hold: float = _setting(
        30.0, kinds.SECONDS, "How long a poll without news is held at most, of a client that says that it waits."
    )
    rest_idle: float = _setting(
        60.0, kinds.SECONDS, "After how long without a poll a client is gone: longer than twice its refresh_delay."
    )
    first_answers: int = _setting(
        256, kinds.COUNT, "How many Envoys are given their first answer at a time; the others wait for their turn."
    )
    load_interval: float = _setting(
        10.0, kinds.PERIOD, "How often Envoys that report their load (LRS) are asked to; 1 second at least."
    )
    csds: bool = _setting(
        False,  # noqa: FBT003 - the default of a switch
        kinds.SWITCH,
        "Whether the ports of Envoys serve the client status service (CSDS), which shows what every Envoy gets.",
    )
    max_connection_age: float | None = _setting(
        None,
        kinds.PERIOD,
        "How long a connection of an Envoy lasts (give or take a tenth), so that replicas balance; else for ever.",
    )
    max_connection_age_grace: float = _setting(
        30.0,
        kinds.SECONDS,
        "How long its streams may go on after that; then they are ended, and the Envoy connects anew.",
    )
    admin_port: int = _setting(18001, kinds.PORT, "The port of the admin pages, which `legation proxies` asks.")
    admin_bind: str = _setting(
        kinds.LOCALHOST, kinds.LOOPBACK, "The address of the admin pages, always of this machine alone."
    )
    health_port: int = _setting(18002, kinds.PORT, "The port of /metrics, /healthz and /readyz.")
    health_bind: str = _setting(kinds.LOCALHOST, kinds.HOST, "The address of /metrics, /healthz and /readyz.")
    state_dir: Path | None = _setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A directory that keeps the last good version of every object across a restart."
    )
    shutdown_grace: float = _setting(
        10.0, kinds.SECONDS, "How long SIGTERM waits at most for Envoys to end their streams."
    )
    log_level: str = _setting(
        "info", kinds.one_of("debug", "info", "warning", "error"), "The lowest level that is logged."
    )
    log_format: str = _setting(
        "auto", kinds.one_of("auto", "console", "json"), "How the log is written; auto is console on a terminal."
    )
    delivery: Delivery = field(default_factory=Delivery)
    cluster: Cluster = field(default_factory=Cluster)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting as every surface shows it."""

    name: str
    kind: kinds.Kind
    default: Any
    text: str
    """One sentence for `--help` and the documentation."""
    section: str = ""
    """The section of the file that it stands in; empty at the top."""

    @property
    def flag(self) -> str:
        """What the command line calls it, such as `--xds-port`; the directory is an argument."""
        return "DIR" if self.name == "directory" else "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """What the environment calls it, such as `LEGATION_XDS_PORT`."""
        return PREFIX + self.name.upper()

    @property
    def key(self) -> str:
        """What the file calls it, such as `delivery.removal_grace`."""
        return f"{self.section}.{self.name}" if self.section else self.name

    @property
    def shown_default(self) -> str:
        """The default as a user would write it; empty for none."""
        if isinstance(self.default, bool):
            return "on" if self.default else "off"
        if isinstance(self.default, float):
            return f"{self.default:g}"
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        return str(self.default) if self.default else ""

    def read(self, given: object, *, wrote: str, place: str = "") -> Any:
        """Return the setting's value.

        Args:
            given: Text, or a value out of the file.
            wrote: What the user called the setting: a flag, a variable or a key.
            place: Where in the file.

        Raises:
            SettingsError: It is not what the setting expects.
        """
        try:
            return self.kind.read(given)
        except ValueError as error:
            where = f" ({place})" if place else ""
            raise SettingsError(wrote, f"{given!r:.80} is not {self.kind.expects}{where}") from error


def _rows(of: type, *, section: str) -> Iterator[Setting]:
    for each in dataclasses.fields(of):
        if each.metadata:
            yield Setting(name=each.name, section=section, default=each.default, **each.metadata)


CONFIG = Setting(name="config", kind=kinds.PATH, default=None, text="The file of settings (YAML).")
"""The one setting that cannot stand in the file."""

SECTIONS: dict[str, type[Delivery | Cluster]] = {"delivery": Delivery, "cluster": Cluster}
"""The sections of the file, by the names of the fields that they become."""

SETTINGS: tuple[Setting, ...] = (
    *_rows(Settings, section=""),
    *(row for section, of in SECTIONS.items() for row in _rows(of, section=section)),
)
"""Every other setting, in the order in which they are shown."""
