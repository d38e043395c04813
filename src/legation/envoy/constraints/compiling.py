"""A message type -> what its own fields must be, as closures. Messages inside it have compiled rules of their own.

A field without presence is at its default where it is not set, and Envoy checks that, too. So what the default breaks
is asked of each message (`musts`), and all the rest only of what is set (`fields`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from legation.envoy import types
from legation.envoy.constraints import kinds
from legation.envoy.constraints.disallowed import OF_USE, disallowed
from legation.envoy.constraints.numbers import ANY_DURATION
from legation.envoy.constraints.rule import CODE, Rule
from legation.envoy.findings import Finding

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

Findings: TypeAlias = "list[Finding] | tuple[Finding, ...]"
Check: TypeAlias = Callable[[Any], Findings]
"""The value of a field -> what is wrong with it, with paths that begin with the field."""
NONE: Findings = ()
_DURATION = "google.protobuf.Duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Must:
    """Something that a message must have."""

    missing: Callable[[Any], bool]
    """Asked of the message."""
    finding: Finding
    fields: frozenset[FieldDescriptor]
    """While one of these is set, it is not missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The rules of a message type."""

    musts: tuple[Must, ...] = ()
    fields: Mapping[FieldDescriptor, Check] = field(default_factory=dict)
    """What is asked of the value of a field that is set."""
    skipped: frozenset[FieldDescriptor] = frozenset()
    """Fields whose messages Envoy does not look into."""


@cache
def compiled(descriptor: Descriptor) -> Compiled:
    """Return the rules of a message type."""
    if not kinds.is_checked(descriptor):
        return Compiled(skipped=frozenset(descriptor.fields))
    checks: dict[FieldDescriptor, Check] = {}
    musts = [_oneof_must(oneof) for oneof in descriptor.oneofs if kinds.is_required_oneof(oneof)]
    skipped = set()
    for each in descriptor.fields:
        rules = kinds.annotation(each)
        if check := _check(each, rules):
            checks[each] = check
        musts += _field_musts(each, rules)
        if kinds.is_skipped(rules) and not _is_any(each):
            skipped.add(each)
    return Compiled(musts=tuple(musts), fields=checks, skipped=frozenset(skipped))


def _is_any(each: Any) -> bool:
    """Say whether what a field holds is looked into by whoever makes the extension, and not with what is around it."""
    return each.message_type is not None and each.message_type.full_name == types.ANY


def _oneof_must(oneof: Any) -> Must:
    name = oneof.name
    choices = [each.name for each in oneof.fields if not each.GetOptions().deprecated] or [
        each.name for each in oneof.fields
    ]
    words = f"{choices[0]} must be set" if len(choices) == 1 else f"one of {', '.join(choices)} must be set"
    return Must(
        missing=lambda message: message.WhichOneof(name) is None,
        finding=Finding(code=CODE, message=words),
        fields=frozenset(oneof.fields),
    )


def _field_musts(each: Any, rules: Any) -> Iterator[Must]:
    name = each.name
    if each.containing_oneof is not None:
        return
    if each.message_type is not None and not each.is_repeated:
        if kinds.is_required(rules):
            finding = Finding(code=CODE, path=(name,), message="must be set")
            yield Must(missing=lambda message: not message.HasField(name), finding=finding, fields=frozenset({each}))
    elif not kinds.ignores_empty(rules):
        default = () if each.is_repeated else each.default_value
        asked = (rule for rule in _demands(each, rules) if rule.kind != OF_USE)
        broken = next((rule for rule in asked if rule.broken(default)), None)
        if broken is not None:
            finding = broken.finding(name)
            yield Must(missing=lambda message: not getattr(message, name), finding=finding, fields=frozenset({each}))


def _check(each: Any, rules: Any) -> Check | None:
    name = each.name
    if not each.is_repeated:
        return _single(_own(each, rules), (name,))
    if each.message_type is not None and each.message_type.GetOptions().map_entry:
        return _of_map(each, rules)
    item = rules.repeated.items if kinds.type_of(rules) == "repeated" else None
    whole = tuple(_demands(each, rules if kinds.type_of(rules) == "repeated" else None))
    return _joined(_single(whole, (name,)), _of_items(name, _own(each, item, one_of_many=True)))


def _own(each: Any, rules: Any, *, one_of_many: bool = False) -> tuple[Rule, ...]:
    """Return what is asked of one value."""
    found = tuple(kinds.rules_of(rules, each) if one_of_many else _demands(each, rules))
    if each.message_type is None:
        return tuple(_unless_empty(rule) for rule in found) if kinds.ignores_empty(rules) else found
    if each.message_type.full_name == _DURATION:
        return (*found, ANY_DURATION)
    if each.message_type.full_name in types.WRAPPERS:
        inner = tuple(_unless_empty(rule) for rule in found) if kinds.ignores_empty(rules) else found
        return tuple(_unwrapped(rule) for rule in inner)
    return found


def _demands(each: Any, rules: Any) -> Iterator[Rule]:
    if gone := disallowed(each):
        yield gone
    yield from kinds.rules_of(rules, each)


def _unless_empty(rule: Rule) -> Rule:
    broken = rule.broken
    return replace(rule, broken=lambda value: bool(value) and broken(value))


def _unwrapped(rule: Rule) -> Rule:
    broken = rule.broken
    return replace(rule, broken=lambda wrapper: broken(wrapper.value))


def _single(rules: tuple[Rule, ...], path: tuple[str, ...]) -> Check | None:
    """Return the check of one value: of one rule, the first that is broken is told, as in Envoy."""
    if not rules:
        return None
    if len(rules) == 1:
        broken, finding = rules[0].broken, (rules[0].finding(*path),)
        return lambda value: finding if broken(value) else NONE
    pairs = tuple((rule.broken, (rule.finding(*path),)) for rule in rules)

    def check(value: Any) -> Findings:
        for is_broken, found in pairs:
            if is_broken(value):
                return found
        return NONE

    return check


def _of_items(name: str, rules: tuple[Rule, ...]) -> Check | None:
    if not rules:
        return None

    def check(values: Any) -> Findings:
        found: list[Finding] = []
        for index, value in enumerate(values):
            broken = next((rule for rule in rules if rule.broken(value)), None)
            if broken is not None:
                found.append(broken.finding(name, index))
        return found

    return check


def _of_map(each: Any, rules: Any) -> Check | None:
    if kinds.type_of(rules) != "map":
        rules = None
    name = each.name
    keys, values = (each.message_type.fields_by_name[part] for part in ("key", "value"))
    key_rules = _own(keys, rules.map.keys if rules is not None else None)
    value_rules = _own(values, rules.map.values if rules is not None else None)
    whole = _single(tuple(kinds.rules_of(rules, each)), (name,))
    if not key_rules and not value_rules:
        return whole

    def check(entries: Any) -> Findings:
        found: list[Finding] = []
        for key in entries:
            found += (rule.finding(name, _written(key)) for rule in key_rules if rule.broken(key))
            found += (rule.finding(name, _written(key)) for rule in value_rules if rule.broken(entries[key]))
        return found

    return _joined(whole, check)


def _written(key: Any) -> str:
    """Return a key of a map as JSON has it."""
    return str(key).lower() if isinstance(key, bool) else str(key)


def _joined(first: Check | None, second: Check | None) -> Check | None:
    if first is None or second is None:
        return first or second
    one, other = first, second
    return lambda value: (*one(value), *other(value))
