"""The streams of one Envoy over several connections (rows A5.14 and A9.7): nothing joins them but the node id."""

from __future__ import annotations

import pytest

from legation.protocol.sequence import Policy
from tests.spec.dialogue import AT_ONCE, Dialogue

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


class Pair:
    """One Envoy that asks for clusters over one connection and for routes over another."""

    def __init__(self, *, is_delta: bool, policy: Policy = AT_ONCE) -> None:
        self.clusters = Dialogue(delta=is_delta, separate=True, policy=policy)
        self.routes = Dialogue(delta=is_delta, separate=True, policy=policy)
        self.clusters.sequence.meet([self.routes.sequence])
        self.routes.sequence.meet([self.clusters.sequence])
        self.names = "" if is_delta else "r"

    def serving(self, state: str) -> None:
        """Begin with a state of one cluster and one route, all accepted."""
        self.clusters.play(f"have {state}\n > CDS\n < CDS #1 a@1\n > CDS nonce=1")
        plus = "" if self.names else "+"
        self.routes.play(f"have {state}\n > RDS {plus}r\n < RDS #1 r@1\n > RDS {self.names} nonce=1")

    def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        self.clusters.now += seconds
        self.routes.now += seconds


@both
def test_a5_14_a_route_waits_for_its_new_cluster_on_another_connection(*, is_delta: bool) -> None:
    pair = Pair(is_delta=is_delta)
    pair.serving("CDS a@1; RDS r@1->a")
    pair.routes.play("have CDS a@1 b@1; RDS r@2->b")
    pair.clusters.play(f"have CDS a@1 b@1; RDS r@2->b\n < CDS #2 {'b@1' if is_delta else 'a@1 b@1'}")
    assert not pair.routes.pump(), "the cluster is on its way"
    pair.clusters.play("> CDS nonce=2")
    assert pair.routes.pump() == ["< RDS #2 r@2"]


@both
def test_a5_14_a_cluster_that_warms_out_of_sight_has_the_addition_grace(*, is_delta: bool) -> None:
    """Its endpoints come over a third connection, or from somebody else: nothing tells when it is warm."""
    pair = Pair(is_delta=is_delta, policy=Policy(addition_grace=0.5))
    pair.serving("CDS a@1; RDS r@1->a")
    for each in (pair.routes, pair.clusters):
        each.play("have CDS a@1; RDS r@1->a")
    pair.routes.play("have CDS a@1 b@1->b; RDS r@2->b")
    pair.clusters.play(f"have CDS a@1 b@1->b; RDS r@2->b\n < CDS #2 {'b@1' if is_delta else 'a@1 b@1'}\n > CDS nonce=2")
    assert not pair.routes.pump()
    assert pair.routes.sequence.next_deadline() == 0.5
    pair.wait(0.5)
    assert pair.routes.pump() == ["< RDS #2 r@2"]


@both
def test_a5_14_nobody_waits_for_a_connection_that_never_tells_for_ever(*, is_delta: bool) -> None:
    pair = Pair(is_delta=is_delta)
    pair.serving("CDS a@1; RDS r@1->a")
    pair.routes.play("have CDS a@1 b@1; RDS r@2->b")
    pair.clusters.play(f"have CDS a@1 b@1; RDS r@2->b\n < CDS #2 {'b@1' if is_delta else 'a@1 b@1'}")
    pair.wait(AT_ONCE.warming_timeout)
    assert pair.routes.pump() == ["< RDS #2 r@2"]


@both
def test_a5_14_a_cluster_stays_while_a_route_on_another_connection_may_use_it(*, is_delta: bool) -> None:
    pair = Pair(is_delta=is_delta, policy=Policy(removal_grace=5.0, drain_grace=0.0))
    pair.serving("CDS a@1; RDS r@1->a")
    later = "have CDS b@1; RDS r@2->b"
    pair.clusters.play(f"{later}\n < CDS #2 {'b@1' if is_delta else 'a@1 b@1'}\n > CDS nonce=2")
    pair.wait(60.0)
    assert not pair.clusters.pump(), "the other connection has not been told of the new route"
    pair.routes.play(f"{later}\n < RDS #2 r@2")
    assert not pair.clusters.pump(), "it has not taken it yet"
    pair.routes.play(f"> RDS {pair.names} nonce=2")
    assert not pair.clusters.pump(), "requests may be under way"
    pair.wait(5.0)
    assert pair.clusters.pump() == [f"< CDS #3 {'-a' if is_delta else 'b@1'}"]


@both
def test_a9_7_a_second_envoy_of_the_same_id_holds_back_removals_until_it_is_gone(*, is_delta: bool) -> None:
    pair = Pair(is_delta=is_delta)
    pair.serving("CDS a@1; RDS r@1->a")
    pair.clusters.play(f"have CDS b@1\n < CDS #2 {'b@1' if is_delta else 'a@1 b@1'}\n > CDS nonce=2")
    pair.clusters.sequence.meet(())
    assert pair.clusters.pump() == [f"< CDS #3 {'-a' if is_delta else 'b@1'}"]
