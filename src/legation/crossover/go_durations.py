"""Durations as Go writes and reads them: `1m30s`, `-1.5h`, `500ms`, `0`. Pure.

Source: https://pkg.go.dev/time#ParseDuration
"""

from __future__ import annotations

import re

_MICRO = 1_000
_MILLI = 1_000_000
SECOND = 1_000_000_000
"""Nanoseconds: what Go counts in."""
_MINUTE = 60 * SECOND
_HOUR = 60 * _MINUTE
# Both letters that look like the Greek mu are taken.
_UNITS = {
    "ns": 1,
    "us": _MICRO,
    "\u00b5s": _MICRO,
    "\u03bcs": _MICRO,
    "ms": _MILLI,
    "s": SECOND,
    "m": _MINUTE,
    "h": _HOUR,
}
_TERM = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]+)")
_LONGEST = 2**63 - 1
"""What fits into Go's number, some 292 years."""


def parse(text: str) -> int:
    """Return a duration in nanoseconds.

    Raises:
        ValueError: It is none.
    """
    sign, rest = (text[0], text[1:]) if text[:1] in {"+", "-"} else ("+", text)
    if rest == "0":
        return 0
    total = at = 0
    while at < len(rest):
        term = _TERM.match(rest, at)
        if term is None:
            raise ValueError(f"a unit is missing in {text!r}")
        total += _nanoseconds(term, text)
        at = term.end()
    # Go has one negative number more than positive ones.
    if not rest or total > _LONGEST + (sign == "-"):
        raise ValueError(f"{text!r} is no duration")
    return -total if sign == "-" else total


def _nanoseconds(term: re.Match[str], text: str) -> int:
    whole, _, fraction, unit = term.groups()
    if not whole and not fraction:
        raise ValueError(f"a number is missing in {text!r}")
    if unit not in _UNITS:
        raise ValueError(f"there is no unit {unit!r}")
    scale = _UNITS[unit]
    found = int(whole or "0") * scale
    # More digits than these are below a nanosecond.
    digits = (fraction or "")[:18]
    return found + (int(digits) * scale // 10 ** len(digits) if digits else 0)


def show(nanoseconds: int) -> str:
    """Return a duration as Go prints it: `1m0s`."""
    sign, left = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if left < SECOND:
        return sign + _small(left)
    hours, left = divmod(left, _HOUR)
    minutes, left = divmod(left, _MINUTE)
    shown = _decimal(left, SECOND) + "s"
    if minutes or hours:
        shown = f"{minutes}m{shown}"
    return f"{sign}{hours}h{shown}" if hours else sign + shown


def _small(nanoseconds: int) -> str:
    if not nanoseconds:
        return "0s"
    for scale, unit in ((_MILLI, "ms"), (_MICRO, "\u00b5s")):
        if nanoseconds >= scale:
            return _decimal(nanoseconds, scale) + unit
    return f"{nanoseconds}ns"


def _decimal(amount: int, scale: int) -> str:
    whole, rest = divmod(amount, scale)
    digits = str(rest).rjust(len(str(scale)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
