"""Fields of Envoy JSON under either of their names: `virtual_hosts` and `virtualHosts` are the same. Pure.

It looks at raw JSON, of which nothing is sure: what is not there, and what is of another shape, is not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from legation.model.resource_types import BY_URL


class Field(NamedTuple):
    """A field that was found."""

    key: str
    """As it is spelled there."""
    value: Any


def field(json: object, name: str) -> Field | None:
    """Return the field of that name; null is no value.

    Args:
        json: Whatever stands there; only a map has fields.
        name: As the proto has it: `virtual_hosts`.
    """
    if isinstance(json, Mapping):
        for key in _spellings(name):
            if json.get(key) is not None:
                return Field(key, json[key])
    return None


def value_of(json: object, *names: str) -> Any:
    """Return what stands in a field of a field of ..., or None."""
    for name in names:
        found = field(json, name)
        if found is None:
            return None
        json = found.value
    return json


def items(json: object, name: str) -> Iterator[tuple[tuple[str, int], Mapping[str, Any]]]:
    """Yield the maps of a list, each with the path from the map that holds the list; what is no map is left out."""
    found = field(json, name)
    if found is not None and isinstance(found.value, list):
        for index, item in enumerate(found.value):
            if isinstance(item, Mapping):
                yield (found.key, index), item


def proto_name(key: str) -> str:
    """Return what the proto calls the field of that key, in whichever spelling it is."""
    return re.sub(r"[A-Z]", lambda each: f"_{each[0].lower()}", key)


def called(resource: object) -> str:
    """Return what a resource is called: `RouteConfiguration "shop"`; empty where its type is none that is known."""
    row = BY_URL.get(str(resource.get("@type"))) if isinstance(resource, Mapping) else None
    if row is None or not isinstance(resource, Mapping):
        return ""
    name = resource.get(row.name_field)
    return f'{row.name} "{name}"' if isinstance(name, str) else row.name


@lru_cache(maxsize=256)
def _spellings(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((name, re.sub(r"_([a-z0-9])", lambda each: each[1].upper(), name))))
