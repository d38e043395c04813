"""How the values of settings are written: each kind reads text or a YAML value, and can say what would be right."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from legation.model.resource_types import BY_NAME, ResourceType

LOCALHOST = "localhost"

_HIGHEST_PORT = 65535
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_OBJECT = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+) ?(ms|s|m|h|)")
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the value of a setting is written."""

    metavar: str
    """What stands for the value in `--help`."""
    expects: str
    """What would be right: `18000x is not <expects>`."""
    read: Callable[[object], Any]
    """Return the value for what was written; ValueError where it is not what is expected."""
    choices: tuple[str, ...] = ()
    """The words that it may be, for a kind that has only some."""
    bare: bool = False
    """Whether the flag takes no value: to write it is to say `on`."""
    deniable: bool = False
    """Whether there is a second flag, `--no-...`, which says `off`: to say nothing is something else."""


def _read_port(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise _wrong(given)
    port = int(given)
    if not 0 <= port <= _HIGHEST_PORT:
        raise _wrong(given)
    return port


def _read_count(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise _wrong(given)
    count = int(given)
    if count < 1:
        raise _wrong(given)
    return count


def _read_host(given: object) -> str:
    host = _read_text(given).removeprefix("[").removesuffix("]")
    # What looks like a number is an address or a mistake: no host is called 127.0.0.
    if not _HOST_NAME.fullmatch(host) or host.replace(".", "").isdigit():
        ipaddress.ip_address(host)
    return host


def _read_address(given: object) -> tuple[str, int]:
    host, _, port = _read_text(given).rpartition(":")
    if not port.isdecimal() or int(port) == 0:
        raise _wrong(given)
    return _read_host(host), _read_port(port)


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address; a name that is not `localhost` may be anybody's."""
    try:
        return host == LOCALHOST or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read_text(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise _wrong(given)
    return given


def _read_names(given: object) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list):
        raise _wrong(given)
    stripped = tuple(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))
    if not stripped or not all(_NAMESPACE.fullmatch(name) for name in stripped):
        raise _wrong(given)
    return stripped


def _read_name(given: object) -> str:
    if not _NAMESPACE.fullmatch(_read_text(given)):
        raise _wrong(given)
    return str(given)


def _read_objects(given: object) -> tuple[str, ...]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list):
        raise _wrong(given)
    stripped = tuple(dict.fromkeys(str(name).strip() for name in names if str(name).strip()))
    if not stripped or not all(_OBJECT.fullmatch(name) for name in stripped):
        raise _wrong(given)
    return stripped


def _read_labels(given: object) -> tuple[tuple[str, str], ...]:
    if isinstance(given, dict):
        return tuple((str(key), str(value)) for key, value in given.items())
    pairs = [each.strip().partition("=") for each in _read_text(given).split(",")]
    if not all(key and equals for key, equals, _ in pairs):
        raise _wrong(given)
    return tuple((key, value) for key, _, value in pairs)


def _read_path(given: object) -> Path:
    return Path(_read_text(str(given) if isinstance(given, Path) else given)).expanduser()


def _read_seconds(given: object) -> float:
    matched = None if isinstance(given, bool) else _DURATION.fullmatch(str(given).strip())
    if not matched:
        raise _wrong(given)
    return float(matched[1]) * _UNITS[matched[2]]


def _read_period(given: object) -> float:
    seconds = _read_seconds(given)
    if seconds < 1:
        raise _wrong(given)
    return seconds


def _read_bytes(given: object) -> int:
    text = "" if isinstance(given, bool) else str(given).strip()
    if not (text.isascii() and text.isdigit() and int(text)):
        raise _wrong(given)
    return int(text)


def _read_types(given: object) -> frozenset[ResourceType]:
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list):
        raise _wrong(given)
    stripped = {str(name).strip() for name in names} - {""}
    if not BY_NAME.keys() >= stripped:
        raise _wrong(given)
    return frozenset(BY_NAME[name] for name in stripped)


def one_of(*choices: str) -> Kind:
    """Return the kind of a value that is one of these words."""

    def read(given: object) -> str:
        # YAML reads `on` as true, unless it is in quotes.
        word = {True: "on", False: "off"}[given] if isinstance(given, bool) else given
        if word not in choices:
            raise _wrong(given)
        return str(word)

    return Kind(metavar="|".join(choices), expects="one of " + ", ".join(choices), read=read, choices=choices)


def _wrong(given: object) -> ValueError:
    return ValueError(given)


def _read_switch(given: object) -> bool:
    read = given if isinstance(given, bool) else {"on": True, "off": False}.get(str(given))
    if read is None:
        raise _wrong(given)
    return read


PORT = Kind(metavar="PORT", expects="a port number from 0 to 65535 (0 takes any free port)", read=_read_port)
COUNT = Kind(metavar="NUMBER", expects="a whole number, 1 or more", read=_read_count)
HOST = Kind(metavar="HOST", expects="a host name or an IP address (the port is a setting of its own)", read=_read_host)
ADDRESS = Kind(metavar="HOST:PORT", expects="an address such as legation.legation.svc:18000", read=_read_address)
PAIRS = Kind(metavar="NAME=VALUE,...", expects="a list such as log-level=debug,memory-limit=1Gi", read=_read_labels)
PATH = Kind(metavar="PATH", expects="a path", read=_read_path)
SECONDS = Kind(metavar="SECONDS", expects="a number of seconds or a duration such as 500ms or 10m", read=_read_seconds)
PERIOD = Kind(metavar="SECONDS", expects="a duration of 1s or more, such as 10s or 5m", read=_read_period)
SWITCH = Kind(metavar="on|off", expects="on or off", read=_read_switch, choices=("on", "off"))
FLAG = Kind(metavar="", expects="on or off", read=_read_switch, choices=("on", "off"), bare=True)
YES_OR_NO = Kind(metavar="", expects="on or off", read=_read_switch, choices=("on", "off"), bare=True, deniable=True)
TEXT = Kind(metavar="TEXT", expects="text", read=_read_text)
NAME = Kind(metavar="NAME", expects="a name as Kubernetes takes it (small letters, digits and dashes)", read=_read_name)
NAMESPACES = Kind(metavar="NAME,...", expects="a list of namespaces such as shop,edge", read=_read_names)
OBJECTS = Kind(
    metavar="[NAMESPACE/]NAME,...", expects="a list of names such as edge-xds or shop/edge-xds", read=_read_objects
)
LABELS = Kind(metavar="KEY=VALUE,...", expects="a list of labels such as app=edge,tier=front", read=_read_labels)
BYTES = Kind(metavar="BYTES", expects="a number of bytes, 1 or more", read=_read_bytes)
TYPES = Kind(metavar="TYPE,...", expects="a list of types out of " + ", ".join(BY_NAME), read=_read_types)
