"""Which kinds of rules there are, and the rules of one field: the annotation of a field -> rules.

A kind that Envoy's API does not use is not here: `tests/unit/envoy/constraints` walks through all descriptors and says
when one comes in. What Envoy's generated code would not check either (an e-mail address, a URI) is nothing for here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from validate import validate_pb2

from legation.envoy.constraints.collections import LISTS, MAPS
from legation.envoy.constraints.enums import ANYS, BOOLS, ENUMS
from legation.envoy.constraints.numbers import DURATIONS, number_kinds
from legation.envoy.constraints.rule import Kinds, Rule
from legation.envoy.constraints.texts import BYTES, STRINGS
from legation.envoy.constraints.unasked import GONE

_NUMBERS = (
    *("float", "double", "int32", "int64", "uint32", "uint64", "sint32", "sint64"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64"),
)
KINDS: Mapping[str, Kinds] = {
    **{each: number_kinds(each) for each in _NUMBERS},
    "any": ANYS,
    "bool": BOOLS,
    "bytes": BYTES,
    "duration": DURATIONS,
    "enum": ENUMS,
    "map": MAPS,
    "repeated": LISTS,
    "string": STRINGS,
}
"""The kinds by the type of rules that they belong to, as `validate.FieldRules` calls it."""


def annotation(field: Any) -> Any | None:
    """Return the `validate.FieldRules` of a field, or None where it has none."""
    options = field.GetOptions()
    return options.Extensions[validate_pb2.rules] if options.HasExtension(validate_pb2.rules) else None


def is_required_oneof(oneof: Any) -> bool:
    """Say whether one of the fields of a oneof must be set."""
    return bool(oneof.GetOptions().Extensions[validate_pb2.required])


def is_checked(descriptor: Any) -> bool:
    """Say whether Envoy has code that checks messages of a type."""
    extensions = descriptor.GetOptions().Extensions
    return not extensions[validate_pb2.disabled] and not extensions[validate_pb2.ignored]


def type_of(rules: Any) -> str | None:
    """Return which of KINDS the rules of a field belong to; None: to none, they are about presence alone."""
    return None if rules is None else rules.WhichOneof("type")


def rules_of(rules: Any, field: Any) -> Iterator[Rule]:
    """Yield the demands on a value of a field, or on one member of it, from its annotation."""
    kind = type_of(rules)
    if kind is None:
        return
    given = getattr(rules, kind)
    made = set()
    for option, _ in given.ListFields():
        make = KINDS[kind].get(option.name)
        if make is None or make in made:
            continue
        made.add(make)
        rule = make(given, field)
        if rule and (field.full_name, rule.kind) not in GONE:
            yield rule


def ignores_empty(rules: Any) -> bool:
    """Say whether the rules are not meant for the empty value."""
    kind = type_of(rules)
    return kind is not None and bool(getattr(getattr(rules, kind), "ignore_empty", False))


def is_required(rules: Any) -> bool:
    """Say whether a message must be there."""
    if rules is None:
        return False
    kind = type_of(rules)
    return bool(rules.message.required or (kind and getattr(getattr(rules, kind), "required", False)))


def is_skipped(rules: Any) -> bool:
    """Say whether Envoy does not look into the message of a field."""
    return rules is not None and bool(rules.message.skip or type_of(rules) == "any")
