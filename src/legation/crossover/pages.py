"""The pages of the health port: is it alive, do the files stand there, and what does it count. Text alone.

The figures are called as in `legation.ops.file_metrics`, which has them of a library that is large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from legation.model.file_statistics import FileStatistics
from legation.model.problems import Problem
from legation.ops.plain_http import Page, health_pages


def pages(
    *,
    missing: Callable[[], Sequence[str]],
    statistics: Callable[[], FileStatistics],
    problems: Callable[[], Sequence[Problem]],
) -> Mapping[str, Page]:
    """Return the pages.

    Args:
        missing: Why not all files stand there, a clause for each.
        statistics: What became of files.
        problems: What is wrong now.
    """
    return health_pages(missing=missing, metrics=lambda: "".join(_metrics(statistics(), problems())))


def _metrics(now: FileStatistics, problems: Sequence[Problem]) -> Iterator[str]:
    """Yield each family.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    counters = {
        "legation_files_written_total": ("Files that were written.", now.written),
        "legation_file_bytes_total": ("Bytes that were written.", now.written_bytes),
        "legation_file_steps_total": ("How often files were written together.", now.steps),
        "legation_file_failures_total": ("How often the disk did not take them.", now.failures),
    }
    for name, (words, count) in counters.items():
        yield from (_head(name, "counter", words), f"{name} {count}\n")
    yield _head("legation_files_failing", "gauge", "Whether the last step was not written.")
    yield f"legation_files_failing {int(now.failing)}\n"
    if now.since_success is not None:
        yield _head("legation_files_age_seconds", "gauge", "Since files were last written.")
        yield f"legation_files_age_seconds {now.since_success}\n"
    yield _head("legation_files_update_seconds", "summary", "From a change until all of it stood there.")
    yield f"legation_files_update_seconds_count {now.updates}\n"
    yield f"legation_files_update_seconds_sum {now.update_seconds}\n"
    yield _head("legation_problems", "gauge", "What is wrong now, by level and code.")
    for (level, code), count in sorted(Counter((str(each.level), each.code) for each in problems).items()):
        yield f'legation_problems{{level="{level}",code="{code}"}} {count}\n'


def _head(name: str, kind: str, words: str) -> str:
    return f"# HELP {name} {words}\n# TYPE {name} {kind}\n"
