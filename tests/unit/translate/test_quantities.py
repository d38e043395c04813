from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.translate.quantities import UINT32_MOST, fitted, quantity, whole


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (25, 25),
        (50.5, Fraction(101, 2)),
        (0.1, Fraction(1, 10)),
        ("50", 50),
        ("+50", 50),
        ("0050", 50),
        ("500m", Fraction(1, 2)),
        ("1500m", Fraction(3, 2)),
        ("0.5", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1e+3", 1000),
        ("5e-1", Fraction(1, 2)),
        ("1E", 10**18),
        ("1k", 1000),
        ("2M", 2_000_000),
        ("1Ki", 1024),
        ("100u", Fraction(1, 10_000)),
        ("1n", Fraction(1, 10**9)),
        ("-0", 0),
    ],
)
def test_what_kubernetes_reads_is_read(value: object, number: Fraction | int) -> None:
    assert quantity(value) == number


def test_what_is_too_fine_or_too_large_is_treated_as_kubernetes_does() -> None:
    assert quantity("0.1n") == Fraction(1, 10**9)
    assert quantity("1e-999") == Fraction(1, 10**9)
    assert quantity("9e999") == 2**63 - 1
    assert quantity(10**400) == 2**63 - 1


@pytest.mark.parametrize(
    "value",
    [
        *("", " 5", "5 ", "1e", "1K", "1mi", "0x10", "1_000", "५", "5m5", "e3", ".", "9" * 101, "1e9999", "1e3k"),
        *(True, None, [], {}, float("nan"), float("inf")),
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="it is no number"):
        quantity(value)


@pytest.mark.parametrize("value", [-1, -0.5, "-1", "-500m"], ids=repr)
def test_what_is_negative_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="negative"):
        quantity(value)


def test_whole_numbers_stay_as_they_are() -> None:
    """Also where they could be smaller: who reads the files finds the numbers that were written."""
    assert whole([Fraction(20), Fraction(80), Fraction(0)]) == (20, 80, 0)
    assert whole([]) == ()


def test_what_is_not_whole_is_made_whole_together() -> None:
    assert whole([Fraction(1, 2), Fraction(3, 2)]) == (1, 3)
    assert whole([Fraction(25, 2), Fraction(175, 2), Fraction(1)]) == (25, 175, 2)


@given(st.lists(st.fractions(min_value=0, max_denominator=10**6), max_size=6))
def test_ratios_stay(numbers: list[Fraction]) -> None:
    made = whole(numbers)
    assert all(
        one * b == two * a for one, a in zip(numbers, made, strict=True) for two, b in zip(numbers, made, strict=True)
    )


def test_what_fits_stays() -> None:
    assert fitted([1, 0, UINT32_MOST - 1], most=UINT32_MOST) == (1, 0, UINT32_MOST - 1)


@given(st.lists(st.integers(0, 2**70), min_size=1, max_size=8), st.integers(8, UINT32_MOST))
def test_what_is_too_large_is_made_smaller(weights: list[int], most: int) -> None:
    made = fitted(weights, most=most)
    assert sum(made) <= most
    assert [each > 0 for each in made] == [each > 0 for each in weights]


def test_what_is_made_smaller_keeps_its_ratio() -> None:
    one, three = fitted([10**12, 3 * 10**12], most=UINT32_MOST)
    assert three / one == pytest.approx(3, rel=1e-8)
