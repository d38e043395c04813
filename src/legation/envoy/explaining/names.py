"""From a name as a person writes it to a type of Envoy's protos, or a field of one; or the nearest names there are.

`cluster.connect_timeout`, `Cluster.OutlierDetection.consecutive_5xx`, `HttpConnectionManager`, a full name: the longest
beginning that is the name of a type counts, the rest are fields, each inside the one before it.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from google.protobuf import descriptor_pool

from legation.envoy import types
from legation.model.resource_types import RESOURCE_TYPES

_ROOTS = ("envoy", "xds")
_OLD = (".v2", ".v1", ".api.v2")
_FIRST = ("envoy.config.", "envoy.extensions.filters.http.")
_OF_ADMIN = ("envoy.admin.", "envoy.data.", "envoy.service.")
"""What nobody writes into a configuration."""
_NEAR = 5


class UnknownName(Exception):
    """There is no such type or field, or there are several types of that name."""

    def __init__(self, message: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.candidates = tuple(candidates)
        """What may have been meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """A type, an enum, or a field of a type."""

    descriptor: Any
    """Of the message or the enum; of a field: of the message that has it."""
    field: Any = None
    others: tuple[str, ...] = ()
    """Other types of the same short name."""


def find(name: str) -> Meant:
    """Return what a name means.

    Raises:
        UnknownName: Nothing, or several things.
    """
    parts = [each for each in name.replace("/", ".").replace("[]", "").split(".") if each]
    if not parts:
        raise UnknownName("this is no name: write a type, or a type and a field, such as cluster.connect_timeout")
    for length in range(len(parts), 0, -1):
        if length > 1 and not parts[length - 1][:1].isupper():
            # `Cluster.lb_policy` is the field, `Cluster.LbPolicy` its enum.
            continue
        found = _types(".".join(parts[:length]))
        chosen = _likely(_with_field(found, parts[length:]))
        if len(chosen) > 1:
            raise UnknownName(f"there are {len(chosen)} types called {'.'.join(parts[:length])}", chosen)
        if chosen:
            meant = _walk(_descriptor(chosen[0]), parts[length:])
            return replace(meant, others=tuple(each for each in found if each != chosen[0]))
    near = _nearest_types(name)
    mend = "" if near else ": write a type, or a type and a field, such as cluster.connect_timeout"
    raise UnknownName(f"there is no type {name} in Envoy's API{mend}", near)


def is_envoys(name: str) -> bool:
    """Say whether a name is the full one of a type in Envoy's API, or begins with it."""
    return name.partition(".")[0] in types.ROOTS


def _walk(descriptor: Any, path: Sequence[str]) -> Meant:
    field: Any = None
    for part in path:
        if field is not None:
            inner = inner_type(field)
            if inner is None:
                raise UnknownName(f"{field.full_name} holds no fields, so there is no {part} in it")
            if inner.full_name == types.ANY:
                raise UnknownName(
                    f"{field.full_name} holds any type: ask for the type that stands there, such as Router.{part}"
                )
            descriptor = inner
        field = _field(descriptor, part)
        if field is None:
            raise UnknownName(f"there is no field {part} in {descriptor.full_name}", _nearest_fields(descriptor, part))
    return Meant(descriptor=descriptor, field=field)


def inner_type(field: Any) -> Any:
    """Return the message type that a field holds, one or many of it; None for a value."""
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        inner = inner.fields_by_name["value"].message_type
    return inner


def _field(descriptor: Any, name: str) -> Any:
    plain = _plain(name)
    return descriptor.fields_by_name.get(name) or next(
        (each for each in descriptor.fields if plain in {_plain(each.name), _plain(each.json_name)}), None
    )


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()


def _nearest_fields(descriptor: Any, name: str) -> list[str]:
    names = [each.name for each in descriptor.fields]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return [f"{descriptor.full_name}.{each}" for each in near]


# ---------------------------------------------------------------------------------------- types


@cache
def all_types() -> tuple[str, ...]:
    """Return the full names of all message types and enums of today's API that are installed."""
    return tuple(name for root in _ROOTS for module in _modules(root) for name in _names_of(module))


def _modules(root: str) -> Iterator[Any]:
    for found in pkgutil.walk_packages(importlib.import_module(root).__path__, f"{root}."):
        is_old = any(f"{old}." in f"{found.name}." or found.name.count(f"{old}alpha") for old in _OLD)
        if found.name.endswith("_pb2") and not is_old:
            yield importlib.import_module(found.name)


def _names_of(module: Any) -> Iterator[str]:
    yield from (each.full_name for each in module.DESCRIPTOR.enum_types_by_name.values())
    for message in module.DESCRIPTOR.message_types_by_name.values():
        yield from _inside(message)


def _inside(message: Any) -> Iterator[str]:
    if message.GetOptions().map_entry:
        return
    yield message.full_name
    yield from (each.full_name for each in message.enum_types)
    for each in message.nested_types:
        yield from _inside(each)


def _types(name: str) -> list[str]:
    """Return the types that a name may mean: those of the table of resources before all others."""
    plain = _plain(name)
    for row in RESOURCE_TYPES:
        if plain in {_plain(row.name), _plain(row.message), _plain(row.message.rpartition(".")[2])}:
            return [row.message]
    if types.find(name) is not None:
        return [name]
    return _by_ending().get(plain, [])


@cache
def _by_ending() -> dict[str, list[str]]:
    """Return the types by every ending of their names that begins with a type: `OutlierDetection`, its full name."""
    found: dict[str, list[str]] = {}
    for name in all_types():
        parts = name.split(".")
        for start in range(len(parts)):
            found.setdefault(_plain(".".join(parts[start:])), []).append(name)
    # A type that stands for itself is meant before one inside another.
    return {ending: _outermost(names) for ending, names in found.items()}


def _outermost(names: list[str]) -> list[str]:
    outer = [each for each in names if sum(part[:1].isupper() for part in each.split(".")) == 1]
    outer = [each for each in outer if not each.startswith(_OF_ADMIN)] or outer
    return outer or names


def _with_field(found: list[str], path: Sequence[str]) -> list[str]:
    """Return those of several types that have the field that is asked for; all of them where none has."""
    if not path:
        return found
    having = [name for name in found if _has_field(_descriptor(name), path[0])]
    return having or found


def _likely(found: list[str]) -> list[str]:
    """Return the one that most people mean, where there is one: what is no extension, or is one of HTTP."""
    for package in _FIRST:
        chosen = [each for each in found if each.startswith(package)]
        if len(chosen) == 1:
            return chosen
    return found


def _has_field(descriptor: Any, name: str) -> bool:
    return hasattr(descriptor, "fields") and _field(descriptor, name) is not None


def _descriptor(name: str) -> Any:
    found = types.find(name)
    return found if found is not None else _enum(name)


def _enum(name: str) -> Any:
    all_types()
    return descriptor_pool.Default().FindEnumTypeByName(name)


def _nearest_types(name: str) -> list[str]:
    told = (each for each in reversed(all_types()) if not each.startswith(_OF_ADMIN))
    endings = {each.rpartition(".")[2]: each for each in told}
    plain = {_plain(ending): full for ending, full in endings.items()}
    wanted = [_plain(part) for part in name.split(".")]
    near: list[str] = []
    for each in (wanted[0], wanted[-1]):
        near += difflib.get_close_matches(each, plain, n=_NEAR, cutoff=0.75)
    return [plain[each] for each in dict.fromkeys(near)][:_NEAR]
