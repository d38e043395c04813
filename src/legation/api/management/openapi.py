"""The OpenAPI 3.1 document of the HTTP/JSON API, made from the descriptor and the comments of the proto.

It knows how protobuf becomes JSON. It refuses to know what a call means beyond what the proto says of it. The one
invariant: what it describes is what `http_app` serves, for both are made of the same rules.

Sources: https://spec.openapis.org/oas/v3.1.1.html, https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.rpc import status_pb2

from legation.api.management.http_rules import RULES, Rule
from legation.api.management.methods import SERVICE
from legation.api.management.proto_comments import comments

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor

Json: TypeAlias = dict[str, Any]

_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
}
_WELL_KNOWN: dict[str, Json] = {
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["30s"]},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
}


def openapi_document() -> Json:
    """Return the document."""
    paths: Json = {}
    for rule in RULES:
        paths.setdefault(rule.path, {})[rule.verb.lower()] = _operation(rule)
    schemas: Json = {}
    waiting = [*(rule.asks for rule in RULES if rule.has_body), *(rule.answers for rule in RULES)]
    waiting.append(status_pb2.Status.DESCRIPTOR)
    while waiting:
        message = waiting.pop()
        if message.full_name in _WELL_KNOWN or _name(message) in schemas:
            continue
        schemas[_name(message)] = _schema(message)
        waiting += [each for each in map(_inner, message.fields) if each is not None]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "legation: the management API",
            "version": version("legation"),
            "description": "Objects and upstreams at run time, and what became of them at the Envoys.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _operation(rule: Rule) -> Json:
    said = _said(rule.method.full_name)
    operation: Json = {
        "operationId": rule.method.name,
        "summary": said.partition(". ")[0].rstrip("."),
        "description": said,
        "tags": [SERVICE.name],
        "parameters": list(_parameters(rule)),
    }
    if rule.has_body:
        content: Json = {"application/json": {"schema": _reference(rule.asks)}}
        if rule.name == "apply":
            content["application/yaml"] = {
                "schema": {
                    "type": "string",
                    "description": "Manifests as they are, one document or several; each becomes an item. The other "
                    "fields of the request stand behind the question mark.",
                }
            }
        operation["requestBody"] = {"required": True, "content": content}
    answer = {"schema": _reference(rule.answers)}
    kinds = ("application/x-ndjson", "text/event-stream") if rule.is_stream else ("application/json",)
    failed = {"application/json": {"schema": _reference(status_pb2.Status.DESCRIPTOR)}}
    operation["responses"] = {
        "200": {
            "description": f"One {rule.answers.name} in each line, until the client goes" if rule.is_stream else "Done",
            "content": dict.fromkeys(kinds, answer),
        },
        "default": {"description": "Refused: a google.rpc.Status with details", "content": failed},
    }
    return operation


def _parameters(rule: Rule) -> Iterator[Json]:
    for name in rule.variables:
        field = rule.asks.fields_by_name[name]
        yield {"name": name, "in": "path", "required": True, **_about(field), "schema": _value(field)}
    for field in rule.asks.fields:
        if _inner(field) is not None or field.name in rule.variables or field.message_type is not None:
            continue
        # A call with a body takes its fields from there, unless that body is YAML.
        if rule.has_body and rule.name != "apply":
            continue
        about = _about(field)
        if rule.has_body:
            about = {"description": f"With application/yaml only. {about.get('description', '')}".rstrip()}
        yield {"name": field.json_name, "in": "query", **about, "schema": _property(field)}


def _about(field: FieldDescriptor) -> Json:
    said = _said(field.full_name)
    return {"description": said} if said else {}


def _schema(message: Descriptor) -> Json:
    properties = {field.json_name: {**_property(field), **_about(field)} for field in message.fields}
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if said := _said(message.full_name):
        schema["description"] = said
    rules = [
        {"maxProperties": 1}
        if len(oneof.fields) == len(message.fields)
        else {"not": {"anyOf": [{"required": [a.json_name, b.json_name]} for a, b in _pairs(oneof.fields)]}}
        for oneof in message.oneofs
        if len(oneof.fields) > 1
    ]
    return {**schema, **({"allOf": rules} if rules else {})}


def _pairs(fields: Sequence[FieldDescriptor]) -> Iterator[tuple[FieldDescriptor, FieldDescriptor]]:
    return ((one, other) for at, one in enumerate(fields) for other in fields[at + 1 :])


def _property(field: FieldDescriptor) -> Json:
    if (entry := _map_entry(field)) is not None:
        return {"type": "object", "additionalProperties": _value(entry.fields_by_name["value"])}
    return {"type": "array", "items": _value(field)} if field.is_repeated else _value(field)


def _value(field: FieldDescriptor) -> Json:
    if field.message_type is not None:
        return _reference(field.message_type)
    if field.enum_type is not None:
        return _enumeration(field.enum_type)
    return dict(_SCALARS[field.type])


def _enumeration(enum: EnumDescriptor) -> Json:
    values = [each.name for each in enum.values]
    said = [f"{each.name}: {words}" for each in enum.values if (words := _said(_full_name(enum, each.name)))]
    return {"type": "string", "enum": values, **({"description": " ".join(said)} if said else {})}


def _full_name(enum: EnumDescriptor, value: str) -> str:
    return f"{enum.full_name}.{value}"


def _reference(message: Descriptor) -> Json:
    if message.full_name in _WELL_KNOWN:
        return dict(_WELL_KNOWN[message.full_name])
    return {"$ref": f"#/components/schemas/{_name(message)}"}


def _inner(field: FieldDescriptor) -> Descriptor | None:
    """Return the message whose schema a field needs, if there is one."""
    entry = _map_entry(field)
    inner = field.message_type if entry is None else entry.fields_by_name["value"].message_type
    return None if inner is None or inner.full_name in _WELL_KNOWN else inner


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    inner = field.message_type
    return inner if inner is not None and inner.GetOptions().map_entry else None


def _name(message: Descriptor) -> str:
    package = message.file.package
    own = SERVICE.file.package
    return message.full_name.removeprefix(f"{own}." if package == own else "").replace("google.rpc.", "")


def _said(full_name: str) -> str:
    return comments().get(full_name, "")


def docs_page(document: Json) -> str:
    """Return the document as a page for people; it needs nothing from elsewhere."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><title>legation: the management API</title>",
        "<style>body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}code{background:#8881}",
        "h2{margin-top:2rem}td{padding:.1rem 1rem .1rem 0;vertical-align:top}</style>",
        "<h1>The management API</h1><p>As a document for programs: <a href=/openapi.json>/openapi.json</a>.</p>",
    ]
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            parts.append(f"<h2><code>{verb.upper()} {html.escape(path)}</code></h2>")
            parts.append(f"<p>{_text(operation['description'])}</p>")
            parts.append(_rows((each["name"], each.get("description", "")) for each in operation["parameters"]))
            if "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                parts.append(f"<p>Body: <a href='#{schema}'>{schema}</a></p>")
            answer = next(iter(operation["responses"]["200"]["content"].values()))["schema"]["$ref"].rpartition("/")[2]
            parts.append(f"<p>Answer: <a href='#{answer}'>{answer}</a></p>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f"<h2 id='{name}'>{name}</h2><p>{_text(schema.get('description', ''))}</p>")
        parts.append(_rows((each, told.get("description", "")) for each, told in schema["properties"].items()))
    return "".join(parts)


def _rows(rows: Iterator[tuple[str, str]]) -> str:
    every = "".join(f"<tr><td><code>{html.escape(name)}</code><td>{_text(said)}" for name, said in rows)
    return f"<table>{every}</table>" if every else ""


def _text(said: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(said))
