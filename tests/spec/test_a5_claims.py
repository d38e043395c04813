"""Two listeners cannot hold one address: who takes the place of another comes as that one goes (rule 7)."""

from __future__ import annotations

import pytest

from tests.spec.dialogue import delta, sotw


def test_a5_3_a_listener_goes_with_the_one_that_takes_its_address_sotw() -> None:
    sotw(
        """
        have LDS a@1^80
        > LDS
        < LDS #1 a@1
        > LDS nonce=1
        have LDS b@1^80
        < LDS #2 b@1
        > LDS nonce=2 error=b           # so the old one stays
        < LDS #3 a@1
        > LDS nonce=3
        have LDS b@1^80 c@1^90
        < LDS #4 a@1 c@1
        > LDS nonce=4
        have LDS b@2^80 c@1^90
        < LDS #5 b@2 c@1
        > LDS nonce=5
        """
    )


def test_a5_3_a_listener_goes_with_the_one_that_takes_its_address_delta() -> None:
    delta(
        """
        have LDS a@1^80
        > LDS
        < LDS #1 a@1
        > LDS nonce=1
        have LDS b@1^80
        < LDS #2 b@1 -a
        > LDS nonce=2 error=b
        < LDS #3 a@1
        > LDS nonce=3
        have LDS b@1^80 c@1^90
        < LDS #4 c@1
        > LDS nonce=4
        have LDS b@2^80 c@1^90
        < LDS #5 b@2 -a
        > LDS nonce=5
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_3_a_listener_stays_while_its_successor_waits_for_a_cluster(*, is_delta: bool) -> None:
    play, gone = (delta, " -a") if is_delta else (sotw, "")
    play(
        f"""
        have LDS a@1^80
        > CDS
        < CDS #1
        > CDS nonce=1
        > LDS
        < LDS #2 a@1
        > LDS nonce=2
        have CDS c@1; LDS b@1^80->CDS:c
        < CDS #3 c@1
        > CDS nonce=3
        < LDS #4 b@1{gone}
        > LDS nonce=4
        """,
        separate=False,
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_2_a_listener_waits_for_the_address_that_another_leaves(*, is_delta: bool) -> None:
    play, others = (delta, ("", "")) if is_delta else (sotw, ("a@1 ", " b@2"))
    play(
        f"""
        have LDS a@1^80 b@1^81
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2^81 b@2^82
        < LDS #2 {others[0]}b@2
        > LDS nonce=2
        < LDS #3 a@2{others[1]}
        > LDS nonce=3
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_2_listeners_that_change_places_are_offered_after_a_while_so_that_the_client_says_it(
    *, is_delta: bool
) -> None:
    play = delta if is_delta else sotw
    play(
        """
        have LDS a@1^80 b@1^81
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2^81 b@2^80
        wait 19
        wait 2
        < LDS #2 a@2 b@2
        > LDS nonce=2 error=a,b
        have LDS a@1^80 b@3^82
        < LDS #3 BB
        """.replace("BB", "b@3" if is_delta else "a@1 b@3")
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a4_15_a_listener_does_not_take_an_address_that_a_refused_one_was_to_leave(*, is_delta: bool) -> None:
    play, a, b = (delta, "", "") if is_delta else (sotw, "a@1 ", " b@3")
    play(
        f"""
        have LDS a@1^80 b@1^81
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2^81 b@2^82
        < LDS #2 {a}b@2
        > LDS nonce=2 error=b
        wait 30
        have LDS a@2^81 b@3^82
        < LDS #3 {a}b@3
        > LDS nonce=3
        < LDS #4 a@2{b}
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_2_who_waited_for_an_address_waits_hardly_longer_for_a_cluster_that_does_not_exist(
    *, is_delta: bool
) -> None:
    play = delta if is_delta else sotw
    play(
        f"""
        have CDS a@1; LDS l@1^80->CDS:a
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2
        have CDS a@1; LDS l@2^81->CDS:a m@1^80->CDS:x
        < LDS #3 l@2
        > LDS nonce=3                   # nobody listens on 80 now
        wait 0.25
        < LDS #4 {"m@1" if is_delta else "l@2 m@1"}
        """
    )
