"""Which clients are together."""

from __future__ import annotations

from legation.model.node import Workload
from legation.model.snapshot import Snapshot
from legation.runtime.groups import EXPECTED, AnyGroup, Departed, Expected, Group

SHOP = Workload(namespace="shop")


def test_groups_are_one_by_what_they_have_in_common_not_by_name() -> None:
    edge = Workload(namespace="shop", labels=frozenset({("app", "edge")}))
    assert Group("shop", SHOP) == Group("called otherwise", SHOP)
    assert hash(Group("shop", SHOP)) == hash(Group("called otherwise", SHOP))
    assert Group("shop", SHOP) != Group("shop", edge)


def test_those_who_wait_are_one_group() -> None:
    everyone: list[AnyGroup] = [EXPECTED, Expected(), Group("waits for its Pod", SHOP)]
    assert len(set(everyone)) == 2


def test_each_whose_pod_is_gone_is_alone() -> None:
    """What one of them has is what its group had when its own Pod went."""
    assert Departed("shop", Snapshot.of()) != Departed("shop", Snapshot.of())


def test_each_is_called_something_that_a_person_understands() -> None:
    shown = [str(each) for each in (Group("shop/app=edge", SHOP), EXPECTED, Departed("shop/app=edge", Snapshot.of()))]
    assert shown == ["shop/app=edge", "waits for its Pod", "shop/app=edge (its Pod is gone)"]
