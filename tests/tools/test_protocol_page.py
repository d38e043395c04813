from __future__ import annotations

from typing import TYPE_CHECKING

from tests.spec.rows.table import LEFT_OUT, ROWS
from tests.spec.variants import SOTW, SOTW_OWN
from tools.protocol_page import Ran, Recorder, faults, page

if TYPE_CHECKING:
    import pytest

pytest_plugins = ("pytester",)


def ran(number: str, *variants: str) -> Ran:
    return Ran(f"test_{number}", number, frozenset(variants))


ALL_RAN = [ran(row.number, *row.variants) for row in ROWS]


def test_every_row_is_there_once_and_in_order() -> None:
    numbers = [tuple(map(int, row.number[1:].split("."))) for row in ROWS]
    assert numbers == sorted(set(numbers))
    assert not {row.number for row in ROWS} & set(LEFT_OUT)


def test_every_row_says_over_what_it_is_tested() -> None:
    assert [row.number for row in ROWS if bool(row.variants) == bool(row.tested)] == []
    assert "- A8.14 (over its own service): `test_A8.14`\n" in page(ALL_RAN)


def test_a_row_is_shown_by_its_tests() -> None:
    assert "- A2.2 (state of the world): `test_A2.2`\n" in page([ran("A2.2", SOTW, SOTW_OWN)])


def test_a_row_that_no_test_has_shown_is_a_fault() -> None:
    assert faults(ALL_RAN) == []
    assert faults([each for each in ALL_RAN if each.number != "A8.14"]) == ["A8.14: no test has shown it"]


def test_a_variant_that_is_claimed_and_not_spoken_is_a_fault() -> None:
    others = [each for each in ALL_RAN if each.number != "A2.2"]
    assert faults([*others, ran("A2.2", SOTW)]) == [f"A2.2: no test speaks in {SOTW_OWN}"]
    assert faults([*others, ran("A2.2", SOTW), ran("A2.2", SOTW_OWN)]) == []


def test_a_test_of_no_row_is_a_fault() -> None:
    assert faults([*ALL_RAN, ran("A2.99")]) == ["test_A2.99: there is no row A2.99"]


OUTCOMES = """
import pytest

def test_passes(): pass

@pytest.mark.parametrize("case", range(2))
def test_passes_in_one_case(case):
    if case: pytest.skip("not here")

@pytest.mark.skip(reason="not now")
def test_skipped(): pass

def test_skips_itself(): pytest.skip("not here")

@pytest.mark.xfail
def test_fails_as_expected(): assert False

def test_fails(): assert False

@pytest.fixture
def broken():
    yield
    assert False

def test_is_torn_down_badly(broken): pass
"""


def test_only_what_ran_to_its_end_has_passed(pytester: pytest.Pytester) -> None:
    recorder = Recorder()
    path = pytester.makepyfile(test_outcomes=OUTCOMES)
    options = ("-n0", "-pno:randomly", "-pno:cacheprovider", "-oasyncio_default_fixture_loop_scope=function")
    pytester.inline_run(*options, str(path), plugins=[recorder])
    assert set(recorder.passed) == {"test_passes", "test_passes_in_one_case"}
    assert [each.rpartition("::")[2] for each in recorder.failed] == ["test_fails", "test_is_torn_down_badly"]
