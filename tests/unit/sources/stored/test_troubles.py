"""What is said of a folder of stored objects that cannot be used as it should."""

from __future__ import annotations

from legation.model.problems import Level
from legation.sources.stored.history import History
from legation.sources.stored.recovering import Recovered
from legation.sources.stored.troubles import damages, growing, reason_of, uncopied, unwritable


def recovered(*, damaged: tuple[int, ...] = (), cut: int = 0) -> Recovered:
    return Recovered(objects={}, history=History(), sound=0, damaged=damaged, cut=cut)


def test_a_sound_journal_is_no_problem() -> None:
    assert damages("objects.journal", recovered(), aside="aside") == ()


def test_damaged_lines_are_named() -> None:
    (problem,) = damages("objects.journal", recovered(damaged=(3,)), aside="aside")
    assert str(problem) == (
        "objects.journal:3: what was written at line 3 cannot be read or is not whole, and is lost (the damaged file is"
        " kept as aside; look whether all objects are there as you want them, apply those again that are not, then"
        " delete it)"
    )
    assert problem.level is Level.ERROR
    (problem,) = damages("objects.journal", recovered(damaged=(*range(3, 20),)), aside="aside")
    assert "lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and more cannot" in problem.message


def test_an_end_that_cannot_be_read_is_a_warning() -> None:
    (problem,) = damages("objects.journal", recovered(cut=7), aside="aside")
    assert (problem.level, problem.place and problem.place.line) == (Level.WARNING, 7)


def test_reasons_are_clauses() -> None:
    assert reason_of(OSError(28, "No space left on device")) == "No space left on device"
    assert reason_of(OSError("odd")) == "odd"
    assert reason_of(TimeoutError()) == "TimeoutError"
    for problem in (
        unwritable("objects.journal", "why"),
        growing("objects.journal", "why"),
        uncopied("objects", "why"),
    ):
        assert problem.message.endswith(": why")
        assert problem.mend
