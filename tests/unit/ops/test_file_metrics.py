"""What Prometheus reads of who writes files."""

from __future__ import annotations

from legation.model.file_statistics import FileStatistics
from legation.model.problems import Level, Problem
from legation.ops.file_metrics import FileMetrics


def page(statistics: FileStatistics, *problems: Problem) -> str:
    """Return the page."""
    return FileMetrics(statistics=lambda: statistics, problems=lambda: problems).render()


def test_each_count_is_a_line() -> None:
    """In the names that Prometheus gives to counters."""
    text = page(
        FileStatistics(
            steps=3, written=5, removed=1, written_bytes=700, failures=2, updates=4, update_seconds=0.5, failing=True
        )
    )
    for line in (
        "legation_file_steps_total 3.0",
        "legation_files_written_total 5.0",
        "legation_files_removed_total 1.0",
        "legation_file_bytes_total 700.0",
        "legation_file_failures_total 2.0",
        "legation_files_failing 1.0",
        "legation_files_update_seconds_count 4.0",
        "legation_files_update_seconds_sum 0.5",
    ):
        assert f"\n{line}\n" in text


def test_the_age_is_told_when_something_was_written() -> None:
    """Before that there is none."""
    assert "legation_files_age_seconds" not in page(FileStatistics())
    assert "legation_files_age_seconds 7.0" in page(FileStatistics(since_success=7.0))


def test_problems_are_counted_by_code_and_never_named() -> None:
    """Nobody can say how many objects there will be."""
    broken = Problem(code="unknown-field", message="nobody knows naame")
    doubt = Problem(code="duplicate-file", message="two have it", level=Level.WARNING)
    text = page(FileStatistics(), broken, broken, doubt)
    assert 'legation_problems{code="unknown-field",level="error"} 2.0' in text
    assert 'legation_problems{code="duplicate-file",level="warning"} 1.0' in text
    assert "naame" not in text
