"""What an Envoy says that it has: its /config_dump, read into resources in the one form in which they can be compared.

Two spellings of the same message become the same JSON here: it is read into the message and printed by `printer`, with
every secret a mark, as Envoy's own dump has it. What is static in the bootstrap is told apart. It refuses to know what
the Envoy was sent. Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from legation.envoy import printer, types
from legation.envoy.nack_words import show_words
from legation.envoy.reader import read
from legation.envoy.types import TYPE_KEY
from legation.model.names import canonical
from legation.model.problems import Level
from legation.model.resource_types import (
    BY_URL,
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    ResourceType,
)

DUMPED = (CLUSTER, CLUSTER_LOAD_ASSIGNMENT, SECRET, EXTENSION_CONFIG, LISTENER, ROUTE_CONFIGURATION, SCOPED_ROUTE)
"""The types that a dump tells of."""


class DumpState(Enum):
    """How a resource stands at Envoy."""

    ACTIVE = "active"
    WARMING = "warming"
    DRAINING = "draining"
    REFUSED = "refused"
    STATIC = "static"
    """From the bootstrap, or written inside another resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dumped:
    """One resource at Envoy."""

    type: ResourceType
    name: str
    state: DumpState
    json: Mapping[str, Any] | None = field(default=None, repr=False)
    """In the form of `normal`; None where the dump does not hold it."""
    version: str = ""
    """The version of the response, as Envoy remembers it."""
    details: str = ""
    """Why it was refused, in Envoy's words, cut."""


class NoDump(ValueError):
    """It is not the dump of an Envoy."""


def read_dump(dump: object) -> tuple[Dumped, ...]:
    """Return every resource of a dump that was read from JSON.

    Raises:
        NoDump: It is something else.
    """
    sections = dump.get("configs") if isinstance(dump, Mapping) else None
    if not isinstance(sections, list):
        raise NoDump("it has no configs, which every /config_dump of Envoy has")
    return tuple(each for section in sections if isinstance(section, Mapping) for each in _section(section))


def normal(json: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a resource in the form in which two that say the same are equal; what cannot be read, as it is."""
    row = BY_URL.get(str(json.get(TYPE_KEY)))
    if row is None:
        return json
    message = types.message_class(row.message)()
    _, findings = read(message, json, unknown=Level.WARNING)
    if any(each.level is Level.ERROR for each in findings):
        return json
    shown = {TYPE_KEY: row.url, **printer.fields_to_json(message)}
    return _normal_assignment(shown) if row is CLUSTER_LOAD_ASSIGNMENT else shown


# The sections


def _section(section: Mapping[str, Any]) -> Iterator[Dumped]:
    kind = str(section.get(TYPE_KEY, "")).rpartition(".")[2]
    for name, entries in section.items():
        if isinstance(entries, list):
            for entry in entries:
                if isinstance(entry, Mapping):
                    yield from _ENTRIES.get(kind, _nothing)(name, entry)


def _nothing(_list: str, _entry: Mapping[str, Any]) -> Iterator[Dumped]:
    return iter(())


def _clusters(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    yield from _one(CLUSTER, name, entry, "cluster")


def _routes(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    yield from _one(ROUTE_CONFIGURATION, name, entry, "route_config")


def _endpoints(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    yield from _one(CLUSTER_LOAD_ASSIGNMENT, name, entry, "endpoint_config")


def _secrets(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    yield from _one(SECRET, name, entry, "secret")


def _extensions(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    yield from _one(EXTENSION_CONFIG, name, entry, "ecds_filter")


def _scopes(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    for each in entry.get("scoped_route_configs") or ():
        if isinstance(each, Mapping):
            yield from _one(SCOPED_ROUTE, name, {**entry, "scope": each}, "scope")


def _listeners(name: str, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    if name.startswith("static"):
        yield from _one(LISTENER, name, entry, "listener")
        return
    for key, state in _LISTENER_STATES.items():
        held = entry.get(key)
        if isinstance(held, Mapping) and isinstance(held.get("listener"), Mapping):
            yield from _dumped(LISTENER, held["listener"], state, held)
    yield from _refused(LISTENER, entry)


_LISTENER_STATES = {
    "active_state": DumpState.ACTIVE,
    "warming_state": DumpState.WARMING,
    "draining_state": DumpState.DRAINING,
}
_ENTRIES = {
    "ClustersConfigDump": _clusters,
    "EcdsConfigDump": _extensions,
    "EndpointsConfigDump": _endpoints,
    "ListenersConfigDump": _listeners,
    "RoutesConfigDump": _routes,
    "ScopedRoutesConfigDump": _scopes,
    "SecretsConfigDump": _secrets,
}


def _one(row: ResourceType, listed: str, entry: Mapping[str, Any], key: str) -> Iterator[Dumped]:
    static = listed.startswith(("static", "inline"))
    state = DumpState.STATIC if static else DumpState.WARMING if "warming" in listed else DumpState.ACTIVE
    if isinstance(entry.get(key), Mapping):
        yield from _dumped(row, entry[key], state, entry)
    yield from _refused(row, entry)


def _dumped(row: ResourceType, json: Mapping[str, Any], state: DumpState, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    shown = normal({TYPE_KEY: row.url, **json})
    name = str(shown.get(row.name_field) or entry.get("name") or "")
    version = str(entry.get("version_info") or "")
    yield Dumped(type=row, name=canonical(name), state=state, json=shown, version=version)


def _refused(row: ResourceType, entry: Mapping[str, Any]) -> Iterator[Dumped]:
    error = entry.get("error_state")
    if not isinstance(error, Mapping):
        return
    failed = error.get("failed_configuration")
    inner = failed.get(row.name_field) if isinstance(failed, Mapping) else None
    name = str(entry.get("name") or inner or "")
    words = show_words(str(error.get("details") or ""), secret=row.secret)
    yield Dumped(type=row, name=canonical(name), state=DumpState.REFUSED, details=words)


# Assignments: Envoy's dump is made of its hosts, and not of what it was sent


def _normal_assignment(json: Mapping[str, Any]) -> dict[str, Any]:
    """Return an assignment as its hosts: what Envoy forgets, or adds of its own, is left out."""
    return {
        TYPE_KEY: json[TYPE_KEY],
        "cluster_name": json.get("cluster_name", ""),
        "endpoints": sorted(
            (each for each in map(_locality, _maps(json.get("endpoints"))) if each["lb_endpoints"]), key=str
        ),
    }


def _locality(json: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "locality": json.get("locality") or {},
        "priority": json.get("priority", 0),
        "lb_endpoints": sorted(map(_host, _maps(json.get("lb_endpoints"))), key=str),
    }


def _host(json: Mapping[str, Any]) -> dict[str, Any]:
    endpoint = json.get("endpoint") or {}
    address = endpoint.get("address") or {}
    socket = address.get("socket_address")
    if isinstance(socket, Mapping):
        # What says the default is no more than what does not say it.
        address = {
            "socket_address": {key: value for key, value in socket.items() if (key, value) != ("protocol", "TCP")}
        }
    return {
        "address": address,
        "hostname": endpoint.get("hostname", ""),
        "load_balancing_weight": json.get("load_balancing_weight", 1),
        "metadata": json.get("metadata") or {},
    }


def _maps(items: object) -> Iterable[Mapping[str, Any]]:
    return (each for each in items if isinstance(each, Mapping)) if isinstance(items, list) else ()
