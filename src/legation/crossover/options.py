"""Options: what a command line asks for, checked as a whole. Pure.

It knows which ConfigMap each TrafficSplit is for. It refuses to know how flags are spelled, and asks nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
RUNTIME = "/srv/runtime"
"""Where the files are if nothing else is said; and always, for the older of the two programs."""
SHORTEST_INTERVAL = 1.0
"""Seconds. With 0 crossover asked without a pause."""

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9]+", re.ASCII)


class Refused(Exception):
    """What is asked for cannot be done: one line with the mend in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All that a program is asked to do."""

    namespace: str
    config_maps: tuple[str, ...]
    """Their names in order, each once."""
    splits: Mapping[str, tuple[str, ...]]
    """The TrafficSplits of each ConfigMap that has some, in order."""
    server: str = "https://kubernetes"
    token_file: str = f"{SERVICE_ACCOUNT}/token"
    insecure: bool = False
    output: str = RUNTIME
    split_version: str = "v1alpha2"
    once: bool = False
    dry_run: bool = False
    watch: bool = False
    interval: float = 60.0
    """Seconds between two looks, without a watch."""
    publish: bool = False
    """Whether what is written is shown in a ConfigMap too, as crossover did."""
    health_port: int = 0
    """0: there are no pages."""
    health_bind: str = "localhost"
    log_level: str = "info"
    log_format: str = "text"


def paired(
    config_maps: Iterable[str], splits: Iterable[str], *, smi: bool = False
) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Return the ConfigMaps, each once, and the TrafficSplits of each.

    The first split is for the first ConfigMap, and so on; all are for the only one.

    Args:
        config_maps: Names in the order of their flags.
        splits: Likewise.
        smi: Whether splits are asked for even if none is named.

    Raises:
        Refused: It cannot be told which is for which, or something cannot be a name.
    """
    maps, named = tuple(config_maps), tuple(splits)
    for flag, each in (*(("configmap", name) for name in maps), *(("trafficsplit", name) for name in named)):
        _check_name(flag, each)
    distinct = tuple(dict.fromkeys(maps))
    if smi and maps and not named:
        raise Refused("--smi: no TrafficSplit is named; name one with --trafficsplit, or leave --smi out")
    if len(distinct) == 1:
        maps = distinct * len(named)
    if named and len(maps) != len(named):
        raise Refused(
            f"mismatching number of configmaps and trafficsplits: {len(maps)} and {len(named)}; the first "
            "--trafficsplit is for the first --configmap and so on, or all are for the only --configmap"
        )
    found: dict[str, dict[str, None]] = {}
    for config_map, split in zip(maps, named, strict=False):
        found.setdefault(config_map, {})[split] = None
    return distinct, MappingProxyType({name: tuple(each) for name, each in found.items()})


def checked_namespace(told: str, *, mounted: str) -> str:
    """Return the namespace.

    Args:
        told: By flag or environment; may be empty.
        mounted: What the service account's own file says; empty if there is none.

    Raises:
        Refused: Nobody says one.
    """
    namespace = told or mounted
    if not namespace:
        raise Refused(
            "no namespace is told: give --namespace, or set NS or POD_NAMESPACE (in a Pod: from the field "
            "metadata.namespace)"
        )
    _check_name("namespace", namespace)
    return namespace


def checked_version(text: str) -> str:
    """Return the version of TrafficSplits, whatever it is: it becomes a part of a path.

    Raises:
        Refused: It would lead elsewhere.
    """
    if not _VERSION.fullmatch(text):
        raise Refused(f"--trafficsplit-api-version: {text!r} is no version; one is v1alpha4, for instance")
    return text


def _check_name(flag: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        mend = f"; give --{flag} once for each" if "," in name and flag != "namespace" else ""
        raise Refused(f"--{flag}: {name!r} is no name in Kubernetes{mend}")
