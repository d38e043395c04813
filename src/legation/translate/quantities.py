"""Weights as people and programs write them: whole numbers, the same as text, quantities of Kubernetes. Pure.

They mean ratios, so they are read exactly and made whole together: `500m` and `1500m` are 1 and 3.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

UINT32_MOST = 2**32 - 1
"""What the weights of one route may be together, since Envoy 1.24."""
_MOST = 2**63 - 1
_FINEST = 10**9
"""Kubernetes caps what is larger, and rounds up what is finer than a billionth."""
_LONGEST = 100
_QUANTITY = re.compile(r"([-+]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([-+]?[0-9]{1,3})|([KMGTPE]i|[numkMGTPE]))?", re.ASCII)


def _power(base: int, exponent: int) -> Fraction:
    return Fraction(base**exponent) if exponent >= 0 else Fraction(1, base**-exponent)


_SUFFIXES: dict[str | None, Fraction] = {
    **{each: _power(1000, power) for each, power in zip("num kMGTPE", range(-3, 7), strict=True)},
    **{f"{each}i": _power(1024, power) for each, power in zip("KMGTPE", range(1, 7), strict=True)},
    None: Fraction(1),
}


def quantity(value: object) -> Fraction:
    """Return the number that a JSON value means.

    Raises:
        ValueError: It is none, or a negative one; the text says which.
    """
    if isinstance(value, str):
        number = _read(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Fraction(value)
    elif isinstance(value, float) and math.isfinite(value):
        # By its shortest decimals: 0.1 is meant to be a tenth, and not the double next to it.
        number = Fraction(Decimal(repr(value)))
    else:
        raise ValueError("it is no number")
    if number < 0:
        raise ValueError("it is negative")
    if _FINEST % number.denominator:
        number = Fraction(math.ceil(number * _FINEST), _FINEST)
    return min(number, Fraction(_MOST))


def whole(numbers: Iterable[Fraction]) -> tuple[int, ...]:
    """Return the numbers, all multiplied by the least that makes them whole."""
    every = tuple(numbers)
    by = math.lcm(*(each.denominator for each in every))
    return tuple(int(each * by) for each in every)


def fitted(weights: Sequence[int], *, most: int) -> tuple[int, ...]:
    """Return weights of about the same ratio that are together at most so much.

    What fits stays as it is. What is positive stays positive, for which `most` needs as much room as there are weights.
    """
    total = sum(weights)
    if total <= most:
        return tuple(weights)
    room = max(0, most - len(weights))
    return tuple(min(1, each) + each * room // total for each in weights)


def _read(text: str) -> Fraction:
    matched = _QUANTITY.fullmatch(text) if len(text) <= _LONGEST else None
    if matched is None:
        raise ValueError("it is no number, and no quantity such as 500m or 1e3")
    sign, digits, exponent, suffix = matched.groups()
    number = Fraction(Decimal(digits)) * _power(10, int(exponent or 0)) * _SUFFIXES[suffix]
    return -number if sign == "-" else number
