"""What stands in the way of a kind's status, and for how long."""

from __future__ import annotations

from legation.errors import KubeForbidden
from legation.status.obstacles import Obstacles
from tests.unit.status.worlds import CLUSTERS

FORBIDDEN = KubeForbidden(403, "Forbidden", "you may not")


def test_it_is_tried_again_less_and_less_often() -> None:
    it, now, waits = Obstacles(), 0.0, []
    for _ in range(6):
        it.no_status(CLUSTERS, now=now)
        begun = now
        while it.blocks(CLUSTERS, "shop", now=now):
            now += 10.0
        waits.append(now - begun)
    assert waits == [60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_a_right_is_missing_in_one_namespace_and_told_once_for_all() -> None:
    it = Obstacles()
    assert it.forbidden(CLUSTERS, "shop", FORBIDDEN, now=0.0)
    assert not it.forbidden(CLUSTERS, "shop", FORBIDDEN, now=1.0)
    assert it.blocks(CLUSTERS, "shop", now=1.0)
    assert not it.blocks(CLUSTERS, "edge", now=1.0)
    it.forbidden(CLUSTERS, "edge", FORBIDDEN, now=1.0)
    assert [each.code for each in it.problems()] == ["status-forbidden"]
    it.clear(CLUSTERS, "shop")
    it.clear(CLUSTERS, "edge")
    assert list(it.problems()) == []


def test_what_fails_at_the_same_time_counts_once() -> None:
    it = Obstacles()
    for _ in range(4):
        it.refused(CLUSTERS, FORBIDDEN, now=0.0)
    assert not it.blocks(CLUSTERS, "shop", now=60.0)
