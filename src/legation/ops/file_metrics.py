"""/metrics of who writes files, made from the records at the moment of the question: nothing is counted here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from legation.model.file_statistics import FileStatistics
from legation.model.problems import Problem


class FileMetrics(Collector):
    """What Prometheus reads."""

    def __init__(self, *, statistics: Callable[[], FileStatistics], problems: Callable[[], Sequence[Problem]]) -> None:
        """Take where the figures come from.

        Args:
            statistics: What became of the files.
            problems: What is wrong now.
        """
        self._statistics = statistics
        self._problems = problems
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render(self) -> str:
        """Return the page, in Prometheus' text format."""
        return generate_latest(self._registry).decode()

    def collect(self) -> Iterator[Metric]:
        """Yield every family of ours, for the registry."""
        now = self._statistics()
        yield CounterMetricFamily("legation_files_written", "Files that were written.", now.written)
        yield CounterMetricFamily("legation_files_removed", "Files that were removed.", now.removed)
        yield CounterMetricFamily("legation_file_bytes", "Bytes that were written.", now.written_bytes)
        yield CounterMetricFamily("legation_file_steps", "How often files were written together.", now.steps)
        yield CounterMetricFamily("legation_file_failures", "How often the disk did not take them.", now.failures)
        yield GaugeMetricFamily("legation_files_failing", "Whether the last step was not written.", now.failing)
        if now.since_success is not None:
            yield GaugeMetricFamily("legation_files_age_seconds", "Since files were last written.", now.since_success)
        yield SummaryMetricFamily(
            "legation_files_update_seconds",
            "From a change until all of it stood there.",
            count_value=now.updates,
            sum_value=now.update_seconds,
        )
        family = GaugeMetricFamily(
            "legation_problems", "What is wrong now, by level and code.", labels=("level", "code")
        )
        for (level, code), count in sorted(Counter((str(each.level), each.code) for each in self._problems()).items()):
            family.add_metric((level, code), count)
        yield family
