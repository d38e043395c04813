"""The order for an Envoy that comes back while it warms: what it has and does not tell yet (rows A5.2 to A5.6).

While its clusters warm, an Envoy on ADS asks for no clusters on the new stream: it withholds that request too.
"""

from __future__ import annotations

import pytest

from legation.model.resource_types import CLUSTER
from legation.protocol.sequence import Policy, Sequence
from tests.spec.dialogue import Dialogue, delta, parse, sotw

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
GRACE = Policy(removal_grace=5.0, drain_grace=0.0)


@both
def test_a5_2_a_route_waits_for_a_cluster_while_the_client_warms_and_asks_for_none(*, is_delta: bool) -> None:
    ask, again = ("+r has=r@1", "") if is_delta else ("r version=1", "r")
    talk = Dialogue(delta=is_delta, separate=False, policy=GRACE)
    talk.play(
        f"""
        have CDS a@1 b@1; LDS l@1->r; RDS r@2->b
        > LDS {"has=l@1" if is_delta else f"version={_version('LDS l@1->r')}"}
        > RDS {ask}                     # it may have no b, and its old route works
        wait 14
        > CDS {"has=a@1" if is_delta else "version=unknown"}
        < CDS #1 {"b@1" if is_delta else "a@1 b@1"}
        > CDS nonce=1
        < RDS #2 r@2
        > RDS {again} nonce=2
        """
    )


@both
def test_a5_2_a_client_that_asks_for_no_clusters_at_all_does_not_wait_for_ever(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=False, policy=GRACE)
    talk.play(
        f"""
        have CDS a@1 b@1; LDS l@1->r; RDS r@2->b
        > LDS {"has=l@1" if is_delta else f"version={_version('LDS l@1->r')}"}
        > RDS {"+r has=r@1" if is_delta else "r version=1"}
        wait 20
        < RDS #1 r@2
        """
    )


def test_a5_3_what_serves_for_a_listener_that_is_not_warm_keeps_its_routes_and_clusters() -> None:
    """l@1 serves with r and a until s has come, and only the Envoy knows of it."""
    delta(
        """
        have CDS b@1->b; EDS b@1; LDS l@2->s; RDS s@1->b
        > CDS has=a@1
        < CDS #1 b@1
        > LDS has=l@2
        > RDS +r +s has=r@1
        > EDS +a +b has=a@1
        < EDS #2 b@1
        wait 6                          # b is not warm yet
        wait 6
        > EDS nonce=2
        < RDS #3 s@1
        > CDS nonce=1
        > RDS nonce=3                   # now l@2 serves
        wait 5
        < RDS #4 -r
        > RDS nonce=4
        wait 5
        < CDS #5 -a
        """,
        separate=False,
        policy=GRACE,
    )


def test_a5_3_what_a_listener_that_nobody_remembers_may_use_stays_until_it_is_replaced() -> None:
    """Of its listeners the client says a version alone, and what they were nobody knows."""
    talk = Dialogue(delta=False, separate=False, policy=GRACE)
    had = parse("CDS a@1")[CLUSTER]
    talk.sequence = Sequence(GRACE, recall=lambda _, version: had if version == had.version else None)
    talk.play(
        f"""
        have CDS b@1->b; EDS b@1; LDS l@2->CDS:b
        > CDS version={had.version}
        < CDS #1 a@1 b@1
        > LDS version=unknown           # l@2 waits for b
        > EDS b
        < EDS #2 b@1
        wait 6
        wait 6
        > EDS b nonce=2
        < LDS #3 l@2
        > CDS nonce=1
        > LDS nonce=3
        wait 5
        < CDS #4 b@1
        """
    )


def test_a5_6_who_comes_back_and_warms_gets_the_endpoints_that_it_has_again() -> None:
    """The cluster changed just before the stream ended, and what it warms with was to come."""
    delta(
        """
        have CDS a@2->a; EDS a@1
        > EDS +a has=a@1
        < EDS #1 a@1
        """,
        separate=False,
    )
    delta(
        """
        have CDS a@2->a; EDS a@1
        > CDS has=a@2                   # it asks for clusters: it does not warm
        > EDS +a has=a@1
        """,
        separate=False,
    )


def test_a5_6_who_comes_back_at_its_start_gets_the_endpoints_that_it_has_again() -> None:
    """Its first clusters are not warm, so it asks for no listeners; and it does ask for clusters."""
    delta(
        """
        have CDS a@2->a b@1->b; EDS a@1 b@1 c@1; LDS l@1->CDS:a
        > CDS has=a@2,b@1
        > EDS +a +b +c has=a@1,c@1
        < EDS #1 b@1
        > EDS nonce=1
        wait 0.9
        wait 0.1
        < EDS #2 a@1
        > EDS nonce=2
        > LDS
        < LDS #3 l@1
        wait 10
        """,
        separate=False,
    )


def test_a5_6_who_comes_back_and_asks_for_listeners_is_not_at_its_start() -> None:
    delta(
        """
        have CDS a@2->a; EDS a@1; LDS l@1->CDS:a
        > CDS has=a@2
        > EDS +a has=a@1
        wait 0.9
        > LDS has=l@1
        wait 10
        """,
        separate=False,
    )


def test_a5_6_who_comes_back_where_there_are_no_listeners_may_have_everything() -> None:
    came_back = """
        have CDS a@2->a; EDS a@1
        > CDS has=a@2
        > EDS +a has=a@1
        """
    talk = delta(came_back + "wait 19", separate=False)
    talk.play("have CDS a@2->a; EDS a@1; LDS l@1->CDS:a\n< EDS #1 a@1")
    talk = delta(came_back + "wait 20", separate=False)
    talk.play("have CDS a@2->a; EDS a@1; LDS l@1->CDS:a\nwait 10")


def test_a5_6_a_state_of_the_world_client_at_its_start_asks_itself() -> None:
    sotw(
        """
        have CDS a@2->a; EDS a@1; LDS l@1->CDS:a
        > CDS version=unknown
        < CDS #1 a@2
        > EDS a version=1
        < EDS #2 a@1
        > EDS a nonce=2
        wait 10
        """,
        separate=False,
    )


@both
def test_a5_11_a_route_waits_for_endpoints_where_the_client_was_told_that_there_are_none(*, is_delta: bool) -> None:
    plus, again, names = ("+", "", "") if is_delta else ("", "r", "a b")
    talk = Dialogue(delta=is_delta, separate=False, policy=GRACE)
    talk.play(
        f"""
        have CDS a@1->a b@1->b; EDS a@1; LDS l@1->r; RDS r@1->a
        > CDS
        < CDS #1 a@1 b@1
        > EDS {plus}a {plus}b
        < EDS #2 a@1 b@empty
        > CDS nonce=1
        > LDS
        < LDS #3 l@1
        > LDS nonce=3
        > RDS {plus}r
        < RDS #4 r@1
        > RDS {again} nonce=4
        have CDS a@1->a b@1->b; EDS a@1 b@1; LDS l@1->r; RDS r@2->b
        > EDS {names} nonce=2
        < EDS #5 b@1
        < RDS #6 r@2
        """
    )


def _version(state: str) -> str:
    return next(each.version for each in parse(state).collections.values() if len(each))
