"""Messages in which one rule of Envoy's protos is broken each, so that Envoy can be asked whether it asks that rule.

All that a message type needs is filled in by trying plain values until its rules are content; then one of them is
broken, as narrowly as can be: what must be there is left out, a number is one beyond its bound.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage

from legation.envoy import examining, types
from legation.envoy.constraints import kinds
from legation.envoy.constraints.compiling import compiled
from legation.envoy.constraints.rule import CODE

_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_TEXTS = ("a", "/a", "%a%", "a" * 44, "a" * 64, "http", "GET")
_NUMBERS = (1, 2, 5, 100, 200, 300, 512, 1024, 65_536, 8_388_608)
_PLAIN: tuple[Any, ...] = (*_TEXTS, b"a", *_NUMBERS, 0.5, 1.5, True, False)
_SECONDS = (1, 60, 0, 900, 3600)
_LIMIT = 8
"""Levels of messages that are filled."""
_NO_VALUE = 9999
_BEYOND = {"lt": 0, "lte": 1, "gt": 0, "gte": -1}
_LENGTHS = {"max_len": 1, "max_bytes": 1, "min_len": -1, "min_bytes": -1}


def broken(name: str) -> Iterator[tuple[str, Any]]:
    """Yield messages of a type with one rule broken each, in it or in a message inside it, and what that is."""
    root = types.message_class(name).DESCRIPTOR
    for descriptor, path in _reachable(root):
        for leaf, skip in _leaves(descriptor):
            try:
                message = _around(root, path, leaf, skip)
            except LookupError:
                continue
            wrong = [each for each in examining.examine(message) if each.code == CODE]
            if len(wrong) == 1:
                yield str(wrong[0]), message


def _reachable(root: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield each message type once that stands in another, with the fields that lead to it."""
    seen = {root.full_name}
    left: list[tuple[Any, tuple[Any, ...]]] = [(root, ())]
    while left:
        descriptor, path = left.pop(0)
        yield descriptor, path
        for field in descriptor.fields:
            inner = field.message_type
            if inner is None or inner.GetOptions().map_entry or field in compiled(descriptor).skipped:
                continue
            if inner.file.package != "google.protobuf" and inner.full_name not in seen:
                seen.add(inner.full_name)
                left.append((inner, (*path, field)))


def _around(root: Any, path: Sequence[Any], leaf: Any, skip: frozenset[str]) -> Any:
    """Return a message with that one at the end of a path, and all else that it needs."""
    message = at = types.message_class(root.full_name)()
    for field in path:
        inner = getattr(at, field.name)
        at = inner.add() if field.is_repeated else inner
        if not field.is_repeated:
            at.SetInParent()
    at.MergeFrom(leaf)
    _fill(at, skip)
    at = message
    for field in path:
        _fill(at)
        inner = getattr(at, field.name)
        at = inner[0] if field.is_repeated else inner
    return message


def _leaves(descriptor: Any) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yield beginnings of a message in which something is wrong, and what must not be filled in for that."""
    make = types.message_class(descriptor.full_name)
    for must in compiled(descriptor).musts:
        oneofs = {each.name for each in descriptor.oneofs if not must.finding.path}
        yield make(), frozenset(map(str, must.finding.path[:1])) | oneofs
    for field, check in compiled(descriptor).fields.items():
        oneof = {field.containing_oneof.name} if field.containing_oneof else set()
        for value in _beyond(field):
            message = make()
            with contextlib.suppress(ValueError):  # below zero where no sign is
                _set(message, field, value)
            given = dict(message.ListFields()).get(field)
            if given is not None and check(given):
                yield message, frozenset({field.name, *oneof})


def _beyond(field: Any) -> Iterator[Any]:
    """Yield values just beyond the bounds of a field."""
    rules: Any = kinds.annotation(field)
    kind = kinds.type_of(rules)
    if kind == "repeated":
        rules = rules.repeated.items
        kind = kinds.type_of(rules)
    if kind is None or kind in {"map", "any", "bool", "timestamp"}:
        return
    given = getattr(rules, kind)
    bounds = {option.name: value for option, value in given.ListFields()}
    if kind == "enum":
        yield _NO_VALUE
    for name, step in _LENGTHS.items():
        if kind in {"string", "bytes"} and name in bounds:
            yield ("a" if kind == "string" else b"a") * (bounds[name] + step)
    for name, step in _BEYOND.items():
        if name in bounds and kind == "duration":
            yield bounds[name].ToNanoseconds() + step
        elif name in bounds:
            yield bounds[name] + (step / 1000 if kind in {"float", "double"} else step)


def _fill(message: Any, skip: frozenset[str] = frozenset(), depth: int = 0) -> None:
    """Set what a message must have.

    Raises:
        LookupError: No value is good enough.
    """
    if depth > _LIMIT:
        raise LookupError(message.DESCRIPTOR.full_name)
    for oneof in message.DESCRIPTOR.oneofs:
        if kinds.is_required_oneof(oneof) and oneof.name not in skip and message.WhichOneof(oneof.name) is None:
            fields = sorted(
                oneof.fields, key=lambda each: (each.GetOptions().deprecated, each.message_type is not None)
            )
            _fill_field(message, fields[0], depth)
    for must in compiled(message.DESCRIPTOR).musts:
        if must.finding.path and must.finding.path[0] not in skip and must.missing(message):
            _fill_field(message, message.DESCRIPTOR.fields_by_name[str(must.finding.path[0])], depth)


def _fill_field(message: Any, field: Any, depth: int) -> None:
    inner = field.message_type
    if inner is None or inner.full_name in types.WRAPPERS or inner.full_name == "google.protobuf.Duration":
        check = compiled(message.DESCRIPTOR).fields.get(field)
        values = [second * 10**9 for second in _SECONDS] if inner and inner.name == "Duration" else _PLAIN
        for value in values:
            message.ClearField(field.name)
            try:
                _set(message, field, value)
            except (TypeError, ValueError):
                continue
            if check is None or not check(getattr(message, field.name)):
                return
        raise LookupError(field.full_name)
    if inner.GetOptions().map_entry:
        raise LookupError(field.full_name)
    at = getattr(message, field.name)
    at = at.add() if field.is_repeated else at
    if isinstance(at, AnyMessage):
        at.Pack(types.message_class(_ROUTER)())
        return
    at.SetInParent()
    _fill(at, depth=depth + 1)


def _set(message: Any, field: Any, value: Any) -> None:
    inner = field.message_type
    if field.is_repeated:
        getattr(message, field.name).append(value)
    elif inner is None:
        setattr(message, field.name, value)
    elif inner.full_name in types.WRAPPERS:
        getattr(message, field.name).value = value
    else:
        at = getattr(message, field.name)
        at.FromNanoseconds(value)
        at.SetInParent()
