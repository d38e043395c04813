"""What an Envoy was sent beside what it says that it has. Pure: it is given both, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from legation.cli.answers import Names, Record
from legation.cli.differences import FieldChange, field_changes
from legation.envoy.config_dump import DUMPED, Dumped, DumpState, normal
from legation.envoy.sensitive import REDACTED
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION

_DUMPED_NAMES = frozenset(row.name for row in DUMPED)


class Holding(Enum):
    """How what was sent and what is there go together."""

    SAME = "same"
    DIFFERENT = "different"
    ONLY_HERE = "only here"
    """It is for this Envoy, which does not have it."""
    ONLY_THERE = "only there"
    """Envoy has it, and it was not sent by this server."""
    NOT_DUMPED = "not dumped"
    """No dump tells of this type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One resource, here and there."""

    type: str
    name: str
    holding: Holding
    sent: Record | None
    """What was sent, and what became of it."""
    states: tuple[str, ...] = ()
    """How it stands at Envoy: active, warming, draining."""
    details: str = ""
    """Why Envoy refused the newest version, in its words, cut."""
    fields: tuple[FieldChange, ...] = ()
    """Where they differ: what was sent, and what is there."""

    @property
    def differs(self) -> bool:
        """Whether Envoy has something else than it is to have."""
        return self.holding not in {Holding.SAME, Holding.NOT_DUMPED} or self.refuses

    @property
    def refuses(self) -> bool:
        """Whether Envoy refuses the newest version, and goes on with the one before."""
        return self.sent is not None and self.sent["state"] == "refused"


def held(sent: Iterable[Record], dumped: Iterable[Dumped]) -> list[Held]:
    """Return every resource that was sent or is there, in the order of delivery.

    Args:
        sent: What one Envoy was sent, with its content.
        dumped: Its dump.
    """
    here = {(each["type"], each["name"]): each for each in sent}
    there: dict[Names, list[Dumped]] = {}
    for each in dumped:
        if each.state is not DumpState.STATIC:
            there.setdefault((each.type.name, each.name), []).append(each)
    ours = [_held(name, record, there.pop(name, [])) for name, record in here.items()]
    return [*ours, *_only_there(there, here)]


def _held(name: Names, record: Record, dumped: list[Dumped]) -> Held:
    found = [each for each in dumped if each.json is not None]
    states = tuple(each.state.value for each in found)
    details = next((each.details for each in dumped if each.state is DumpState.REFUSED), "")
    # A listener that drains is an earlier version of itself.
    candidates = [each.json for each in found if each.json is not None and each.state is not DumpState.DRAINING]
    fields: tuple[FieldChange, ...] = ()
    if name[0] not in _DUMPED_NAMES:
        holding = Holding.NOT_DUMPED
    elif not candidates:
        nothing = record["json"] is not None and _is_no_host(name, record["json"])
        holding = Holding.SAME if nothing else Holding.ONLY_HERE
    elif record["json"] is None:
        # It holds something, and has accepted nothing from us.
        holding = Holding.ONLY_THERE
    else:
        # Of a new version that is warming and the one before, either may be what was accepted.
        fields = min((_changes(record["json"], each) for each in candidates), key=len)
        holding = Holding.DIFFERENT if fields else Holding.SAME
    return Held(type=name[0], name=name[1], holding=holding, sent=record, states=states, details=details, fields=fields)


def _changes(own: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return where one resource differs, as far as both sides tell of it."""
    kind = own.get("@type")
    if kind == CLUSTER_LOAD_ASSIGNMENT.url:
        if any("leds_cluster_locality_config" in each for each in own.get("endpoints", ())):
            # Its hosts are resources of their own, and Envoy dumps all together.
            return ()
        own = normal(own)
    elif kind == ROUTE_CONFIGURATION.url and "vhds" in own:
        # Likewise its virtual hosts.
        own, other = _without(own, "virtual_hosts"), _without(other, "virtual_hosts")
    return tuple(field_changes(own, _seen(own, other)))


def _without(json: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    return {key: value for key, value in json.items() if key != field}


def _is_no_host(name: Names, json: Mapping[str, Any]) -> bool:
    """Say whether it is an assignment without hosts: Envoy tells nothing of that."""
    return name[0] == CLUSTER_LOAD_ASSIGNMENT.name and not normal(json)["endpoints"]


def _only_there(there: Mapping[Names, list[Dumped]], here: Mapping[Names, Record]) -> Iterator[Held]:
    for (type_name, name), dumped in there.items():
        if type_name == CLUSTER_LOAD_ASSIGNMENT.name and not _comes_by_eds(name, there, here):
            continue
        states = tuple(each.state.value for each in dumped if each.json is not None)
        details = next((each.details for each in dumped if each.state is DumpState.REFUSED), "")
        if states and set(states) != {DumpState.DRAINING.value}:
            yield Held(type=type_name, name=name, holding=Holding.ONLY_THERE, sent=None, states=states, details=details)


def _comes_by_eds(name: str, there: Mapping[Names, list[Dumped]], here: Mapping[Names, Record]) -> bool:
    """Say whether hosts come by EDS: Envoy dumps those of every other cluster in the same way."""
    clusters: list[Mapping[str, Any]] = [
        *(each["json"] for (row, _), each in here.items() if row == CLUSTER.name and each["json"]),
        *(each.json for (row, _), those in there.items() if row == CLUSTER.name for each in those if each.json),
    ]
    for each in clusters:
        called = (each.get("eds_cluster_config") or {}).get("service_name") or each.get("name")
        if called == name:
            return each.get("type") == "EDS"
    return False


def _seen(own: Any, other: Any) -> Any:
    """Return what is there with our own value wherever either side shows none: it cannot be compared."""
    if REDACTED in (own, other):
        return own
    if isinstance(own, Mapping) and isinstance(other, Mapping):
        if own.get("@type") == other.get("@type") and own.get("value") == REDACTED:
            return own
        return {key: _seen(own[key], each) if key in own else each for key, each in other.items()}
    if isinstance(own, list) and isinstance(other, list):
        return [_seen(own[at], each) if at < len(own) else each for at, each in enumerate(other)]
    return other
