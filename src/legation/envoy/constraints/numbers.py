"""Rules for what has an order: numbers, durations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from legation.envoy.constraints.rule import Kinds, Rule, nothing

_Measure: TypeAlias = Callable[[Any], int]
"""What of a value is compared; None: the value."""
_NANOS = 1_000_000_000
MAX_SECONDS = 9_223_372_035
"""Envoy counts in nanoseconds, in 64 bits."""


def number_kinds(type_name: str) -> Kinds:
    """Return the kinds for a type of numbers: `uint32`, `double`."""

    def between(rules: Any, _: Any) -> Rule | None:
        return _between(f"{type_name}.range", rules, of=None, show=_plain, more=("greater than", "at least"))

    return {**dict.fromkeys(("lt", "lte", "gt", "gte"), between), **_listed(type_name), "ignore_empty": nothing}


def _duration_between(rules: Any, _: Any) -> Rule | None:
    return _between("duration.range", rules, of=nanoseconds, show=_seconds, more=("longer than", "at least"))


def nanoseconds(duration: Any) -> int:
    """Return how long a Duration is."""
    return int(duration.seconds * _NANOS + duration.nanos)


def _is_no_span(duration: Any) -> bool:
    return bool(duration.seconds < 0 or duration.nanos < 0 or duration.seconds > MAX_SECONDS)


DURATIONS: Kinds = {
    **dict.fromkeys(("lt", "lte", "gt", "gte"), _duration_between),
    "required": nothing,  # of the field, not of its value
}
ANY_DURATION = Rule(
    kind="duration", broken=_is_no_span, words=f"must not be negative, nor longer than {MAX_SECONDS} seconds"
)
"""Envoy asks this of every duration, whatever else the proto says."""


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seconds(nanos: int) -> str:
    whole, rest = divmod(nanos, _NANOS)
    return f"{whole}s" if not rest else f"{whole}.{rest:09d}".rstrip("0") + "s"


def _between(
    kind: str, rules: Any, *, of: _Measure | None, show: Callable[[Any], str], more: tuple[str, str]
) -> Rule | None:
    low, high = _bound(rules, "gt", "gte", of), _bound(rules, "lt", "lte", of)
    low_words = f"{more[0] if rules.HasField('gt') else more[1]} {show(low)}" if low is not None else ""
    less = "shorter than" if more[0] == "longer than" else "less than"
    high_words = f"{less if rules.HasField('lt') else 'at most'} {show(high)}" if high is not None else ""
    below = None if low is None else _below(low, of, open_end=rules.HasField("gt"))
    above = None if high is None else _above(high, of, open_end=rules.HasField("lt"))
    if below is None or above is None:
        one = below or above
        return one and Rule(kind=kind, words=f"must be {low_words or high_words}", broken=one)
    if high > low:
        words = f"must be {low_words} and {high_words}"
        return Rule(kind=kind, words=words, broken=lambda value: below(value) or above(value))
    words = f"must be {low_words} or {high_words}"
    return Rule(kind=kind, words=words, broken=lambda value: below(value) and above(value))


def _bound(rules: Any, open_end: str, closed_end: str, of: _Measure | None) -> Any:
    name = next((each for each in (open_end, closed_end) if rules.HasField(each)), None)
    if name is None:
        return None
    bound = getattr(rules, name)
    return bound if of is None else of(bound)


def _below(low: Any, of: _Measure | None, *, open_end: bool) -> Callable[[Any], bool]:
    if of is None:
        return (lambda value: bool(value <= low)) if open_end else (lambda value: bool(value < low))
    return (lambda value: of(value) <= low) if open_end else (lambda value: of(value) < low)


def _above(high: Any, of: _Measure | None, *, open_end: bool) -> Callable[[Any], bool]:
    if of is None:
        return (lambda value: bool(value >= high)) if open_end else (lambda value: bool(value > high))
    return (lambda value: of(value) >= high) if open_end else (lambda value: of(value) > high)


def _listed(type_name: str) -> Kinds:
    def const(rules: Any, _: Any) -> Rule:
        wanted = rules.const
        words = f"must be {_plain(wanted)}"
        return Rule(kind=f"{type_name}.const", words=words, broken=lambda value: value != wanted)

    def among(rules: Any, _: Any) -> Rule:
        members = frozenset(getattr(rules, "in"))
        words = f"must be one of {', '.join(map(_plain, sorted(members)))}"
        return Rule(kind=f"{type_name}.in", words=words, broken=lambda value: value not in members)

    def not_among(rules: Any, _: Any) -> Rule:
        members = frozenset(rules.not_in)
        words = f"must not be {' or '.join(map(_plain, sorted(members)))}"
        return Rule(kind=f"{type_name}.not_in", words=words, broken=lambda value: value in members)

    return {"const": const, "in": among, "not_in": not_among}
