"""How the counts of replicas become one, and which refusals are told in words."""

from __future__ import annotations

from legation.model.delivery import SHOWN_REFUSALS, Delivery, Refusal, first_refusals


def refusal(node: str, words: str = "no", resource: str = 'Cluster "web"') -> Refusal:
    return Refusal(node=node, resource=resource, words=words)


def delivery(*refusals: Refusal) -> Delivery:
    count = len({each.node for each in refusals})
    return Delivery(matching=count + 1, accepted=1, refused=count, refusals=first_refusals(refusals))


MANY = [refusal(f"a{number}") for number in range(9)]


def test_one_reason_of_many_envoys_does_not_hide_that_of_another() -> None:
    told = first_refusals([*MANY, refusal("z", "not that"), refusal("y", resource='Listener "web"')])
    assert [each.node for each in told] == ["a0", "a1", "a2", "y", "z"]


def test_what_replicas_see_differently_is_all_told_whichever_of_them_writes_it() -> None:
    one, other = delivery(*MANY), delivery(refusal("z", "not that"), refusal("a00"))
    assert one + other == other + one
    both = one + other
    assert (both.matching, both.accepted, both.refused) == (13, 2, 11)
    assert len(both.refusals) == SHOWN_REFUSALS
    assert {each.words for each in both.refusals} == {"no", "not that"}
