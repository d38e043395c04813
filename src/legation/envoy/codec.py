"""Envoy JSON or a protobuf message to a Resource, and a Resource back to JSON.

`encode` is for what people wrote: it never raises, and tells everything that does not fit as findings. `from_message`
and `from_any` are for programs, which get an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf.message import DecodeError, Message

from legation.envoy import anys, examining, examples, printer, typed_structs, types, wrapped
from legation.envoy.claims import claims
from legation.envoy.findings import Finding, Misfit, kind_of, quote, told
from legation.envoy.finite import endless
from legation.envoy.lingering import lingers
from legation.envoy.memory import Memory
from legation.envoy.old_style import old_type
from legation.envoy.reader import read
from legation.envoy.references import cannot_tell, references
from legation.envoy.said_of_names import said_of_names
from legation.envoy.softening import softened
from legation.envoy.spelled import spelled
from legation.envoy.spelling import nearest
from legation.envoy.types import TYPE_KEY
from legation.envoy.validity import validity
from legation.envoy.warming import warms_within
from legation.errors import InvalidResource
from legation.model.hosts import alias
from legation.model.names import canonical
from legation.model.objects import ObjectKey
from legation.model.problems import Level
from legation.model.resource import NOTHING_SAID, Resource, content_version
from legation.model.resource_types import BY_URL, RESOURCE_TYPES, TYPE_URL_PREFIX, ResourceType

__all__ = ["Encoded", "Finding", "encode", "from_any", "from_message", "to_json"]

_TYPED_STRUCTS = tuple(name.encode() for name in typed_structs.NAMES)
_endless: Memory[tuple[str, ...]] = Memory(1 << 16)
"""What is said of numbers without an end in messages that programs hand in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What became of one resource's JSON."""

    resource: Resource | None
    """None where a finding is of level ERROR."""
    findings: tuple[Finding, ...] = ()


def encode(json: Mapping[str, Any], *, origin: ObjectKey | None = None, unknown_fields: Level = Level.ERROR) -> Encoded:
    """Return the resource that this JSON describes, or everything that is wrong with it. Never raises.

    Args:
        json: Envoy JSON with `@type`, in either spelling of field names; or a whole `Resource` of the discovery service
            that holds such JSON and says more about it: name, aliases, TTL. It is not changed.
        origin: The object that it came from.
        unknown_fields: How bad a field is that the protos here do not know; WARNING: it is left out. In the
            configuration of an extension it is a warning in any case, and sent to Envoy as it is.
    """
    if wrapped.is_wrapper(json):
        return _encode_wrapped(json, origin=origin, unknown_fields=unknown_fields)
    return _encode(json, wrapped.BARE, origin=origin, unknown_fields=unknown_fields)


def _encode_wrapped(json: Mapping[str, Any], *, origin: ObjectKey | None, unknown_fields: Level) -> Encoded:
    inner, more, findings = wrapped.read_wrapper(json)
    encoded = _encode(inner, more, origin=origin, unknown_fields=unknown_fields)
    findings += tuple(replace(each, path=(wrapped.INNER, *each.path)) for each in encoded.findings)
    refused = any(each.level is Level.ERROR for each in findings)
    return Encoded(resource=None if refused else encoded.resource, findings=findings)


def _encode(json: Mapping[str, Any], more: wrapped.More, *, origin: ObjectKey | None, unknown_fields: Level) -> Encoded:
    try:
        row = _row_of(json)
    except Misfit as misfit:
        path = (TYPE_KEY,) if misfit.code in {"unknown-type", "old-type"} else ()
        return _refused(
            Finding(code=misfit.code, path=path, message=misfit.message, mend=misfit.mend, example=misfit.example)
        )
    message = types.message_class(row.message)()
    body, findings = read(message, json, unknown=unknown_fields)
    if findings:
        findings = list(examples.illustrated(findings, json, row.message))
    name = more.name or _name_of(message, row)
    if not name and not any(each.path == (row.name_field,) for each in findings):
        findings.append(_nameless(row))
    if not any(each.level is Level.ERROR for each in findings):
        known = examining.examined(message, body)
        if not findings:
            # Nothing is softened: what is too much to be told is left out before more is made of it.
            known = told(known)
        written = (replace(each, path=spelled(json, each.path)) for each in known)
        findings += told(softened(written, json, findings))
    if any(each.level is Level.ERROR for each in findings):
        return _refused(*findings)
    resource = _resource(row, message, name=name, body=body, origin=origin, more=more)
    return Encoded(resource=resource, findings=tuple(findings))


def from_message(
    message: Message,
    *,
    name: str = "",
    version: str = "",
    ttl: float | None = None,
    origin: ObjectKey | None = None,
    check: bool = True,
) -> Resource:
    """Return the resource of a protobuf message.

    Args:
        message: Of a type that has a row in the table of resource types; or the `Resource` of the discovery service
            that holds one, whose name, version, aliases and TTL count where no others are given. It is not changed.
        name: In place of the name that the message holds, for a type whose messages hold none.
        version: The caller's own version in place of the content's.
        ttl: Seconds after which an Envoy that understands it drops the resource, unless it hears of it again.
        origin: The object that it came from.
        check: Nested `Any` messages are read, and written anew so that their bytes, and with them the version, are the
            same in every process; and Envoy's own rules are asked. Without it they are served exactly as they are.

    Raises:
        InvalidResource: Its type has no row, it has no name, or, with `check`, an `Any` inside cannot be read, or Envoy
            would refuse it.
    """
    if message.DESCRIPTOR.full_name == wrapped.WRAPPER:
        return _from_wrapper(message, name=name, version=version, ttl=ttl, origin=origin, check=check)
    row = BY_URL.get(TYPE_URL_PREFIX + message.DESCRIPTOR.full_name)
    if row is None:
        raise InvalidResource(name or message.DESCRIPTOR.full_name, (_no_row(message.DESCRIPTOR.full_name).message,))
    name = name or _name_of(message, row)
    if not name:
        raise InvalidResource(row.name, (_nameless(row).message,))
    if check:
        try:
            message = anys.canonical(message)
        except DecodeError as error:
            raise InvalidResource(name, ("an Any inside it cannot be read",)) from error
    body = message.SerializeToString(deterministic=True)
    if check:
        _ask_rules(name, message, body)
    return _resource(row, message, name=name, body=body, version=version, origin=origin, more=_more(name, ttl))


def from_any(
    type_url: str,
    value: bytes,
    *,
    name: str = "",
    version: str = "",
    ttl: float | None = None,
    origin: ObjectKey | None = None,
    check: bool = True,
) -> Resource:
    """Return the resource of an `Any`: exactly these bytes are served.

    Args:
        type_url: `type.googleapis.com/` and a message type that has a row in the table of resource types.
        value: The serialized message.
        name: In place of the name that the message holds.
        version: The caller's own version in place of the content's.
        ttl: Seconds after which an Envoy that understands it drops the resource, unless it hears of it again.
        origin: The object that it came from.
        check: The bytes, and those of every known `Any` inside, must be readable, and Envoy's own rules are asked.

    Raises:
        InvalidResource: The type has no row, there is no name, or, with `check`, the bytes are not readable, or Envoy
            would refuse them.
    """
    row = BY_URL.get(type_url)
    if row is None:
        raise InvalidResource(name or type_url, (_no_row(types.type_name(type_url)).message,))
    message: Message | None = None
    try:
        message = types.message_class(row.message).FromString(value)
        if check:
            anys.canonical(message)
    except DecodeError as error:
        if check:
            raise InvalidResource(name or row.name, (f"the bytes are not a readable {row.message}",)) from error
    name = name or (_name_of(message, row) if message is not None else "")
    if not name:
        raise InvalidResource(row.name, (_nameless(row).message,))
    if check and message is not None:
        _ask_rules(name, message, value)
    return _resource(row, message, name=name, body=value, version=version, origin=origin, more=_more(name, ttl))


def _ask_rules(name: str, message: Message, body: bytes) -> None:
    if endless_numbers := _endless.recall(message, body, lambda it: tuple(map(str, endless(it)))):
        raise InvalidResource(name, endless_numbers)
    if any(each in body for each in _TYPED_STRUCTS):
        return  # nobody can tell what in it is not understood here
    errors = tuple(str(each) for each in examining.examined(message, body) if each.level is Level.ERROR)
    if errors:
        raise InvalidResource(name, errors)


def to_json(resource: Resource, *, show_secrets: bool = False) -> dict[str, Any]:
    """Return a resource as its owner would write it: field names of the protos, `@type` first; always the same.

    Private keys, passwords and all else that Envoy's protos mark as sensitive are shown as `[redacted]`, unless asked
    for.
    Bytes that are no readable message give the `@type` alone.
    """
    message = types.message_of(resource)
    if message is None:
        return {TYPE_KEY: resource.type.url}
    return {TYPE_KEY: resource.type.url, **printer.fields_to_json(message, show_secrets=show_secrets)}


def _resource(
    row: ResourceType,
    message: Message | None,
    *,
    name: str,
    body: bytes,
    version: str = "",
    origin: ObjectKey | None = None,
    more: wrapped.More = wrapped.BARE,
) -> Resource:
    name = canonical(name)
    lingering = message is None or lingers(message)
    names = cannot_tell(row) if message is None else references(message)
    return Resource(
        type=row,
        name=name,
        body=body,
        version=version or content_version(body, lingers=lingering),
        references=names,
        claims=() if message is None else claims(message),
        warms_within=0.0 if message is None else warms_within(message),
        validity=() if message is None else validity(message, body),
        said_of_names=NOTHING_SAID if message is None else said_of_names(message, names),
        lingers=lingering,
        origin=origin,
        aliases=(*more.aliases, *(_aliases(message, name) if message is not None and row.aliased else ())),
        ttl=more.ttl,
    )


def _aliases(host: Any, name: str) -> tuple[str, ...]:
    """Return the names under which Envoys ask for a virtual host: its domains below its routes."""
    scope, slash, _ = name.rpartition("/")
    return tuple(dict.fromkeys(alias(scope, domain) for domain in host.domains)) if slash else ()


def _from_wrapper(
    message: Any, *, name: str, version: str, ttl: float | None, origin: ObjectKey | None, check: bool
) -> Resource:
    inner = message.resource
    if ttl is None and message.HasField("ttl"):
        ttl = wrapped.seconds(message.ttl)
    resource = from_any(
        inner.type_url,
        inner.value,
        name=name or message.name,
        version=version or message.version,
        ttl=ttl,
        origin=origin,
        check=check,
    )
    return replace(resource, aliases=tuple(message.aliases)) if message.aliases else resource


def _more(name: str, ttl: float | None) -> wrapped.More:
    if ttl is None:
        return wrapped.BARE
    try:
        return wrapped.More(ttl=wrapped.sensible(ttl))
    except Misfit as misfit:
        raise InvalidResource(name, (f"{misfit.message} ({misfit.mend})",)) from misfit


def _row_of(json: object) -> ResourceType:
    if not isinstance(json, Mapping):
        raise Misfit("wrong-type", f"a resource is a map, found {kind_of(json)}")
    url = json.get(TYPE_KEY)
    if not isinstance(url, str) or not url:
        known = f"such as {RESOURCE_TYPES[0].url}"
        raise Misfit("missing-type", 'the resource has no "@type"', f'add "@type", {known}')
    name = types.type_name(url)
    if row := BY_URL.get(TYPE_URL_PREFIX + name):
        return row
    newer = types.successor(name)
    if newer is None:
        raise _no_row(name)
    misfit = old_type(name, newer)
    misfit.example = examples.of_resource(json, newer)
    raise misfit


def _no_row(name: str) -> Misfit:
    near = nearest(name, [row.message for row in RESOURCE_TYPES])
    known = f"did you mean {near}? " if near else ""
    known += f"the types are {', '.join(row.message for row in RESOURCE_TYPES)}"
    return Misfit("unknown-type", f"{quote(name)} is no type of resource that can be served", known)


def _name_of(message: Message, row: ResourceType) -> str:
    return getattr(message, row.name_field) if row.name_field else ""


def _nameless(row: ResourceType) -> Finding:
    if not row.name_field:
        return Finding(
            code="empty-name", message=f"an {row.name} holds no name of its own, so it cannot be served from JSON"
        )
    mend = f"give it a {row.name_field}"
    return Finding(
        code="empty-name", path=(row.name_field,), message=f"the {row.name} has no {row.name_field}", mend=mend
    )


def _refused(*findings: Finding) -> Encoded:
    return Encoded(resource=None, findings=findings)
