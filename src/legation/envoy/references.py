"""What a resource refers to: the clusters, routes, endpoints, secrets and extension configs that it names.

Only names that a control plane is asked for are references: what comes from a file (`path_config_source`) is none.
What comes as a collection is referred to by its glob: the endpoints of a locality that takes them by LEDS, the virtual
hosts of a RouteConfiguration that takes them by VHDS. Listeners do not refer to ScopedRoutes: those come by wildcard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError, Message

from legation.envoy import types
from legation.envoy.anys import children, within
from legation.envoy.asked import asked, asks_by_name
from legation.envoy.cluster_names import CODE, LUA, LUA_CALL, NAMES, SOURCES, UNKNOWABLE
from legation.envoy.understanding import understood
from legation.model.names import canonical
from legation.model.resource import EVERY, NO_REFERENCES, Name, References
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION, ResourceType

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_EVERY_CLUSTER = (CLUSTER, EVERY)
_Found = set[tuple[ResourceType, str]]


def references(message: Message) -> References:
    """Return the names that a message mentions, by the short name of their type; in an `Any` inside too.

    EVERY stands among the names of a type where they cannot be known: a cluster taken from a header or chosen by code,
    the content of an extension that is not known here.
    """
    found: _Found = set()
    _visit(message, found)
    if not found:
        return NO_REFERENCES
    names: dict[str, set[str]] = {}
    for row, name in sorted(found, key=lambda each: (each[0].order, each[1])):
        names.setdefault(row.name, set()).add(canonical(name))
    return MappingProxyType({row: frozenset(members) for row, members in names.items()})


def cannot_tell(row: ResourceType) -> References:
    """Return the references of a resource whose bytes cannot be read: it may use any cluster, if its type can."""
    return MappingProxyType({CLUSTER.name: frozenset({EVERY})}) if CLUSTER.name in row.refers else NO_REFERENCES


def _visit(message: Any, found: _Found) -> None:
    rules = _rules(message.DESCRIPTOR)
    if rules.stop or _is_barren(message.DESCRIPTOR):
        return
    _look(message, rules, found)
    for child in children(message):
        _visit(child, found)


def mentions(message: Any, name: Name) -> bool:
    """Say whether a message itself, and no other inside it, mentions a name."""
    found: _Found = set()
    rules = _rules(message.DESCRIPTOR)
    if not rules.stop and message.DESCRIPTOR.full_name != types.ANY:
        _look(message, rules, found)
    return any((row, canonical(each)) == name for row, each in found)


def _look(message: Any, rules: _Rules, found: _Found) -> None:
    for field, value in message.ListFields() if rules.names or rules.unknowable else ():
        if field.name in rules.names:
            names = (value,) if isinstance(value, str) else value
            found.update((CLUSTER, name) for name in names)
        elif field.name in rules.unknowable:
            found.add(_EVERY_CLUSTER)
    if rules.special:
        rules.special(message, found)


# Message types that need a look of their own -------------------------------------------------------------------------


def _any(message: Any, found: _Found) -> None:
    try:
        inner = understood(message)
    except DecodeError:
        inner = None
    if inner is not None:
        _visit(inner, found)
    elif message.type_url:
        found.add(_EVERY_CLUSTER)


def _scoped_route(message: Any, found: _Found) -> None:
    if message.route_configuration_name:
        found.add((ROUTE_CONFIGURATION, message.route_configuration_name))


def _asked(message: Any, found: _Found) -> None:
    found.update(name for source, name in asked(message) if _asks_us(source))


def _code(_: Any, found: _Found) -> None:
    found.add(_EVERY_CLUSTER)


def _lua(message: Any, found: _Found) -> None:
    body = message.SerializeToString()
    sources = [message.default_source_code, *message.source_codes.values()] if hasattr(message, "source_codes") else []
    if LUA_CALL in body or any(source.WhichOneof("specifier") == "filename" for source in sources):
        found.add(_EVERY_CLUSTER)


def _asks_us(source: Any) -> bool:
    """Say whether a config source asks a control plane; a file is its owner's affair."""
    return source.WhichOneof("config_source_specifier") in {"ads", "api_config_source", "self"}


_SPECIAL: Mapping[str, Any] = {
    types.ANY: _any,
    "envoy.config.route.v3.ScopedRouteConfiguration": _scoped_route,
    **dict.fromkeys(CODE, _code),
    **dict.fromkeys(LUA, _lua),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What to look at in a message type."""

    names: frozenset[str]
    unknowable: frozenset[str]
    special: Any
    stop: bool


@cache
def _is_barren(descriptor: Descriptor) -> bool:
    """Say whether nothing in messages of that type can refer to anything."""
    seen: set[str] = set()
    left = [descriptor]
    while left:
        each = left.pop()
        if each.full_name not in seen:
            seen.add(each.full_name)
            rules = _rules(each)
            if rules.names or rules.unknowable or rules.special:
                return False
            left += () if rules.stop else within(each)
    return True


@cache
def _rules(descriptor: Descriptor) -> _Rules:
    fields = {field.name: field.full_name for field in descriptor.fields}
    special = _SPECIAL.get(descriptor.full_name) or (_asked if asks_by_name(descriptor) else None)
    return _Rules(
        names=frozenset(name for name, full in fields.items() if full in NAMES),
        unknowable=frozenset(name for name, full in fields.items() if full in UNKNOWABLE),
        special=special,
        stop=descriptor.full_name in SOURCES,
    )
