"""Sums of loads, and their bounds."""

from __future__ import annotations

from legation.model.loads import OTHERS, ClusterLoad
from legation.model.node import Node, Peer
from legation.runtime import loads
from legation.runtime.loads import Loads

HERE = Peer(address="ipv4:127.0.0.1:1", transport="grpc")
THERE = Peer(address="ipv4:127.0.0.1:2", transport="grpc")
EDGE = Node(id="edge")


def load(cluster: str, issued: int = 1, *, errors: int = 0, in_progress: int = 0) -> ClusterLoad:
    """Return a report of two seconds."""
    return ClusterLoad(cluster=cluster, interval=2.0, issued=issued, errors=errors, in_progress=in_progress)


def test_reports_add_up_by_group_and_cluster_and_what_runs_is_that_of_the_last() -> None:
    known = Loads()
    one, other = known.open(HERE, EDGE), known.open(THERE, EDGE)
    for _ in range(2):
        known.take(one, [load("web", 10, errors=1, in_progress=5)], group="shop", known={"web"})
    known.take(other, [load("web", 4, in_progress=2)], group="shop", known={"web"})
    (total,) = known.totals()
    assert (total.group, total.cluster, total.issued, total.errors, total.in_progress) == ("shop", "web", 24, 2, 7)
    known.close(one)
    (total,) = known.totals()
    assert (total.issued, total.in_progress) == (24, 2)


def test_clusters_that_we_did_not_send_count_as_one() -> None:
    known = Loads()
    reporter = known.open(HERE, EDGE)
    known.take(reporter, [load(f"own-{number}") for number in range(1000)], group="shop", known={"web"})
    (total,) = known.totals()
    assert (total.cluster, total.issued) == (OTHERS, 1000)
    assert [each.cluster for each in reporter.last] == [OTHERS]


def test_kinds_of_drops_have_a_bound() -> None:
    known = Loads()
    reporter = known.open(HERE, EDGE)
    for number in range(100):
        dropped = {f"kind-{number}": 1, f"kind-too-{number}": 1}
        reported = ClusterLoad(cluster="web", interval=1.0, dropped=dropped)
        known.take(reporter, [reported], group="shop", known={"web"})
    (total,) = known.totals()
    assert sum(total.dropped.values()) == 200
    assert len(total.dropped) == loads.MOST_CATEGORIES + 1


def test_sums_have_a_bound_and_those_that_nobody_reports_any_more_go() -> None:
    known = Loads()
    reporter = known.open(HERE, EDGE)
    for number in range(loads.MOST_TOTALS + 10):
        names = {"always", f"c{number}"}
        known.take(reporter, map(load, sorted(names)), group="shop", known=names)
    totals = {each.cluster: each.issued for each in known.totals()}
    assert len(totals) == loads.MOST_TOTALS
    assert totals["always"] == loads.MOST_TOTALS + 10
    assert "c0" not in totals


def test_a_report_is_found_over_its_connection_or_by_an_id_that_one_node_alone_has() -> None:
    known = Loads()
    one = known.open(HERE, EDGE)
    known.take(one, [load("web")], group="shop", known={"web"})
    assert known.of(HERE, EDGE) == known.of(THERE, EDGE) == one.last
    other = known.open(THERE, EDGE)
    assert known.of(HERE, EDGE) == one.last
    assert known.of(Peer(address="ipv4:127.0.0.1:3", transport="grpc"), EDGE) == ()
    for each in (one, other):
        known.close(each)
    assert known.of(HERE, EDGE) == ()


def test_a_rate_of_no_time_is_none() -> None:
    assert load("web", 10).per_second(10) == 5.0
    assert ClusterLoad(cluster="web", interval=0.0).per_second(10) == 0.0
