"""Fields and enum values that Envoy once had and refuses today, unless its runtime says otherwise."""

from __future__ import annotations

from typing import Any

from envoy.annotations import deprecation_pb2

from legation.envoy.constraints.rule import Rule

OF_USE = "disallowed.field"
"""The kind of a rule that is broken by use alone, whatever the value is."""


def disallowed(field: Any) -> Rule | None:
    """Return the rule that a field, or a value of it, is not used; None where all of it is allowed."""
    if field.GetOptions().Extensions[deprecation_pb2.disallowed_by_default]:
        words = "is a field that Envoy no longer takes"
        return Rule(kind=OF_USE, words=words, broken=lambda _: True)
    if field.enum_type is None or field.is_repeated:
        return None
    values = field.enum_type.values
    gone = {each.number for each in values if each.GetOptions().Extensions[deprecation_pb2.disallowed_by_default_enum]}
    if not gone:
        return None
    words = f"must be {' or '.join(each.name for each in values if each.number not in gone)}"
    return Rule(kind="disallowed.value", words=words, broken=lambda value: value in gone)
