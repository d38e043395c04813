"""A `Resource` of the discovery service around a resource, as its owner writes it: what it says besides the content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from legation.envoy import types
from legation.envoy.findings import Finding, Misfit
from legation.envoy.reader import read
from legation.envoy.spelled import spelled
from legation.envoy.types import TYPE_KEY
from legation.model.objects import FieldPath
from legation.model.resource import MAX_TTL, MIN_TTL

WRAPPER = "envoy.service.discovery.v3.Resource"
INNER = "resource"
"""Its field that holds the content."""

_UNDERSTOOD = frozenset({"name", "aliases", "ttl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What is said of a resource besides its content."""

    name: str = ""
    """In place of the name in the content."""
    aliases: tuple[str, ...] = ()
    ttl: float | None = None
    """Seconds."""


BARE = More()
"""Nothing."""


def as_written(json: Mapping[str, Any], path: FieldPath) -> FieldPath:
    """Return a path of the protos, from the top of the resource, as the owner of this JSON wrote it.

    Args:
        json: A resource, or a wrapped one.
        path: From the resource itself.
    """
    return (INNER, *spelled(json.get(INNER), path)) if is_wrapper(json) else spelled(json, path)


def is_wrapper(json: object) -> bool:
    """Say whether this is Envoy JSON of such a `Resource`."""
    return isinstance(json, Mapping) and types.type_name(str(json.get(TYPE_KEY))) == WRAPPER


def read_wrapper(json: Mapping[str, Any]) -> tuple[Any, More, tuple[Finding, ...]]:
    """Return (the JSON inside, what is said of it, what is wrong with that). Never raises."""
    inner = json.get(INNER)
    message: Any = types.message_class(WRAPPER)()
    _, findings = read(message, {key: value for key, value in json.items() if key != INNER})
    if inner is None:
        words = f"the {WRAPPER} holds no resource"
        findings.append(Finding(code="missing-field", message=words, mend=f'add "{INNER}" with its "{TYPE_KEY}"'))
    for field, _ in message.ListFields():
        if field.name not in _UNDERSTOOD:
            words = f"the {field.name} of a {WRAPPER} is not served from here"
            findings.append(Finding(code="not-served", path=(field.name,), message=words, mend="leave it out"))
    ttl = None
    if message.HasField("ttl"):
        try:
            ttl = sensible(seconds(message.ttl))
        except Misfit as misfit:
            findings.append(Finding(code=misfit.code, path=("ttl",), message=misfit.message, mend=misfit.mend))
    return inner, More(name=message.name, aliases=tuple(message.aliases), ttl=ttl), tuple(findings)


def seconds(duration: Any) -> float:
    """Return a protobuf Duration in seconds."""
    return float(duration.seconds) + float(duration.nanos) / 1e9


def sensible(ttl: float) -> float:
    """Return a TTL with which a resource can be kept alive.

    Raises:
        Misfit: It is too short for that, or no number of seconds.
    """
    if MIN_TTL <= ttl <= MAX_TTL:
        return ttl
    raise Misfit("bad-ttl", "this is no sensible ttl", f"give it {MIN_TTL:g}s to {MAX_TTL:.0f}s, or leave it out")
