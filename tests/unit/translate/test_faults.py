from __future__ import annotations

from typing import Any

from legation.model.problems import MOST_TOLD, Level, Problem
from legation.translate.faults import unknown_fields
from tests.manifests import manifest

KNOWN = ("config", "workloadSelector")


def found(*names: str) -> list[Problem]:
    value: dict[str, Any] = dict.fromkeys(names)
    return list(unknown_fields(manifest(), value, KNOWN, ("spec",)))


def test_of_many_unknown_fields_some_are_told_and_the_others_counted() -> None:
    problems = found(*(f"field{each}" for each in range(MOST_TOLD + 1234)))
    assert len(problems) == MOST_TOLD + 1
    assert {each.level for each in problems} == {Level.WARNING}
    last = problems[-1]
    assert (last.code, last.path) == ("and-more", ("spec",))
    assert last.message == "and 1,234 more fields here that nobody understands"


def test_one_that_was_meant_to_be_a_known_field_is_an_error_though_it_is_not_told() -> None:
    problems = found(*(f"field{each}" for each in range(MOST_TOLD)), "konfig")
    assert [each.level for each in problems if each.level is Level.ERROR] == [problems[-1].level]
