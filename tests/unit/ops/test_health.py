"""The health port, asked without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from legation.ops.health import health_app
from legation.ops.metrics import Metrics
from tests.unit.ops.records import DANGLING, KEPT, STATISTICS, THROUGH, TOLD, UNKNOWN_FIELD

if TYPE_CHECKING:
    import httpx2


def client(missing: tuple[str, ...] = ()) -> TestClient:
    """Return a client of the health port."""
    metrics = Metrics(
        statistics=lambda: STATISTICS,
        problems=lambda: (UNKNOWN_FIELD, DANGLING),
        transport=lambda: THROUGH,
        status=lambda: TOLD,
        store=lambda: KEPT,
        certificates=lambda: {"server": 1.8e9},
        handshakes=lambda: {"xds": (40, 3)},
    )
    return TestClient(health_app(missing=lambda: missing, metrics=metrics))


def get(path: str, *, accept: str = "*/*", missing: tuple[str, ...] = ()) -> httpx2.Response:
    """Ask the health port."""
    return client(missing).get(path, headers={"accept": accept})


def test_it_is_alive_as_long_as_it_answers() -> None:
    """Liveness asks nothing else: a restart would mend no manifest."""
    assert get("/healthz", missing=("everything",)).status_code == 200


def test_it_is_ready_when_nothing_is_missing() -> None:
    """Readiness."""
    response = get("/readyz")
    assert (response.status_code, response.text) == (200, "ready\n")


def test_what_is_missing_is_said_a_line_for_each() -> None:
    """Readiness before all is there."""
    response = get("/readyz", missing=("no port", "no objects"))
    assert (response.status_code, response.text) == (503, "not ready: no port\nnot ready: no objects\n")


def test_metrics_are_in_prometheus_text() -> None:
    """Each family has its help text and its labels."""
    response = get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    lines = response.text.splitlines()
    for line in (
        "# HELP legation_proxies_connected Envoys that are connected.",
        "legation_proxies_connected 2.0",
        'legation_tls_certificate_expiry_timestamp_seconds{certificate="server"} 1.8e+09',
        'legation_tls_connections_total{port="xds"} 40.0',
        'legation_tls_connections_used_total{port="xds"} 3.0',
        'legation_proxies_refusing{type="Cluster"} 1.0',
        "legation_groups 1.0",
        'legation_objects{kind="Cluster"} 3.0',
        'legation_resources{type="Listener"} 1.0',
        'legation_responses_total{type="Cluster"} 9.0',
        'legation_accepted_total{type="Cluster"} 7.0',
        'legation_refused_total{type="Cluster"} 2.0',
        "legation_update_duration_seconds_count 4.0",
        "legation_update_duration_seconds_sum 0.5",
        'legation_streams{carries="ADS",variant="delta"} 2.0',
        'legation_misbehaving_clients_total{what="requests"} 1.0',
        'legation_requests_total{type="Cluster"} 8.0',
        'legation_request_bytes_total{type="Cluster"} 800.0',
        'legation_response_bytes_total{type="Cluster"} 9000.0',
        'legation_upstream_requests_total{cluster="web",group="shop"} 9.0',
        'legation_upstream_errors_total{cluster="web",group="shop"} 2.0',
        'legation_upstream_dropped_total{category="throttle",cluster="web",group="shop"} 1.0',
        'legation_upstream_requests_in_progress{cluster="web",group="shop"} 3.0',
        "legation_leader 1.0",
        "legation_status_waiting 2.0",
        "legation_status_writes_total 7.0",
        "legation_status_events_total 3.0",
        "legation_status_failures_total 1.0",
        "legation_store_objects 12.0",
        "legation_store_journal_size_bytes 4096.0",
        "legation_store_transactions_total 90.0",
        "legation_store_fsyncs_total 9.0",
        "legation_store_written_bytes_total 8192.0",
        "legation_store_refused_total 1.0",
        "legation_replicas 3.0",
        "legation_replicas_answered 2.0",
        'legation_problems{code="unknown-field",kind="Cluster",level="error"} 1.0',
        'legation_problems{code="dangling-reference",kind="",level="warning"} 1.0',
        'legation_proxies_pending{type="Listener"} 2.0',
        'legation_proxies_silent{type="Listener"} 1.0',
        'legation_convergence_seconds_bucket{le="0.1",type="Cluster"} 3.0',
        'legation_convergence_seconds_bucket{le="1.0",type="Cluster"} 4.0',
        'legation_convergence_seconds_bucket{le="+Inf",type="Cluster"} 5.0',
        'legation_convergence_seconds_count{type="Cluster"} 5.0',
        'legation_convergence_seconds_sum{type="Cluster"} 4.5',
    ):
        assert line in lines


def test_metrics_are_in_openmetrics_when_that_is_asked_for() -> None:
    """What Prometheus asks for first."""
    response = get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_two_servers_in_one_process_do_not_share_figures() -> None:
    """There is no global registry to fill twice."""
    assert client().get("/metrics").status_code == client().get("/metrics").status_code == 200


def test_no_figure_names_an_object_an_envoy_or_what_is_wrong() -> None:
    """Whoever reaches the port sees counts; groups and clusters of reported loads are all the names that there are."""
    text = get("/metrics").text
    for problem in (UNKNOWN_FIELD, DANGLING):
        assert problem.code in text
        assert problem.message not in text
        assert problem.object is None or str(problem.object) not in text
    assert "test-id" not in text
