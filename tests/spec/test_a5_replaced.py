"""Rows A5 for a changed cluster without ADS, which asks for its endpoints on a new stream while the old one ends."""

from __future__ import annotations

import pytest

from legation.protocol.sequence import Policy
from tests.spec.choices import play
from tests.spec.dialogue import Dialogue

GRACES = Policy(removal_grace=5.0, drain_grace=600.0)

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


def served(*, is_delta: bool) -> Dialogue:
    """Return the dialogue with an Envoy that drains listener l, which uses cluster a, while nothing is wanted now.

    Cluster a has changed before, and the stream on which it got its endpoints has ended.
    """
    talk = Dialogue(delta=is_delta, separate=True, policy=GRACES)
    play(
        talk,
        """
        have CDS a@1->a; EDS a@1; LDS l@1->CDS:a
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > EDS (+a|a)
        < EDS #2 a@1
        > EDS (|a) nonce=2
        > LDS
        < LDS #3 l@1
        > LDS nonce=3
        have CDS a@2->a; EDS a@1; LDS l@1->CDS:a
        < CDS #4 a@2
        < EDS #5 a@1
        > CDS nonce=4
        have
        < LDS #6 (-l|)
        > LDS nonce=6
        close EDS
        """,
    )
    return talk


@both
@pytest.mark.parametrize("late", [0, 19])
def test_a5_3_a_cluster_that_stays_is_told_its_last_endpoints_on_a_new_stream(late: int, *, is_delta: bool) -> None:
    talk = served(is_delta=is_delta)
    play(
        talk,
        f"""
        wait {late}
        > EDS (+a|a)
        < EDS #7 a@1
        > EDS (|a) nonce=7
        wait 100
        """,
    )


@both
def test_a5_11_the_endpoints_of_a_cluster_that_was_removed_are_forgotten(*, is_delta: bool) -> None:
    talk = served(is_delta=is_delta)
    play(
        talk,
        """
        > EDS (+a|a)
        < EDS #7 a@1
        > EDS (|a) nonce=7
        wait 600
        wait 5
        < CDS #8 (-a|)
        > CDS nonce=8
        close EDS
        have CDS a@2->a
        < CDS #9 a@2
        > EDS (+a|a)
        < EDS #10 a@empty
        """,
    )
