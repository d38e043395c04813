"""Rows A2: state of the world."""

from __future__ import annotations

import pytest

from legation.model.events import Accepted, Refused, Subscribed
from legation.protocol.messages import SotwResponse
from legation.protocol.sequence import Policy
from tests.spec.dialogue import Dialogue, sotw

streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own stream"])


@streams
def test_a2_1_names_are_the_whole_set_and_supersede_the_set_before(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1 b@1
        > EDS a
        < EDS #1 a@1
        > EDS b nonce=1
        < EDS #2 b@1
        > EDS b nonce=2
        have EDS a@2 b@1                # nobody wants a any more
        """,
        separate=separate,
    )


@streams
def test_a2_2_an_ack_is_not_answered_while_nothing_changed(*, separate: bool) -> None:
    sotw(
        """
        have CDS a@1; EDS a@1
        > CDS
        < CDS #1 a@1
        > EDS a
        < EDS #2 a@1
        > CDS nonce=1
        > EDS a nonce=2
        > EDS a nonce=2
        > CDS nonce=1
        have CDS a@1; EDS a@1
        """,
        separate=separate,
    )


@pytest.mark.parametrize("short", ["CDS", "LDS", "SRDS"])
def test_a2_3_first_wildcard_request_is_answered_even_if_empty(short: str) -> None:
    sotw(f"have\n> {short}\n< {short} #1\n> {short} nonce=1")


def test_a2_3_nothing_is_said_before_anything_is_known() -> None:
    sotw(
        """
        > CDS
        have CDS a@1
        < CDS #1 a@1
        """
    )


def test_a2_4_a_refusal_is_known_by_its_error_and_not_by_the_version() -> None:
    talk = Dialogue(delta=False)
    talk.play(
        """
        have LDS l@1
        > LDS
        < LDS #1 l@1
        """
    )
    version = talk.responses[-1].version
    talk.play(f"> LDS nonce=1 version={version} error=l_is_bad")
    assert [type(event) for event in talk.events] == [Subscribed, Refused]


def test_a2_4_an_ack_needs_no_version() -> None:
    talk = sotw("have LDS l@1\n> LDS\n< LDS #1 l@1\n> LDS nonce=1")
    assert [type(event) for event in talk.events] == [Subscribed, Accepted]


@streams
def test_a2_5_refused_content_is_not_sent_again_until_it_changes(*, separate: bool) -> None:
    talk = sotw(
        """
        have EDS a@1 b@1
        > EDS a b
        < EDS #1 a@1 b@1
        > EDS a b nonce=1
        have EDS a@2 b@1
        < EDS #2 a@2
        > EDS a b nonce=2 error=a_is_bad
        > EDS a b nonce=2 error=a_is_bad
        have EDS a@2 b@2                # the others go on
        < EDS #3 b@2
        > EDS a b nonce=3
        have EDS a@3 b@2
        < EDS #4 a@3
        """,
        separate=separate,
    )
    (refused,) = [event for event in talk.events if isinstance(event, Refused)]
    assert (refused.type.name, refused.nonce, refused.message) == ("ClusterLoadAssignment", "2", "a_is_bad")


def test_a2_5_a_refused_resource_goes_back_to_the_last_accepted_version() -> None:
    sotw(
        """
        have LDS l@1 m@1
        > LDS
        < LDS #1 l@1 m@1
        > LDS nonce=1
        have LDS l@2 m@2
        < LDS #2 l@2 m@2
        > LDS nonce=2 error=l
        < LDS #3 l@1 m@2
        > LDS nonce=3
        have LDS l@2 m@3
        < LDS #4 l@1 m@3
        > LDS nonce=4
        have LDS l@3 m@3
        < LDS #5 l@3 m@3
        """
    )


def test_a2_6_a_refusal_at_the_current_version_is_no_ack() -> None:
    talk = sotw(
        """
        have EDS a@1 b@1
        > EDS a
        < EDS #1 a@1
        > EDS a nonce=1
        > EDS a b nonce=1
        < EDS #2 b@1
        """
    )
    talk.play(f"> EDS a b nonce=2 version={talk.responses[-1].version} error=b")
    assert isinstance(talk.events[-1], Refused)
    talk.play("have EDS a@1 b@2\n< EDS #3 b@2")


def test_a2_7_what_may_have_been_taken_of_a_refused_response_is_settled_before_anything_else() -> None:
    sotw(
        """
        have CDS a@1 b@1; RDS r@1->a s@1->a
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > RDS r s
        < RDS #2 r@1 s@1
        > RDS r s nonce=2
        have CDS a@1 b@1; RDS r@2->b s@2->b
        < RDS #3 r@2 s@2
        > RDS r s nonce=3 error=r       # s may have been taken, or not
        < RDS #4 s@2
        have CDS a@1; RDS r@3->a s@1->a
        > RDS r s nonce=4
        < RDS #5 r@3 s@1
        > RDS r s nonce=5
        < CDS #6 a@1                    # nothing can route to b any more
        """
    )


@streams
def test_a2_8_a_request_with_an_old_nonce_changes_nothing(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1 b@1 c@1
        > EDS a
        < EDS #1 a@1
        > EDS a nonce=1
        have EDS a@2 b@1 c@1
        < EDS #2 a@2
        > EDS a b nonce=1               # crossed the response on its way
        > EDS a b nonce=2               # said again with the ACK
        < EDS #3 b@1
        """,
        separate=separate,
    )


@streams
def test_a2_8_a_name_that_old_requests_dropped_and_asked_for_again_is_sent_again(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1 b@1 c@1
        > EDS a b c
        < EDS #1 a@1 b@1 c@1
        > EDS a b c nonce=1
        have EDS a@2 b@1 c@1
        < EDS #2 a@2
        > EDS c nonce=1                 # all of these crossed the response on their way
        > EDS b c nonce=1
        > EDS a b c nonce=1
        > EDS a b c nonce=2
        < EDS #3 a@2 b@1                # it may have had no use for a when it got it
        > EDS a b c nonce=3
        > EDS a b c nonce=3
        """,
        separate=separate,
    )


def test_a2_8_old_requests_are_those_of_an_unanswered_response_too() -> None:
    sotw(
        """
        have CDS a@1 b@1
        > CDS a b
        < CDS #1 a@1 b@1
        have CDS a@2 b@1
        < CDS #2 a@2 b@1
        > CDS a nonce=1
        > CDS a b nonce=1
        > CDS a b nonce=2
        < CDS #3 a@2 b@1
        > CDS a b nonce=3
        """
    )


@streams
def test_a2_8_a_name_that_old_requests_dropped_and_no_other_asks_for_is_not_sent(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1 b@1
        > EDS a b
        < EDS #1 a@1 b@1
        > EDS a b nonce=1
        have EDS a@2 b@1
        < EDS #2 a@2
        > EDS a nonce=1
        > EDS a nonce=2
        have EDS a@2 b@2
        > EDS a b nonce=2
        < EDS #3 b@2
        > EDS a b nonce=3
        """,
        separate=separate,
    )


def test_a2_8_a_foreign_nonce_changes_nothing() -> None:
    sotw(
        """
        have EDS a@1 b@1
        > EDS a
        < EDS #1 a@1
        > EDS b nonce=77
        > EDS a nonce=1
        > EDS b nonce=77
        > EDS a nonce=1
        """
    )


@streams
def test_a2_9_names_that_change_at_the_current_nonce_are_a_subscription_and_no_answer(*, separate: bool) -> None:
    talk = sotw(
        """
        have EDS a@1 b@1 c@1
        > EDS a
        < EDS #1 a@1
        > EDS a nonce=1
        > EDS a b nonce=1
        < EDS #2 b@1
        > EDS a b nonce=2
        > EDS a b c nonce=2
        < EDS #3 c@1
        """,
        separate=separate,
    )
    assert [event.nonce for event in talk.events if isinstance(event, Accepted)] == ["1", "2"]


def test_a2_10_new_names_are_sent_at_an_unchanged_version() -> None:
    talk = sotw(
        """
        have RDS r@1 s@1
        > RDS r
        < RDS #1 r@1
        > RDS r nonce=1
        > RDS r s nonce=1
        < RDS #2 s@1
        """
    )
    first, second = talk.responses
    assert isinstance(first, SotwResponse)
    assert first.version == second.version


def test_a2_11_a_name_that_is_dropped_and_asked_for_again_is_sent_again() -> None:
    sotw(
        """
        have EDS a@1
        > EDS a
        < EDS #1 a@1
        > EDS a nonce=1
        > EDS nonce=1
        > EDS a nonce=1
        < EDS #2 a@1
        > EDS a nonce=2
        """
    )


@pytest.mark.parametrize("short", ["CDS", "LDS", "SRDS"])
def test_a2_12_full_state_types_send_everything_and_absence_deletes(short: str) -> None:
    sotw(
        f"""
        have {short} a@1 b@1 c@1
        > {short}
        < {short} #1 a@1 b@1 c@1
        > {short} nonce=1
        have {short} a@1 b@2 c@1
        < {short} #2 a@1 b@2 c@1
        > {short} nonce=2
        have {short} a@1
        < {short} #3 a@1
        > {short} nonce=3
        have
        < {short} #4
        > {short} nonce=4
        """
    )


@pytest.mark.parametrize("short", ["EDS", "RDS", "SDS", "ECDS"])
def test_a2_13_other_types_send_only_what_changed_and_no_deletions(short: str) -> None:
    sotw(
        f"""
        have {short} a@1 b@1
        > {short} a b
        < {short} #1 a@1 b@1
        > {short} a b nonce=1
        have {short} a@1 b@2
        < {short} #2 b@2
        > {short} a b nonce=2
        have {short} a@1                # no empty response
        have {short} a@1 b@2            # the client may have let it go meanwhile
        < {short} #3 b@2
        """
    )


@streams
def test_a2_14_a_missing_name_is_silence_and_stops_nobody(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1
        > EDS a x
        < EDS #1 a@1
        > EDS a x nonce=1
        > EDS a x nonce=1
        have EDS a@2
        < EDS #2 a@2
        > EDS a x nonce=2
        have EDS a@2 x@1
        < EDS #3 x@1
        > EDS a x nonce=3
        """,
        separate=separate,
    )


def test_a2_15_updates_of_a_name_stop_when_nobody_asks_for_it() -> None:
    sotw(
        """
        have RDS r@1 s@1
        > RDS r s
        < RDS #1 r@1 s@1
        > RDS r nonce=1
        have RDS r@1 s@2
        have RDS r@2 s@3
        < RDS #2 r@2
        """
    )


@pytest.mark.parametrize("short", ["EDS", "CDS"])
def test_a2_16_no_names_after_some_names_is_nothing(short: str) -> None:
    sotw(
        f"""
        have {short} a@1
        > {short} a
        < {short} #1 a@1
        > {short} nonce=1
        have {short} a@2
        have {short} a@3 b@1
        """
    )


def test_a2_17_the_version_is_that_of_the_content_and_the_same_for_every_client() -> None:
    script = "have CDS a@1 b@1\n> CDS\n< CDS #1 a@1 b@1\n> CDS nonce=1"
    one, other = sotw(script), sotw(script)
    assert one.responses[0].version == other.responses[0].version
    one.play("have CDS a@1 b@2\n< CDS #2 a@1 b@2\n> CDS nonce=2\nhave CDS a@1 b@1\n< CDS #3 a@1 b@1")
    assert one.responses[1].version != one.responses[0].version
    assert one.responses[2].version == one.responses[0].version


def test_a2_17_the_version_is_that_of_what_this_client_gets() -> None:
    refused = sotw(
        """
        have LDS l@1 m@1
        > LDS
        < LDS #1 l@1 m@1
        > LDS nonce=1
        have LDS l@2 m@2
        < LDS #2 l@2 m@2
        > LDS nonce=2 error=l
        < LDS #3 l@1 m@2
        """
    )
    fresh = sotw("have LDS l@1 m@2\n> LDS\n< LDS #1 l@1 m@2")
    assert len({response.version for response in refused.responses}) == 3
    assert refused.responses[-1].version == fresh.responses[0].version


@pytest.mark.parametrize("short", ["EDS", "RDS", "SDS", "ECDS"])
def test_a2_18_a_client_that_comes_back_gets_named_types_whole(short: str) -> None:
    talk = sotw(f"have {short} a@1\n> {short} a\n< {short} #1 a@1\n> {short} a nonce=1")
    version = talk.responses[0].version
    talk.play(f"reconnect\n> {short} a b version={version}\n< {short} #1 a@1\n> {short} a b nonce=1")


@pytest.mark.parametrize("short", ["CDS", "LDS"])
def test_a2_19_a_wildcard_that_comes_back_at_the_same_version_is_not_answered(short: str) -> None:
    talk = sotw(f"have {short} a@1 b@1\n> {short}\n< {short} #1 a@1 b@1\n> {short} nonce=1")
    version = talk.responses[0].version
    talk.play(
        f"""
        reconnect
        > {short} version={version}
        have {short} a@1 b@2
        < {short} #1 a@1 b@2
        > {short} nonce=1
        reconnect
        > {short} version={version}
        < {short} #1 a@1 b@2
        """
    )


def test_a2_19_what_a_client_came_back_with_is_removed_and_changed_like_all_else() -> None:
    talk = sotw("have CDS a@1 b@1\n> CDS\n< CDS #1 a@1 b@1\n> CDS nonce=1")
    talk.play(f"reconnect\n> CDS version={talk.responses[0].version}\nhave CDS b@1\n< CDS #1 b@1")


def test_a2_20_an_empty_state_is_never_sent_before_the_sources_are_synced() -> None:
    sotw(
        """
        > CDS
        > LDS
        > EDS a
        wait 100
        have CDS a@1->a; EDS a@1
        < CDS #1 a@1
        < EDS #2 a@1
        < LDS #3
        """
    )


@pytest.mark.parametrize("short", ["EDS", "LDS", "RDS"])
def test_a2_21_one_response_at_a_time_and_then_the_newest(short: str) -> None:
    sotw(
        f"""
        have {short} a@1
        > {short} a
        < {short} #1 a@1
        have {short} a@2
        have {short} a@3
        > {short} a nonce=1
        < {short} #2 a@3
        """
    )


def test_a2_22_the_ack_of_a_newer_response_speaks_for_the_older_ones() -> None:
    talk = sotw(
        """
        have CDS a@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        have CDS a@2
        < CDS #2 a@2
        have CDS a@3 b@1
        < CDS #3 a@3 b@1
        > CDS nonce=3
        """
    )
    accepted = [event for event in talk.events if isinstance(event, Accepted)]
    assert {each.name: each.version for each in accepted[-1].resources} == {"a": "3", "b": "1"}


def test_a4_19_in_state_of_the_world_only_types_without_full_state_go_in_portions() -> None:
    policy = Policy(removal_grace=0.0, drain_grace=0.0, max_response_bytes=400)
    sotw(
        """
        have LDS a@1 b@1 c@1; RDS a@1 b@1 c@1
        > LDS
        < LDS #1 a@1 b@1 c@1
        > RDS a b c z
        < RDS #2 a@1 b@1
        < RDS #3 c@1
        > RDS a b c z nonce=2
        > RDS a b c z nonce=3
        have LDS a@1 b@1 c@1; RDS a@2 b@1 c@1 z@1
        < RDS #4 a@2 z@1
        """,
        policy=policy,
    )


def test_a2_23_a_client_that_comes_back_is_read_as_it_speaks() -> None:
    talk = sotw("have CDS a@1 b@1\n> CDS\n< CDS #1 a@1 b@1\n> CDS nonce=1")
    version = talk.responses[0].version
    talk.play(
        f"""
        reconnect
        > CDS * a version={version}
        < CDS #1 a@1 b@1
        > CDS * a nonce=1
        have CDS a@1 b@1 c@1
        < CDS #2 a@1 b@1 c@1
        reconnect
        > CDS a b version={version}
        < CDS #1 a@1 b@1
        > CDS a b nonce=1
        have CDS a@1 b@2 c@2
        < CDS #2 a@1 b@2
        """
    )
