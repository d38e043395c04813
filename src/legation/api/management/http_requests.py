"""What somebody sends over HTTP as a message of the proto, or what is wrong with it and where.

It knows JSON, YAML and what stands behind a question mark. It refuses to know what a call means. The one invariant:
nothing that was sent is left out of sight: what has no place in the message is refused with its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass

from legation.api.management.http_rules import Rule
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2
from legation.sources.manifests import read_text

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_DEPTH = 100
"""How deep JSON may be nested; protobuf's own limit."""
# What json_format says: `Failed to parse items field: <words> at ApplyRequest.items[0].text.`
_CHAIN = re.compile(r"^Failed to parse (\w+) field: ")
_AT = re.compile(r' at "?\w+((?:\.\w+|\[\d+\])*)"?\.*(?:\s*Available Fields.*)?$', re.DOTALL)
_UNKNOWN = re.compile(r'^Message type "[\w.]+" has no field named "(.*?)"$', re.DOTALL)
_BOOLEANS = {"true": True, "": True, "1": True, "false": False, "0": False}
_INTEGERS = frozenset({FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64})
_NATURALS = frozenset({FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64})


def from_json(rule: Rule, body: bytes, *, fixed: Mapping[str, str]) -> Message:
    """Return the message that a JSON body is.

    Args:
        rule: The call.
        body: What was sent; empty for a message without fields.
        fixed: What the path says.

    Raises:
        Refused: It is no JSON, or no such message.
    """
    try:
        found = json.loads(body, object_pairs_hook=_once, parse_constant=_no_number) if body.strip() else {}
    except json.JSONDecodeError as error:
        words = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise Refused.bad_request([("", f"the body is no JSON: {words}")], reason="MALFORMED") from None
    except (ValueError, RecursionError) as error:
        words = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        faults = [("", f"the body is no JSON that can be taken: {words}")]
        raise Refused.bad_request(faults, reason="MALFORMED") from None
    if not isinstance(found, dict):
        message = f"the body must be a JSON object, a {rule.asks.name}"
        raise Refused.bad_request([("", message)], reason="MALFORMED")
    return _filled(rule.asks, {**found, **fixed})


def from_query(rule: Rule, query: Iterable[tuple[str, str]], *, fixed: Mapping[str, str]) -> Message:
    """Return the message that the path and what is behind its question mark are.

    Args:
        rule: The call.
        query: Names and values, in their order; a field that is repeated may come more than once.
        fixed: What the path says.

    Raises:
        Refused: There is no such field, or that is no value of it.
    """
    values: dict[str, Any] = dict(fixed)
    for name, text in query:
        field = _field(rule.asks, name)
        value = _value(field, text)
        if field.is_repeated:
            values.setdefault(field.name, []).append(value)
        elif field.name in values:
            where = "in the path already" if field.name in fixed else "given twice"
            raise Refused.bad_request([(field.json_name, f"it is {where}")])
        else:
            values[field.name] = value
    return _filled(rule.asks, values)


def from_manifests(rule: Rule, body: bytes, *, query: Iterable[tuple[str, str]]) -> Message:
    """Return the ApplyRequest that a stream of YAML documents is: each object an item, as `kubectl apply -f -` has it.

    Args:
        rule: The call.
        body: The documents; the items of a List count one by one.
        query: The other fields of the request: `dry_run=true`.

    Raises:
        Refused: It is no text, a document is no object, or a field is wrong.
    """
    request = from_query(rule, query, fixed={})
    if not isinstance(request, management_pb2.ApplyRequest):
        message = f"a {rule.asks.name} is sent as application/json"
        raise Refused.bad_request([("", message)], reason="CONTENT_TYPE")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused.bad_request([("", f"the body is no UTF-8 text: byte {error.start + 1}")]) from None
    reading = read_text(text, file="body")
    if reading.problems:
        raise Refused.bad_request([("", str(each)) for each in reading.problems], reason="MALFORMED")
    # As text, for a Struct would make whole numbers to floating ones.
    request.items.extend(
        management_pb2.Item(text=json.dumps(each.body, ensure_ascii=False, default=str)) for each in reading
    )
    if not request.items:
        raise Refused.bad_request([("items", "there is no object in the body")])
    return request


def _filled(asks: Descriptor, values: Mapping[str, Any]) -> Message:
    message: Message = GetMessageClass(asks)()
    try:
        return json_format.ParseDict(dict(values), message, max_recursion_depth=_DEPTH)
    except json_format.ParseError as error:
        raise Refused.bad_request([_fault(str(error))]) from None
    # Values that have no place in a protobuf message end in errors of several kinds.
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise Refused.bad_request([("", f"the body is no {asks.name}: {error}")]) from None


def _fault(words: str) -> tuple[str, str]:
    """Return the path of the field, and what is wrong with it, of what json_format says."""
    chain = []
    while match := _CHAIN.match(words):
        chain.append(match[1])
        words = words[match.end() :]
    path = ".".join(chain)
    if match := _AT.search(words):
        path, words = match[1].removeprefix(".") or path, words[: match.start()]
    if match := _UNKNOWN.match(words):
        above = path if chain else ""
        return f"{above}.{match[1]}" if above else match[1], "there is no such field"
    return path, words.rstrip(".")


def _field(asks: Descriptor, name: str) -> FieldDescriptor:
    found = asks.fields_by_name.get(name) or asks.fields_by_camelcase_name.get(name)
    if found is None or found.message_type is not None:
        known = ", ".join(each.json_name for each in asks.fields if each.message_type is None)
        raise Refused.bad_request([(name, f"there is no such parameter; there are {known}")], reason="UNKNOWN_FIELD")
    return found


def _value(field: FieldDescriptor, text: str) -> Any:
    """Return the value of a scalar field as JSON has it."""
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        if text not in _BOOLEANS:
            raise Refused.bad_request([(field.json_name, "it must be true or false")])
        return _BOOLEANS[text]
    if field.cpp_type in _INTEGERS | _NATURALS and not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise Refused.bad_request([(field.json_name, "it must be a whole number")])
    if field.enum_type is not None and text not in field.enum_type.values_by_name:
        known = ", ".join(each.name for each in field.enum_type.values if each.number)
        raise Refused.bad_request([(field.json_name, f"it must be one of {known}")])
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'"{key}" stands twice in one object')
        found[key] = value
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")
