"""/metrics in Prometheus' formats, made from the records at the moment of the question: nothing is counted here.

Names of Envoys, groups and objects are no labels: nobody can say how many there will be. Loads alone are told by group
and cluster, because nothing else would help; how many are kept has a bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.utils import floatToGoString

from legation.model.loads import LoadTotal
from legation.model.problems import Problem
from legation.model.resource_types import ResourceType
from legation.model.statistics import (
    Histogram,
    Statistics,
    StatusStatistics,
    StoreStatistics,
    TransportStatistics,
)


class Metrics(Collector):
    """What Prometheus reads."""

    def __init__(
        self,
        *,
        statistics: Callable[[], Statistics],
        problems: Callable[[], Sequence[Problem]],
        transport: Callable[[], TransportStatistics],
        status: Callable[[], StatusStatistics] | None = None,
        store: Callable[[], StoreStatistics] | None = None,
        certificates: Callable[[], Mapping[str, float]] | None = None,
        handshakes: Callable[[], Mapping[str, tuple[int, int]]] | None = None,
    ) -> None:
        """Take where the figures come from.

        Args:
            statistics: Counts since the start, and sizes now.
            problems: What is wrong now.
            transport: What goes through the port where Envoys connect.
            status: What is told of objects in their cluster; None where there is none.
            store: The store of objects that come through the management API; None where there is none.
            certificates: When those end that are shown and trusted, in Unix seconds; None where there are none.
            handshakes: Connections with TLS that began since the start, and those that came to ask, by port.
        """
        self._statistics = statistics
        self._problems = problems
        self._transport = transport
        self._status = status
        self._store = store
        self._certificates = certificates
        self._handshakes = handshakes
        # A registry of its own: two servers in one process, as in tests, do not share figures.
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render(self, *, accept: str) -> tuple[bytes, str]:
        """Return the page and its content type, in the format that the Accept header asks for."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Metric]:
        """Yield every family of ours, for the registry."""
        now = self._statistics()
        said = now.feedback
        yield GaugeMetricFamily("legation_proxies_connected", "Envoys that are connected.", said.proxies)
        yield GaugeMetricFamily("legation_proxies_waiting", "Those that are told nothing yet.", said.waiting)
        yield CounterMetricFamily(
            "legation_turned_away", "How often an Envoy was not served for who it says it is.", now.turned_away
        )
        yield _total(
            "legation_denied",
            "How often a client had not proven to be who it says it is and was refused, by cause.",
            now.denied,
            label="cause",
        )
        yield _total(
            "legation_denied_reported",
            "How often one would have been refused, where that is only reported, by cause.",
            now.reported,
            label="cause",
        )
        yield GaugeMetricFamily(
            "legation_proxies_unproven",
            "Clients that are served now and would be refused, where that is only reported.",
            now.unproven,
        )
        yield _by(
            "legation_proxies_refusing", "Envoys that refuse something now, by type.", "type", _named(said.refusing)
        )
        yield GaugeMetricFamily("legation_groups", "Groups of Envoys that get the same.", now.groups)
        yield _by("legation_objects", "Objects that are served, by kind.", "kind", now.objects)
        yield _by("legation_resources", "Resources that are served, by type.", "type", _named(now.resources))
        yield _by(
            "legation_proxies_pending", "Envoys that have not answered all yet, by type.", "type", _named(said.pending)
        )
        yield _by("legation_proxies_silent", "Envoys that have not for a minute.", "type", _named(said.silent))
        yield _convergence(said.convergence)
        yield _total("legation_responses", "Responses sent to Envoys, by type.", _named(said.sent))
        yield _total("legation_accepted", "Responses that Envoys accepted, by type.", _named(said.accepted))
        yield _total("legation_refused", "Responses that Envoys refused, by type.", _named(said.refused))
        yield SummaryMetricFamily(
            "legation_update_duration_seconds",
            "From the first look at changed objects to the new snapshots.",
            count_value=now.updates,
            sum_value=now.update_seconds,
        )
        yield self._problem_counts()
        yield from _loads(said.loads)
        yield from self._wire()
        if self._status is not None:
            yield from _told(self._status())
        if self._store is not None:
            yield from _stored(self._store())
        if self._certificates is not None:
            yield _by(
                "legation_tls_certificate_expiry_timestamp_seconds",
                "When the certificate that is shown ends, and the last of the authorities, in Unix seconds.",
                "certificate",
                self._certificates(),
            )
        if self._handshakes is not None:
            counts = self._handshakes()
            yield _total(
                "legation_tls_connections",
                "Connections that began at a port with TLS.",
                {port: begun for port, (begun, _) in counts.items()},
                label="port",
            )
            yield _total(
                "legation_tls_connections_used",
                "Those that came to something: over gRPC a first call, over HTTP a whole handshake.",
                {port: used for port, (_, used) in counts.items()},
                label="port",
            )

    def _wire(self) -> Iterator[Metric]:
        now = self._transport()
        streams = GaugeMetricFamily(
            "legation_streams", "Open streams, by what they carry and how.", labels=("carries", "variant")
        )
        for label, count in now.streams.items():
            streams.add_metric(label, count)
        yield streams
        yield _total(
            "legation_misbehaving_clients",
            "How often a client began to ask for too much, by what; the log names it.",
            now.misbehaving,
            label="what",
        )
        through = now.traffic.items()
        yield _total(
            "legation_requests", "Requests of Envoys, by type.", {key: each.messages_in for key, each in through}
        )
        yield _total("legation_request_bytes", "Their size, by type.", {key: each.bytes_in for key, each in through})
        yield _total(
            "legation_response_bytes", "Size of responses, by type.", {key: each.bytes_out for key, each in through}
        )

    def _problem_counts(self) -> Metric:
        family = GaugeMetricFamily(
            "legation_problems",
            "What is wrong now, by level, code and kind of the object.",
            labels=("level", "code", "kind"),
        )
        for labels, count in sorted(Counter(map(_labels_of, self._problems())).items()):
            family.add_metric(labels, count)
        return family


def _labels_of(problem: Problem) -> tuple[str, str, str]:
    return (str(problem.level), problem.code, problem.object.kind if problem.object is not None else "")


def _convergence(histograms: Mapping[ResourceType, Histogram]) -> Metric:
    family = HistogramMetricFamily(
        "legation_convergence_seconds", "From a change to each Envoy that accepted it, by type.", labels=("type",)
    )
    for row, each in histograms.items():
        below = accumulate(each.counts)
        bounds = (*map(floatToGoString, each.bounds), "+Inf")
        family.add_metric((row.name,), buckets=list(zip(bounds, below, strict=True)), sum_value=each.total)
    return family


def _told(now: StatusStatistics) -> Iterator[Metric]:
    yield GaugeMetricFamily("legation_leader", "Whether this replica writes the status of objects.", now.leading)
    yield GaugeMetricFamily("legation_status_waiting", "Objects whose status is to be written.", now.waiting)
    yield CounterMetricFamily("legation_status_writes", "Status that was written.", now.writes)
    yield CounterMetricFamily("legation_status_events", "Events that were told.", now.events)
    yield CounterMetricFamily("legation_status_failures", "Requests for one or the other that failed.", now.failures)
    yield GaugeMetricFamily("legation_replicas", "Replicas that the one that writes knows of.", now.replicas)
    yield GaugeMetricFamily("legation_replicas_answered", "Those that told what their Envoys have.", now.answered)


def _stored(now: StoreStatistics) -> Iterator[Metric]:
    yield GaugeMetricFamily("legation_store_objects", "Objects that the store keeps.", now.objects)
    yield GaugeMetricFamily("legation_store_journal_size_bytes", "Size of its journal.", now.journal)
    yield CounterMetricFamily("legation_store_transactions", "Calls whose changes it has kept.", now.transactions)
    yield CounterMetricFamily("legation_store_fsyncs", "How often it waited for the disk.", now.syncs)
    yield CounterMetricFamily("legation_store_written_bytes", "What it wrote.", now.written)
    yield CounterMetricFamily("legation_store_refused", "Calls whose changes the disk did not take.", now.refused)


def _loads(totals: Iterable[LoadTotal]) -> Iterator[Metric]:
    where = ("group", "cluster")
    issued = CounterMetricFamily("legation_upstream_requests", "Requests of Envoys to a cluster (LRS).", labels=where)
    errors = CounterMetricFamily("legation_upstream_errors", "Those that failed.", labels=where)
    dropped = CounterMetricFamily("legation_upstream_dropped", "Those never sent.", labels=(*where, "category"))
    running = GaugeMetricFamily("legation_upstream_requests_in_progress", "Those that run.", labels=where)
    for each in totals:
        at = (each.group, each.cluster)
        issued.add_metric(at, each.issued)
        errors.add_metric(at, each.errors)
        running.add_metric(at, each.in_progress)
        for category, count in each.dropped.items():
            dropped.add_metric((*at, category), count)
    return iter((issued, errors, dropped, running))


def _named(counts: Mapping[ResourceType, int]) -> dict[str, int]:
    return {row.name: count for row, count in counts.items()}


def _by(name: str, text: str, label: str, counts: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for value, count in counts.items():
        family.add_metric((value,), count)
    return family


def _total(name: str, text: str, counts: Mapping[str, int], *, label: str = "type") -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,))
    for value, count in counts.items():
        family.add_metric((value,), count)
    return family
