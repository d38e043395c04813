"""When an Envoy accepted what it has, with little memory."""

from __future__ import annotations

from legation.model.resource import Resource, content_version
from legation.model.resource_types import CLUSTER
from legation.runtime.moments import MOST, Moments


def clusters(count: int, *, begin: int = 0) -> list[Resource]:
    names = [f"c{number}" for number in range(begin, begin + count)]
    return [Resource(type=CLUSTER, name=each, body=b"", version=content_version(b"")) for each in names]


def test_what_came_all_at_once_is_one_moment_and_what_changed_after_it_has_its_own() -> None:
    moments = Moments()
    moments.note(clusters(MOST + 1), (), 1.0)
    moments.note(clusters(2), (), 5.0)
    assert [moments.of(name) for name in ("c0", "c1", "c2")] == [5.0, 5.0, 1.0]


def test_what_was_given_back_has_no_moment_of_its_own_any_more() -> None:
    moments = Moments()
    moments.note(clusters(2), (), 1.0)
    moments.note((), ("c0",), 2.0)
    assert [moments.of(name) for name in ("c0", "c1")] == [None, 1.0]


def test_where_a_moment_was_forgotten_nothing_is_told_rather_than_a_wrong_one() -> None:
    moments = Moments()
    moments.note(clusters(MOST + 1), (), 1.0)
    moments.note(clusters(MOST), (), 2.0)
    moments.note(clusters(1, begin=MOST), (), 3.0)
    assert moments.of("c0") is None
    assert moments.of(f"c{MOST}") == 3.0

    again = Moments()
    again.note(clusters(1), (), 1.0)
    again.note(clusters(MOST + 1, begin=1), (), 2.0)
    assert again.of("c0") == 1.0
    assert again.of("c5") is None
