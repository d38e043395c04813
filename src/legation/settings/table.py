"""The settings of `legation serve`: what stands at the top of its file, and the sections below it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from legation.settings import kinds
from legation.settings.sections import Cluster, Delivery, Identity, Injector, Limits, Management, Tls, Webhook
from legation.settings.setting import Table, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that may be set for `legation serve`. Times are in seconds."""

    directory: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The directory of manifests: every file below it is watched.", argument="DIR"
    )
    xds_port: int = setting(18000, kinds.PORT, "The port where Envoys connect (gRPC).")
    xds_bind: str = setting(
        kinds.LOCALHOST, kinds.HOST, "The address where Envoys connect: localhost is IPv4 and IPv6, 0.0.0.0 or :: all."
    )
    rest_port: int | None = setting(
        None, kinds.PORT, "The port where Envoys connect that poll over REST; without it there is none."
    )
    rest_bind: str = setting(kinds.LOCALHOST, kinds.HOST, "The address of that port.")
    rest_hold: float = setting(
        30.0, kinds.SECONDS, "How long a poll without news is held at most, of a client that says that it waits."
    )
    rest_idle: float = setting(
        60.0, kinds.SECONDS, "After how long without a poll a client is gone: longer than twice its refresh_delay."
    )
    first_answers: int = setting(
        256, kinds.COUNT, "How many Envoys are given their first answer at a time; the others wait for their turn."
    )
    load_interval: float = setting(
        10.0, kinds.PERIOD, "How often Envoys that report their load (LRS) are asked to; 1 second at least."
    )
    csds: bool = setting(
        False,  # noqa: FBT003 - the default of a switch
        kinds.SWITCH,
        "Whether the ports of Envoys serve the client status service (CSDS), which shows what every Envoy gets.",
    )
    max_connection_age: float | None = setting(
        None,
        kinds.PERIOD,
        "How long a connection of an Envoy lasts (give or take a tenth), so that replicas balance; else for ever.",
    )
    max_connection_age_grace: float = setting(
        30.0,
        kinds.SECONDS,
        "How long its streams may go on after that; then they are ended, and the Envoy connects anew.",
    )
    admin_port: int = setting(18001, kinds.PORT, "The port of the admin pages, which `legation proxies` asks.")
    admin_bind: str = setting(
        kinds.LOCALHOST, kinds.HOST, "The address of the admin pages; one that others reach needs TLS and a token."
    )
    admin_token_file: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A file with the token (a line) that the admin pages are shown to; of several lines any."
    )
    health_port: int = setting(18002, kinds.PORT, "The port of /metrics, /healthz and /readyz.")
    health_bind: str = setting(kinds.LOCALHOST, kinds.HOST, "The address of /metrics, /healthz and /readyz.")
    state_dir: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "A directory that keeps the last good version of every object across a restart."
    )
    unknown_fields: str = setting(
        "error",
        kinds.one_of("error", "warning"),
        "What a field is that Envoy's API does not have: an error, or a warning, and left out.",
    )
    dry_run: str = setting(
        "off",
        kinds.one_of("off", "envoy"),
        "Whether a real Envoy is asked about what is new before it is served; what it refuses is held back.",
    )
    dry_run_timeout: float = setting(
        10.0, kinds.PERIOD, "How long an object waits for that at most; then it is served without a verdict."
    )
    envoy_binary: Path | None = setting(  # noqa: RUF009 - what it returns is a field
        None, kinds.PATH, "The Envoy that is asked; else envoy on the PATH, or the one that `legation[envoy]` installs."
    )
    shutdown_grace: float = setting(
        10.0, kinds.SECONDS, "How long SIGTERM waits at most for Envoys to end their streams."
    )
    log_level: str = setting(
        "info", kinds.one_of("debug", "info", "warning", "error"), "The lowest level that is logged."
    )
    log_format: str = setting(
        "auto", kinds.one_of("auto", "console", "json"), "How the log is written; auto is console on a terminal."
    )
    delivery: Delivery = field(default_factory=Delivery)
    cluster: Cluster = field(default_factory=Cluster)
    webhook: Webhook = field(default_factory=Webhook)
    injector: Injector = field(default_factory=Injector)
    management: Management = field(default_factory=Management)
    tls: Tls = field(default_factory=Tls)
    identity: Identity = field(default_factory=Identity)
    limits: Limits = field(default_factory=Limits)


SERVE = Table(
    Settings,
    sections={
        "delivery": Delivery,
        "cluster": Cluster,
        "webhook": Webhook,
        "injector": Injector,
        "management": Management,
        "tls": Tls,
        "identity": Identity,
        "limits": Limits,
    },
)
"""All of them. The sections have the names of the fields that they become."""
