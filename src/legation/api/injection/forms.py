"""How each annotation of a sidecar is written. Pure.

Each reader returns fields of `Wishes`, or raises ValueError with what would be right. No text holds what was written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from legation.api.injection.wishes import DISABLED, ENABLED, EXEC, FOREVER, LONGEST, NONE, TOKEN, Port
from legation.texts import envoy_yaml
from legation.texts.kubectl_yaml import YamlFault
from legation.translate.quantities import quantity

_LEVELS = ("trace", "debug", "info", "warning", "warn", "error", "critical", "off")
_HIGHEST_PORT = 65_535
_HIGHEST_USER = 2**31 - 1
_LONGEST_SLEEP = 3_600
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_PORT = re.compile(
    r"(?:((?=[^=]*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?)=)?(\d{1,5})(?:/(TCP|UDP|SCTP))?", re.ASCII
)
_MAP = 24
"""Characters that a map counts as: what stands for nothing is looked at as well."""
_COMPONENT = re.compile(r"[a-z0-9_]+:([a-z]+)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9:]([A-Za-z0-9_.:-]*[A-Za-z0-9:])?", re.ASCII)

_CONFIG_MAP = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)


def _text(field_name: str, *, expects: str, pattern: re.Pattern[str]) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if not pattern.fullmatch(text):
            raise ValueError(f"it has to be {expects}")
        return {field_name: text}

    return read


def _number(field_name: str, *, lowest: int, highest: int) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if not (text.isascii() and text.isdecimal() and len(text) <= 10 and lowest <= int(text) <= highest):
            raise ValueError(f"it has to be a whole number from {lowest} to {highest}")
        return {field_name: int(text)}

    return read


def _amount(field_name: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text in {"", NONE}:
            return {field_name: ""}
        try:
            positive = quantity(text) > 0
        except ValueError:
            positive = False
        if not positive:
            raise ValueError("it has to be a quantity such as 100m or 128Mi, or none")
        return {field_name: text}

    return read


def _words_or_seconds(
    field_name: str, *words: str, highest: float = math.inf, example: str = "30s"
) -> Callable[[str], dict[str, Any]]:
    expects = f"it has to be {', '.join(words)}, or a duration such as {example}"

    def read(text: str) -> dict[str, Any]:
        if text in words:
            return {field_name: text}
        matched = _DURATION.fullmatch(text)
        seconds = float(matched[1]) * _UNITS[matched[2]] if matched else 0.0
        if not 0 < seconds <= highest:
            raise ValueError(expects + (f" of {highest:g}s at most" if highest < math.inf else ""))
        return {field_name: seconds}

    return read


def _ports(text: str) -> dict[str, Any]:
    found = []
    for each in text.split(","):
        matched = _PORT.fullmatch(each.strip())
        if not matched or not 0 < int(matched[3]) <= _HIGHEST_PORT:
            raise ValueError(
                "it has to be a list of ports such as 8080,http=8081,dns=53/UDP; a name has 15 characters at most, of"
                " a-z, 0-9 and single dashes, a letter among them"
            )
        found.append(Port(name=matched[1] or "", number=int(matched[3]), protocol=matched[4] or "TCP"))
    names = [each.name for each in found if each.name]
    if len(set(names)) < len(names):
        raise ValueError("two of its ports have the same name")
    return {"ports": tuple(found)}


def _log_level(text: str) -> dict[str, Any]:
    level, components = "info", []
    for each in (part.strip() for part in text.split(",")):
        matched = _COMPONENT.fullmatch(each)
        if matched and matched[1] in _LEVELS:
            components.append(each)
        elif each in _LEVELS:
            level = each
        else:
            raise ValueError(f"it has to be one of {', '.join(_LEVELS)}, and for parts of Envoy such as upstream:debug")
    return {"log_level": level, "component_levels": ",".join(components)}


def _bootstrap(text: str) -> dict[str, Any]:
    value, fault = _read_bootstrap(text)
    if fault:
        raise ValueError(fault)
    if value is not None and not isinstance(value, Mapping):
        raise ValueError("it has to be a map of fields of Envoy's bootstrap")
    if _room(value, left=LONGEST) < 0:
        raise ValueError("the bootstrap says too much")
    return {"bootstrap": value or None}


@lru_cache(maxsize=16)
def _read_bootstrap(text: str) -> tuple[Any, str]:
    """Return what stands there, and why it cannot be read; all Pods of a Deployment have the same."""
    try:
        return envoy_yaml.read(text).value, ""
    except YamlFault as fault:
        return None, f"line {fault.line}: {fault.message}"


def _room(value: Any, *, left: int) -> int:
    """Return how many characters are left, or fewer than none: aliases make much of little, and so do empty maps."""
    if isinstance(value, Mapping):
        left -= _MAP
        for key, each in value.items():
            left = _room(each, left=left - len(key))
            if left < 0:
                break
    elif isinstance(value, list):
        for each in value:
            left = _room(each, left=left - 1)
            if left < 0:
                break
    return left - (len(value) if isinstance(value, str) else 1)


def _xds(text: str) -> dict[str, Any]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not _HOST.fullmatch(host) or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise ValueError("it has to be HOST:PORT, such as legation.legation.svc:18000")
    return {"xds": (host, int(port))}


def _user(text: str) -> dict[str, Any]:
    if text == NONE:
        return {"run_as_user": None}
    try:
        return _number("run_as_user", lowest=1, highest=_HIGHEST_USER)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or none") from None


def _switch(field_name: str) -> Callable[[str], dict[str, Any]]:
    def read(text: str) -> dict[str, Any]:
        if text not in {ENABLED, DISABLED}:
            raise ValueError(f"it has to be {ENABLED} or {DISABLED}")
        return {field_name: text == ENABLED}

    return read


RESOURCES = ("cpu_request", "memory_request", "cpu_limit", "memory_limit")
TABLE: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "image": _text("image", expects="the name of an image", pattern=re.compile(r"[!-~]+")),
    "cpu-request": _amount("cpu_request"),
    "memory-request": _amount("memory_request"),
    "cpu-limit": _amount("cpu_limit"),
    "memory-limit": _amount("memory_limit"),
    "ports": _ports,
    "log-level": _log_level,
    "concurrency": _number("concurrency", lowest=1, highest=1024),
    "bootstrap": _bootstrap,
    "admin-port": _number("admin_port", lowest=1, highest=_HIGHEST_PORT),
    "ready-port": _number("ready_port", lowest=1, highest=_HIGHEST_PORT),
    "drain": _words_or_seconds("drain", EXEC, NONE, highest=_LONGEST_SLEEP, example="5s"),
    "wait": _words_or_seconds("wait", FOREVER, NONE),
    "http-proxy": _number("http_proxy", lowest=1, highest=_HIGHEST_PORT),
    "no-proxy": _text("no_proxy", expects="a list of hosts", pattern=re.compile(r"[!-~]*")),
    "xds": _xds,
    "cluster": _text("cluster", expects="a name", pattern=re.compile(r"[!-#%-~]+")),
    "run-as-user": _user,
    "host-network": _switch("host_network"),
    "tls": _switch("tls"),
    "server-name": _text("server_name", expects="a host name or an IP address", pattern=_HOST),
    "ca-config-map": _text("ca_config_map", expects="the name of a ConfigMap", pattern=_CONFIG_MAP),
    "auth": _text("auth", expects=f"{TOKEN} or {NONE}", pattern=re.compile(f"{TOKEN}|{NONE}")),
    "token-audience": _text("token_audience", expects="one word", pattern=re.compile(r"[!-#%-~]{1,1024}")),
}
NAMES = tuple(TABLE)
"""What follows the prefix."""
