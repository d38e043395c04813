"""Rules for how many members a list or a map has. Those for the members themselves are rules of their own."""

from __future__ import annotations

from typing import Any

from legation.envoy.constraints.rule import Kinds, Rule, nothing


def _sized(kind: str, at_least: str, at_most: str, one: str, many: str) -> Kinds:
    def lower(rules: Any, _: Any) -> Rule | None:
        least = getattr(rules, at_least)
        words = "must not be empty" if least == 1 else f"must have at least {least} {many}"
        return Rule(kind=f"{kind}.{at_least}", words=words, broken=lambda value: len(value) < least)

    def upper(rules: Any, _: Any) -> Rule:
        most = getattr(rules, at_most)
        words = f"must have at most {most} {one if most == 1 else many}"
        return Rule(kind=f"{kind}.{at_most}", words=words, broken=lambda value: len(value) > most)

    return {at_least: lower, at_most: upper, "ignore_empty": nothing}


def _unique(rules: Any, _: Any) -> Rule | None:
    if not rules.unique:
        return None
    words = "must not hold the same item twice"
    return Rule(kind="repeated.unique", words=words, broken=lambda value: len(set(value)) < len(value))


LISTS: Kinds = {**_sized("repeated", "min_items", "max_items", "item", "items"), "unique": _unique, "items": nothing}
MAPS: Kinds = {**_sized("map", "min_pairs", "max_pairs", "entry", "entries"), "keys": nothing, "values": nothing}
