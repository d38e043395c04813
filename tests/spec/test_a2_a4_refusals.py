"""Rows A2.5 to A2.7, A4.15 and A4.16 where the client's words name nobody, and on a stream that was begun elsewhere."""

from __future__ import annotations

from legation.model.events import Refused, WhyParked
from legation.protocol.sequence import Policy
from tests.spec.dialogue import Dialogue, delta, sotw


def blamed(talk: Dialogue) -> list[str]:
    return [each.name for event in talk.events if isinstance(event, Refused) for each in event.suspects]


def parked(talk: Dialogue) -> list[str]:
    return [each.name for event in talk.events if isinstance(event, Refused) for each in event.parked]


def test_a2_5_who_is_to_blame_is_found_by_halves_where_nobody_is_named() -> None:
    talk = sotw(
        """
        have LDS a@1 b@1
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2 b@2 c@1 d@1
        < LDS #2 a@2 b@2 c@1 d@1
        > LDS nonce=2 error=no_good
        < LDS #3 a@2 b@2                # the first half
        > LDS nonce=3 error=no_good
        < LDS #4 a@2 b@1                # the first half of it; b as it was accepted last
        > LDS nonce=4
        < LDS #5 a@2 b@2
        > LDS nonce=5 error=no_good     # alone: it is to blame
        < LDS #6 a@2 b@1 c@1 d@1
        > LDS nonce=6
        have LDS a@2 b@3 c@1 d@1        # until it changes
        < LDS #7 a@2 b@3 c@1 d@1
        > LDS nonce=7
        """
    )
    assert blamed(talk) == ["b"]


def test_a2_5_endpoints_are_halved_too() -> None:
    talk = sotw(
        """
        have EDS a@1 b@1 c@1
        > EDS a b c
        < EDS #1 a@1 b@1 c@1
        > EDS a b c nonce=1 error=no_good
        < EDS #2 a@1 b@1
        > EDS a b c nonce=2             # so it is c, and c is asked for a last time
        < EDS #3 c@1
        > EDS a b c nonce=3 error=no_good
        have EDS a@1 b@2 c@1
        < EDS #4 b@2
        """,
        separate=False,
    )
    assert blamed(talk) == ["c"]


def test_a2_6_a_new_name_that_is_refused_at_the_current_version_is_to_blame_alone() -> None:
    talk = sotw(
        """
        have EDS a@1 b@1
        > EDS a
        < EDS #1 a@1
        > EDS a nonce=1
        > EDS a b nonce=1
        < EDS #2 b@1
        > EDS a b nonce=2 error=no_good
        """,
        separate=False,
    )
    assert blamed(talk) == ["b"]


def test_a2_7_what_may_have_been_taken_of_a_refused_response_is_taken_back_when_it_goes() -> None:
    delta(
        """
        have LDS a@1 b@1 c@1
        > LDS
        < LDS #1 a@1 b@1 c@1
        > LDS nonce=1 error=no_good     # some of it may have been taken
        < LDS #2 a@1 b@1
        have LDS a@1 b@1
        > LDS nonce=2
        < LDS #3 -c
        > LDS nonce=3
        """
    )


def test_a2_7_what_is_tried_and_stays_a_while_after_it_has_gone_is_tried_on() -> None:
    talk = sotw(
        """
        have CDS a@1 b@1 c@1
        > CDS
        < CDS #1 a@1 b@1 c@1
        have CDS a@2
        < CDS #2 a@2 b@1 c@1            # b and c may have been taken: they have their grace
        > CDS nonce=1 error=no_good
        > CDS nonce=2 error=no_good
        < CDS #3 b@1 c@1                # the first half of what was refused
        > CDS nonce=3 error=no_good
        < CDS #4 b@1
        > CDS nonce=4 error=no_good     # alone: it is to blame, and nobody misses it
        < CDS #5 c@1
        > CDS nonce=5
        < CDS #6 a@2 c@1
        > CDS nonce=6
        wait 4.9
        wait 0.1
        < CDS #7 a@2
        > CDS nonce=7
        have CDS a@2 b@1                # it was gone: it is offered again
        < CDS #8 a@2 b@1
        """,
        policy=Policy(removal_grace=5.0),
    )
    assert blamed(talk) == ["b"]
    assert talk.sequence.next_deadline() is None


def test_a4_15_what_is_tried_and_stays_a_while_after_it_has_gone_is_tried_on() -> None:
    talk = delta(
        """
        have CDS a@1 b@1 c@1
        > CDS
        < CDS #1 a@1 b@1 c@1
        have CDS a@2
        < CDS #2 a@2
        > CDS nonce=1 error=no_good
        > CDS nonce=2
        < CDS #3 b@1 c@1
        > CDS nonce=3 error=no_good
        < CDS #4 b@1
        > CDS nonce=4 error=no_good
        < CDS #5 c@1
        > CDS nonce=5
        wait 4.9
        wait 0.1
        < CDS #6 -c
        > CDS nonce=6
        have CDS a@2 b@1
        < CDS #7 b@1
        """,
        policy=Policy(removal_grace=5.0),
    )
    assert blamed(talk) == ["b"]


def test_a4_15_who_is_to_blame_is_found_by_halves_where_nobody_is_named() -> None:
    talk = delta(
        """
        have LDS a@1 b@1
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2 b@2 c@1 d@1
        < LDS #2 a@2 b@2 c@1 d@1
        > LDS nonce=2 error=no_good
        < LDS #3 a@2 b@2
        > LDS nonce=3 error=no_good
        < LDS #4 a@2
        > LDS nonce=4
        < LDS #5 b@2
        > LDS nonce=5 error=no_good
        < LDS #6 c@1 d@1
        > LDS nonce=6
        have LDS a@2 b@3 c@1 d@1
        < LDS #7 b@3
        """
    )
    assert blamed(talk) == ["b"]


def test_a4_15_what_is_new_meanwhile_waits_for_the_end_of_the_trial() -> None:
    delta(
        """
        have LDS a@1 b@1
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1 error=no_good
        < LDS #2 a@1
        have LDS a@1 b@1 c@1
        > LDS nonce=2
        < LDS #3 b@1
        > LDS nonce=3 error=no_good
        < LDS #4 c@1
        > LDS nonce=4
        """
    )


def test_a4_15_who_is_named_in_a_trial_is_to_blame_and_the_trial_goes_on() -> None:
    talk = delta(
        """
        have LDS a@1 b@1 c@1 d@1
        > LDS
        < LDS #1 a@1 b@1 c@1 d@1
        > LDS nonce=1 error=no_good
        < LDS #2 a@1 b@1
        > LDS nonce=2 error=b
        < LDS #3 a@1
        > LDS nonce=3
        < LDS #4 c@1 d@1
        > LDS nonce=4
        """
    )
    assert blamed(talk) == ["b"]


def test_a4_16_a_change_back_in_a_trial_is_sent_for_the_change_may_have_been_taken() -> None:
    delta(
        """
        have LDS a@1 b@1
        > LDS
        < LDS #1 a@1 b@1
        > LDS nonce=1
        have LDS a@2 b@2
        < LDS #2 a@2 b@2
        > LDS nonce=2 error=no_good
        < LDS #3 a@2
        have LDS a@2 b@1
        > LDS nonce=3
        < LDS #4 b@1
        > LDS nonce=4
        """
    )


def test_a5_2_a_listener_waits_for_a_cluster_that_is_tried() -> None:
    delta(
        """
        have CDS a@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > LDS
        < LDS #2
        > LDS nonce=2
        have CDS a@1 b@1 c@1; LDS l@1->CDS:b m@1->CDS:c
        < CDS #3 b@1 c@1
        > CDS nonce=3 error=no_good
        < CDS #4 b@1
        > CDS nonce=4
        < CDS #5 c@1
        < LDS #6 l@1
        > LDS nonce=6
        > CDS nonce=5
        < LDS #7 m@1
        """,
        separate=False,
    )


def test_a2_18_nothing_is_left_out_on_a_guess_when_a_client_comes_back() -> None:
    talk = sotw(
        """
        have LDS a@1 b@2 c@1
        > LDS version=unknown
        < LDS #1 a@1 b@2 c@1
        > LDS nonce=1 error=b           # it may hold b@1 and serve with it: absence would delete that
        > LDS nonce=1 error=b
        have LDS a@1 b@3 c@1
        < LDS #2 a@1 b@3 c@1
        > LDS nonce=2
        have LDS a@1 b@4 c@1
        < LDS #3 a@1 b@4 c@1
        > LDS nonce=3 error=b           # now what it holds is known
        have LDS a@2 b@4 c@1
        < LDS #4 a@2 b@3 c@1
        > LDS nonce=4
        """
    )
    assert blamed(talk) == ["b", "b"]
    assert parked(talk) == ["a", "c"]
    assert next(each for each in talk.events if isinstance(each, Refused)).why_parked is WhyParked.UNKNOWN


def test_a4_15_a_delta_client_that_comes_back_is_told_what_it_did_not_refuse() -> None:
    delta(
        """
        have LDS a@1 b@2 c@1
        > LDS has=b@1
        < LDS #1 a@1 b@2 c@1
        > LDS nonce=1 error=b
        < LDS #2 a@1 c@1
        > LDS nonce=2
        """
    )
