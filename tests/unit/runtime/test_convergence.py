"""From a change to the answers of Envoys: who counts, from when, and who does not."""

from __future__ import annotations

from legation.model.resource import Resource, content_version
from legation.model.resource_types import CLUSTER, LISTENER
from legation.model.snapshot import Snapshot, collect
from legation.runtime.convergence import BOUNDS, MOST_CHANGES, Convergence


def cluster(name: str, body: str = "") -> Resource:
    content = body.encode()
    return Resource(type=CLUSTER, name=name, body=content, version=content_version(content))


def snapshot(*resources: Resource) -> Snapshot:
    return Snapshot.of([collect(CLUSTER, resources)])


KEPT, OLD, NEW = cluster("kept"), cluster("web", "old"), cluster("web", "new")
BEFORE, AFTER = snapshot(KEPT, OLD), snapshot(KEPT, NEW)


def test_a_change_counts_from_when_it_was_heard_to_each_envoy_that_accepted_it() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, AFTER, 10.0)
    convergence.accept(CLUSTER, [KEPT, NEW], 10.03, since=1.0)
    convergence.accept(CLUSTER, [NEW], 100.0, since=1.0)

    [(row, histogram)] = convergence.histograms().items()

    assert row is CLUSTER
    assert histogram.bounds == BOUNDS
    assert [bound for bound, count in zip(BOUNDS, histogram.counts, strict=False) if count] == [0.05]
    assert histogram.counts[-1] == 1
    assert round(histogram.total, 6) == 90.03


def test_an_answer_to_several_changes_counts_once_and_from_the_oldest() -> None:
    convergence = Convergence()
    more = cluster("more")
    convergence.begin(BEFORE, AFTER, 10.0)
    convergence.begin(AFTER, snapshot(KEPT, NEW, more), 11.0)
    convergence.accept(CLUSTER, [NEW, more], 12.0, since=1.0)

    assert convergence.histograms()[CLUSTER].total == 2.0
    assert sum(convergence.histograms()[CLUSTER].counts) == 1


def test_what_did_not_change_does_not_count() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, AFTER, 10.0)
    convergence.accept(CLUSTER, [KEPT], 11.0, since=1.0)
    convergence.accept(CLUSTER, [OLD], 11.0, since=1.0)
    convergence.accept(LISTENER, [], 11.0, since=1.0)

    assert convergence.histograms() == {}


def test_what_is_taken_away_does_not_count() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, snapshot(KEPT), 10.0)
    convergence.accept(CLUSTER, [], 700.0, since=1.0)

    assert convergence.histograms() == {}


def test_an_envoy_that_came_after_the_change_does_not_count() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, AFTER, 10.0)
    convergence.begin(AFTER, snapshot(NEW, cluster("more")), 20.0)
    convergence.accept(CLUSTER, [NEW], 21.0, since=11.0)

    assert convergence.histograms() == {}


def test_a_group_that_gets_something_for_the_first_time_has_no_change() -> None:
    convergence = Convergence()
    convergence.begin(None, AFTER, 10.0)
    convergence.begin(AFTER, None, 10.0)
    convergence.accept(CLUSTER, [NEW], 12.0, since=1.0)

    assert convergence.histograms() == {}


def test_what_is_changed_back_counts_from_the_second_change() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, AFTER, 10.0)
    convergence.begin(AFTER, BEFORE, 20.0)
    convergence.begin(BEFORE, AFTER, 30.0)
    convergence.accept(CLUSTER, [NEW], 31.0, since=1.0)

    assert convergence.histograms()[CLUSTER].total == 1.0


def test_the_oldest_changes_are_forgotten() -> None:
    convergence = Convergence()
    convergence.begin(BEFORE, AFTER, 0.0)
    many = [cluster(str(number)) for number in range(MOST_CHANGES)]
    convergence.begin(AFTER, snapshot(KEPT, NEW, *many), 1.0)
    convergence.accept(CLUSTER, [NEW], 2.0, since=0.0)
    assert convergence.histograms() == {}

    convergence.accept(CLUSTER, many[:1], 2.0, since=0.0)
    assert sum(convergence.histograms()[CLUSTER].counts) == 1
