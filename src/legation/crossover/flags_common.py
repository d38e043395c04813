"""What both programs have in common: flags, and how the environment stands in for some."""

from __future__ import annotations

from collections.abc import Mapping

from legation.crossover.go_durations import SECOND
from legation.crossover.go_flags import Flag, Kind, Parsed
from legation.crossover.options import SERVICE_ACCOUNT, SHORTEST_INTERVAL, Refused

_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("text", "json")

OF_BOTH = (
    Flag(
        name="token-file",
        kind=Kind.TEXT,
        default=f"{SERVICE_ACCOUNT}/token",
        usage="file with the bearer token; read again when it changes",
    ),
    Flag(name="apiserver", kind=Kind.TEXT, default="https://kubernetes", usage="URL of the API server"),
    Flag(name="configmap", kind=Kind.TEXTS, usage="name of a ConfigMap whose keys become files; may be repeated"),
    Flag(name="dry-run", kind=Kind.SWITCH, usage="print what would be written, and write nothing"),
    Flag(name="onetime", kind=Kind.SWITCH, usage="write the files once and exit: 0 only if all of them are there"),
    Flag(name="insecure", kind=Kind.SWITCH, usage="do not verify the certificate of the API server"),
    Flag(name="watch", kind=Kind.SWITCH, usage="follow changes as they happen, instead of looking every sync-interval"),
    Flag(
        name="sync-interval",
        kind=Kind.DURATION,
        default="1m0s",
        usage="how often to look for changes without watch; at least 1s",
    ),
    Flag(name="health-port", kind=Kind.NUMBER, usage="port of /healthz, /readyz and /metrics; 0 for none"),
    Flag(
        name="health-bind",
        kind=Kind.TEXT,
        default="localhost",
        usage="address of that port; 0.0.0.0 or :: for a kubelet",
    ),
    Flag(
        name="log-level",
        kind=Kind.TEXT,
        default="info",
        usage="lowest level that is logged: debug, info, warning, error",
    ),
    Flag(name="log-format", kind=Kind.TEXT, default="text", usage="text or json"),
    Flag(name="version", kind=Kind.SWITCH, usage="print the version and exit"),
)


def namespace_flag(environment: Mapping[str, str]) -> Flag:
    """Return the flag whose default the environment tells."""
    default = environment.get("NS") or environment.get("POD_NAMESPACE") or ""
    usage = "namespace of all objects; else NS, POD_NAMESPACE, or that of the service account"
    return Flag(name="namespace", kind=Kind.TEXT, default=default, usage=usage)


def interval_of(parsed: Parsed) -> float:
    """Return how often to look, in seconds, and no more often than is good."""
    return max(SHORTEST_INTERVAL, parsed.nanoseconds("sync-interval") / SECOND)


def warnings_of(parsed: Parsed) -> tuple[str, ...]:
    """Return what in a command line may not do what its owner wants."""
    found = []
    if parsed.ignored:
        words = " ".join(parsed.ignored[:5])
        found.append(
            f"from {words!r} on the command line is ignored: flags end at the first word that is none; a switch takes "
            "its value behind =, as in -insecure=false"
        )
    if parsed.nanoseconds("sync-interval") < SHORTEST_INTERVAL * SECOND:
        found.append(f"--sync-interval: {parsed.text('sync-interval')} is too short, 1s is used")
    if not parsed.texts("configmap"):
        found.append("no --configmap is given, so there is nothing to do")
    return tuple(found)


def log_level_of(parsed: Parsed) -> str:
    """Return the lowest level that is logged.

    Raises:
        Refused: There is no such level.
    """
    level = {"warn": "warning"}.get(parsed.text("log-level"), parsed.text("log-level"))
    if level not in _LEVELS:
        raise Refused(f"--log-level: there is no level {level!r}; there are {', '.join(_LEVELS)}")
    return level


def log_format_of(parsed: Parsed) -> str:
    """Return how the log is written.

    Raises:
        Refused: There is no such form.
    """
    if parsed.text("log-format") not in _FORMATS:
        raise Refused(f"--log-format: {parsed.text('log-format')!r} is none; there are text and json")
    return parsed.text("log-format")


def port_of(parsed: Parsed) -> int:
    """Return the port of the health pages.

    Raises:
        Refused: There is no such port.
    """
    port = parsed.number("health-port")
    if not 0 <= port < 65536:
        raise Refused(f"--health-port: there is no port {port}; ports go up to 65535, and 0 is for none")
    return port
