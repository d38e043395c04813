"""The rules of a field or a type in words: those of the checks themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from legation.envoy.constraints import kinds
from legation.envoy.constraints.rule import Rule


def field_rules(each: Any) -> Iterator[str]:
    """Yield what a field must be."""
    rules: Any = kinds.annotation(each)
    if kinds.is_required(rules):
        yield "must be set"
    yield from (_words(rule) for rule in kinds.rules_of(rules, each))
    if kinds.ignores_empty(rules):
        yield "may be empty nevertheless"
    kind = kinds.type_of(rules)
    if kind == "repeated":
        yield from _of_members(rules.repeated.items, each, "each item ")
    elif kind == "map":
        key, value = (each.message_type.fields_by_name[part] for part in ("key", "value"))
        yield from _of_members(rules.map.keys, key, "each key ")
        yield from _of_members(rules.map.values, value, "each value ")
    oneof = each.containing_oneof
    if oneof is not None and kinds.is_required_oneof(oneof):
        yield "one field of its oneof must be set"


def _of_members(rules: Any, each: Any, begin: str) -> Iterator[str]:
    yield from (begin + _words(rule) for rule in kinds.rules_of(rules, each))


def _words(rule: Rule) -> str:
    # Of a value it is said that Envoy does not know it; here there is none.
    return "must be one of the values below" if rule.kind == "enum.defined_only" else rule.words


def oneof_rules(message: Any) -> Iterator[str]:
    """Yield of which fields of a type one alone can be set, or has to be."""
    for oneof in message.oneofs:
        members = [each.name for each in oneof.fields]
        if len(members) > 1 or kinds.is_required_oneof(oneof):
            verb = "must" if kinds.is_required_oneof(oneof) else "can"
            yield f"one of {', '.join(members)} {verb} be set" if len(members) > 1 else f"{members[0]} must be set"
