"""Problems in the words that the API server passes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.api.admission.saying import LONGEST_WARNING, MOST_OF_WARNINGS, MOST_PROBLEMS, fitting, refusal, warnings
from legation.model.problems import Level, Problem


def problem(message: str = "it is wrong", *path: str | int, mend: str = "") -> Problem:
    return Problem(code="bad-value", message=message, path=path, mend=mend, level=Level.ERROR)


def test_a_refusal_lists_every_problem_with_its_place_and_its_mend() -> None:
    found = refusal([problem("no", "spec", "a", 0, mend="write yes"), problem("never", "spec", "b")])
    assert found.message == "spec.a[0]: no (write yes); spec.b: never"
    assert found.causes == (("spec.a[0]", "no (write yes)"), ("spec.b", "never"))
    assert (found.code, found.reason) == (422, "Invalid")


def test_what_is_wrong_with_the_whole_names_its_name_as_kubectl_shows_no_empty_field() -> None:
    assert refusal([problem("it is twice")]).causes == (("metadata.name", "it is twice"),)


def test_of_very_many_problems_the_first_are_told_and_the_rest_are_counted() -> None:
    found = refusal([problem("no", "spec", number) for number in range(MOST_PROBLEMS + 7)])
    assert len(found.causes) == MOST_PROBLEMS
    assert found.message.endswith("; and 7 more")


def test_warnings_say_why_it_was_let_pass() -> None:
    assert warnings([problem("no", "spec")], because="it was so before") == ("it was so before", "spec: no")
    assert warnings([]) == ()


@pytest.mark.parametrize(("text", "said"), [("a\nb\tc\x00", "a b c"), ("é", "é"), ("x" * 256, "x" * 256)])
def test_a_warning_holds_nothing_that_a_header_cannot_carry(text: str, said: str) -> None:
    assert fitting([text]) == (said,)


def test_more_than_the_api_server_takes_is_counted() -> None:
    found = fitting(["x" * 300] * 40)
    assert {len(each) for each in found[:-1]} == {LONGEST_WARNING}
    assert found[-1] == f"and {40 - (len(found) - 1)} more; the page /problems of legation has all"


@given(st.lists(st.text(max_size=400), max_size=60))
def test_they_always_fit(texts: list[str]) -> None:
    found = fitting(texts)
    assert all(len(each) <= LONGEST_WARNING for each in found)
    assert sum(map(len, found)) <= MOST_OF_WARNINGS
    assert all(each.isprintable() for each in "".join(found))
