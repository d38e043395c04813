"""The counts of several replicas, added up."""

from __future__ import annotations

from legation.model.delivery import Deliveries, Delivery
from legation.status.totals import Totals
from tests.unit.status.worlds import REFUSAL, delivery, key


def told(*objects: tuple[int, int | None, Delivery], whole: bool = False) -> Deliveries:
    found = {key(number): (served, counts) for number, served, counts in objects}
    return Deliveries(epoch="e", number=1, whole=whole, objects=found)


def test_replicas_that_serve_the_same_generation_are_added_up() -> None:
    totals = Totals()
    totals.take("", told((0, 5, delivery(2, 3, REFUSAL))))
    totals.take("10.0.0.1", told((0, 5, delivery(4, 4))))
    assert totals.of(key(0), served=5) == delivery(6, 7, REFUSAL)


def test_who_serves_another_generation_says_nothing_about_this_one() -> None:
    totals = Totals()
    totals.take("", told((0, 4, delivery(3, 3, REFUSAL))))
    totals.take("10.0.0.1", told((0, 5, delivery(4, 4))))
    totals.take("10.0.0.2", told((0, None, delivery(1, 1))))
    assert totals.of(key(0), served=5) == delivery(4, 8)


def test_it_says_of_which_objects_the_counts_changed() -> None:
    totals = Totals()
    assert totals.take("a", told((0, 1, delivery(0, 1)), (1, 1, delivery(0, 1)), whole=True)) == {key(0), key(1)}
    assert totals.take("a", told((0, 1, delivery(0, 1)), (1, 1, delivery(1, 1)))) == {key(1)}
    gone = Deliveries(epoch="e", number=2, whole=False, objects={key(1): None, key(7): None})
    assert totals.take("a", gone) == {key(1)}
    assert totals.take("a", told((2, 1, delivery(0, 0)), whole=True)) == {key(0), key(2)}
    assert totals.drop("a") == {key(2)}
    assert totals.drop("a") == frozenset()
    assert totals.of(key(2), served=1) == delivery(0, 0)
