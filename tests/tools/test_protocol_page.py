from __future__ import annotations

from tests.spec.rows.table import LEFT_OUT, ROWS
from tests.spec.variants import SOTW, SOTW_OWN
from tools.protocol_page import NOT_YET, Ran, faults, page


def ran(number: str, *variants: str) -> Ran:
    return Ran(f"test_{number}", number, frozenset(variants))


def test_every_row_is_there_once_and_in_order() -> None:
    numbers = [tuple(map(int, row.number[1:].split("."))) for row in ROWS]
    assert numbers == sorted(set(numbers))
    assert not {row.number for row in ROWS} & set(LEFT_OUT)


def test_a_row_without_a_test_says_so() -> None:
    shown = page([ran("A2.2", SOTW, SOTW_OWN)])
    assert f"- A2.1 (state of the world): {NOT_YET}\n" in shown
    assert "- A2.2 (state of the world): `test_A2.2`\n" in shown


def test_a_variant_that_is_claimed_and_not_spoken_is_a_fault() -> None:
    assert faults([ran("A2.2", SOTW)]) == [f"A2.2: no test speaks in {SOTW_OWN}"]
    assert faults([ran("A2.2", SOTW), ran("A2.2", SOTW_OWN)]) == []


def test_a_test_of_no_row_is_a_fault() -> None:
    assert faults([ran("A2.99")]) == ["test_A2.99: there is no row A2.99"]
