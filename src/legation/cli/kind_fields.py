"""The fields of the kinds that CustomResourceDefinitions describe, such as `VirtualService.spec.listeners`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_META = "metadata"
_OWN = frozenset({"virtualservice", "envoyresources", "upstream"})
"""Kinds that are called like nothing in Envoy's API."""
_TOP = frozenset({"apiVersion", "kind", _META, "spec", "status"})
"""What stands at the top of every object, and in no message of Envoy's that is called like a kind."""
_SCHEMAS = {
    _META: {"type": "object", "description": "Name, namespace, labels and annotations, as Kubernetes has them."}
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindField:
    """A kind, or a field of it."""

    name: str
    """`VirtualService.spec.listeners`."""
    api_version: str
    type: str
    meaning: str = ""
    rules: tuple[str, ...] = ()
    default: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """Name and type of the fields below."""
    values: tuple[str, ...] = ()
    is_envoys: bool = False
    """Whether Envoy's own configuration stands there."""


class UnknownField(Exception):
    """A kind that there is has no such field."""

    def __init__(self, message: str, candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.candidates = tuple(candidates)


@cache
def kinds() -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Return apiVersion and schema of each kind that has a definition, by its name in small letters."""
    import yaml

    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for each in (files("legation") / "crds").iterdir():
        if each.name.endswith(".yaml"):
            spec = yaml.load(each.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["spec"]
            version = spec["versions"][-1]
            kind = spec["names"]["kind"]
            found[kind.lower()] = (
                f"{spec['group']}/{version['name']}",
                {**version["schema"]["openAPIV3Schema"], "x-kind": kind},
            )
    return found


def is_meant(name: str) -> bool:
    """Say whether a name is that of a kind or below it, where a type of Envoy's may be called so too."""
    group, _, rest = name.rpartition("/")
    kind, *path = rest.split(".")
    if kind.lower() not in kinds():
        return False
    return bool(group) or kind.lower() in _OWN or (bool(path) and path[0] in _TOP)


def find(name: str) -> tuple[KindField, tuple[str, ...]] | None:
    """Return a kind or its field, and what of the name comes below Envoy's configuration there; None: no such kind.

    Raises:
        UnknownField: There is the kind, and no such field.
    """
    group, _, rest = name.rpartition("/")
    kind, *path = (rest or name).replace("[]", "").split(".")
    known = kinds().get(kind.lower())
    if known is None or (group and not known[0].startswith(f"{group}/") and known[0] != group):
        return None
    api_version, schema = known
    shown = [str(schema["x-kind"])]
    while path:
        below = _below(schema)
        found = below.get(path[0])
        if found is None and _holds_anything(schema):
            return _field(".".join(shown), api_version, schema), tuple(path)
        if found is None:
            near = difflib.get_close_matches(path[0], below, n=3, cutoff=0.6)
            raise UnknownField(
                f"there is no field {path[0]} in {'.'.join(shown)}", [".".join((*shown, each)) for each in near]
            )
        shown.append(path.pop(0))
        schema = {**found, **_SCHEMAS.get(shown[-1], {})} if len(shown) == 2 else found
    return _field(".".join(shown), api_version, schema), ()


def _below(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a map, or of the items of a list."""
    found: Mapping[str, Any] = schema.get("items", schema).get("properties", {})
    return found


def _holds_anything(schema: Mapping[str, Any]) -> bool:
    return bool(schema.get("items", schema).get("x-kubernetes-preserve-unknown-fields"))


def _field(name: str, api_version: str, schema: Mapping[str, Any]) -> KindField:
    return KindField(
        name=name,
        api_version=api_version,
        type=_type(schema),
        meaning=" ".join(str(schema.get("description", "")).split()),
        rules=tuple(_rules(schema)),
        default=str(schema["default"]) if "default" in schema else "",
        fields=tuple((each, _type(inner)) for each, inner in _below(schema).items()),
        values=tuple(map(str, schema.get("items", schema).get("enum", ()))),
        is_envoys=_holds_anything(schema),
    )


_TYPES = {"object": "map", "string": "text", "integer": "whole number", "boolean": "true or false"}


def _type(schema: Mapping[str, Any]) -> str:
    kind: str | None = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "additionalProperties" in schema:
        return f"map of text to {_type(schema['additionalProperties'])}"
    if kind is None:
        return "whole number or text" if schema.get("x-kubernetes-int-or-string") else "anything"
    return _TYPES.get(kind, kind)


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    if schema.get("required"):
        yield f"needs {', '.join(schema['required'])}"
    for key, words in (
        ("minLength", "must have at least {} characters"),
        ("maxLength", "must have at most {} characters"),
        ("minItems", "must have at least {} items"),
        ("maxItems", "must have at most {} items"),
        ("minProperties", "must have at least {} entries"),
        ("minimum", "must be at least {}"),
        ("maximum", "must be at most {}"),
        ("pattern", "must match the regular expression {}"),
    ):
        if key in schema:
            yield words.format(schema[key])
    for each in schema.get("x-kubernetes-validations", ()):
        if each.get("message"):
            yield str(each["message"])
