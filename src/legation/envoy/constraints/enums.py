"""Rules for enums and booleans."""

from __future__ import annotations

from typing import Any

from legation.envoy.constraints.rule import Kinds, Rule, nothing

_LISTED = 10
"""An enum with at most so many values has them listed."""


def _names(field: Any, numbers: Any) -> str:
    known = field.enum_type.values_by_number
    return " or ".join(known[number].name if number in known else str(number) for number in numbers)


def _defined_only(rules: Any, field: Any) -> Rule | None:
    if not rules.defined_only:
        return None
    known = frozenset(field.enum_type.values_by_number)
    names = [each.name for each in field.enum_type.values]
    mend = f"it can be {', '.join(names)}" if len(names) <= _LISTED else ""
    words = "is no value that Envoy knows"
    return Rule(kind="enum.defined_only", words=words, mend=mend, broken=lambda value: value not in known)


def _const(rules: Any, field: Any) -> Rule:
    wanted = rules.const
    words = f"must be {_names(field, [wanted])}"
    return Rule(kind="enum.const", words=words, broken=lambda value: value != wanted)


def _among(rules: Any, field: Any) -> Rule:
    members = frozenset(getattr(rules, "in"))
    words = f"must be {_names(field, sorted(members))}"
    return Rule(kind="enum.in", words=words, broken=lambda value: value not in members)


def _not_among(rules: Any, field: Any) -> Rule:
    members = frozenset(rules.not_in)
    words = f"must not be {_names(field, sorted(members))}"
    return Rule(kind="enum.not_in", words=words, broken=lambda value: value in members)


def _bool_const(rules: Any, _: Any) -> Rule:
    wanted = rules.const
    words = f"must be {'true' if wanted else 'false'}, or not be set"
    return Rule(kind="bool.const", words=words, broken=lambda value: value != wanted)


ENUMS: Kinds = {"defined_only": _defined_only, "const": _const, "in": _among, "not_in": _not_among}
BOOLS: Kinds = {"const": _bool_const}
ANYS: Kinds = {"required": nothing}  # of the field, not of its value
