"""Rows A4: delta."""

from __future__ import annotations

import pytest

from legation.model.events import Accepted, Refused
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.protocol.messages import DeltaRequest
from legation.protocol.pending import MOST_PORTIONS
from legation.protocol.sequence import Policy
from tests.spec.dialogue import Dialogue, delta

streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own stream"])


@streams
def test_a4_1_what_each_client_holds_is_known_by_name_and_version(*, separate: bool) -> None:
    delta(
        """
        have EDS a@1 b@1 c@1
        > EDS +a +b
        < EDS #1 a@1 b@1
        > EDS nonce=1
        have EDS a@1 b@2 c@2
        < EDS #2 b@2
        > EDS nonce=2
        > EDS +c
        < EDS #3 c@2
        """,
        separate=separate,
    )


def test_a4_2_names_may_ride_on_an_ack_and_on_a_refusal() -> None:
    talk = delta(
        """
        have EDS a@1 b@1 c@1 d@1
        > EDS +a
        < EDS #1 a@1
        > EDS +b nonce=1
        < EDS #2 b@1
        > EDS +c -a nonce=2 error=b
        < EDS #3 c@1
        > EDS +d
        > EDS nonce=3
        < EDS #4 d@1
        """
    )
    assert [type(event) for event in talk.events if isinstance(event, Accepted | Refused)] == [
        Accepted,
        Refused,
        Accepted,
    ]


@pytest.mark.parametrize("nonce", ["77", "1"], ids=["unknown", "stale"])
def test_a4_3_names_count_whatever_the_nonce_is(nonce: str) -> None:
    talk = delta(
        f"""
        have EDS a@1 b@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        > EDS +b nonce={nonce}
        < EDS #2 b@1
        > EDS -a nonce={nonce}
        > EDS nonce=2
        have EDS a@2 b@2
        < EDS #3 b@2
        """
    )
    assert [event.nonce for event in talk.events if isinstance(event, Accepted)] == ["1", "2"]


@streams
def test_a4_4_a_name_that_is_asked_for_again_is_sent_again(*, separate: bool) -> None:
    delta(
        """
        have EDS a@1 b@1
        > EDS +a +b
        < EDS #1 a@1 b@1
        > EDS nonce=1
        > EDS +a
        < EDS #2 a@1
        > EDS nonce=2
        """,
        separate=separate,
    )


def test_a4_4_star_that_is_asked_for_again_is_answered_with_everything() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS +*
        < CDS #2 a@1 b@1
        > CDS nonce=2
        """
    )


def test_a4_4_a_name_that_was_taken_back_is_sent_when_it_is_asked_for_anew() -> None:
    delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        > EDS -a
        > EDS +a
        < EDS #2 a@1
        """
    )


@pytest.mark.parametrize("short", ["EDS", "RDS", "SDS", "ECDS", "CDS"])
def test_a4_5_a_missing_name_is_answered_as_removed_and_sent_when_it_appears(short: str) -> None:
    delta(
        f"""
        have {short} a@1
        > {short} +x +a
        < {short} #1 a@1 -x
        > {short} nonce=1
        have {short} a@1 x@1
        < {short} #2 x@1
        """
    )


def test_a4_5_a_missing_name_that_is_asked_for_again_is_answered_again() -> None:
    delta(
        """
        have
        > EDS +x
        < EDS #1 -x
        > EDS nonce=1
        > EDS +x
        < EDS #2 -x
        > EDS nonce=2
        """
    )


def test_a4_5_the_empty_name_is_a_name_that_does_not_exist_also_beside_a_collection() -> None:
    talk = Dialogue(delta=True)
    talk.play("have EDS a@1 a/b@1")
    talk.receive(DeltaRequest(type=CLUSTER_LOAD_ASSIGNMENT, subscribe=("a/*", "")))
    assert talk.pump() == ["< EDS #1 a/b@1 -"]


def test_a4_6_a_missing_name_is_held_where_the_policy_says_so() -> None:
    policy = Policy(hold_missing=frozenset({CLUSTER_LOAD_ASSIGNMENT}))
    delta(
        """
        have EDS a@1
        > EDS +x
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        > RDS +y
        < RDS #2 -y
        have EDS a@1 x@1
        < EDS #3 x@1
        """,
        policy=policy,
    )


@pytest.mark.parametrize("short", ["CDS", "LDS", "EDS", "RDS"])
def test_a4_7_a_deletion_is_told_once_and_what_comes_back_is_sent(short: str) -> None:
    delta(
        f"""
        have {short} a@1 b@1
        > {short} +a +b
        < {short} #1 a@1 b@1
        > {short} nonce=1
        have {short} a@1
        < {short} #2 -b
        > {short} nonce=2
        have {short} a@2
        < {short} #3 a@2
        > {short} nonce=3
        have {short} a@2 b@1
        < {short} #4 b@1
        """
    )


@streams
def test_a4_8_only_changes_are_sent(*, separate: bool) -> None:
    delta(
        """
        have CDS a@1 b@1 c@1
        > CDS
        < CDS #1 a@1 b@1 c@1
        > CDS nonce=1
        have CDS a@1 b@2 c@1 d@1
        < CDS #2 b@2 d@1
        > CDS nonce=2
        have CDS a@1 b@2 c@1 d@1
        """,
        separate=separate,
    )


def test_a4_9_a_name_that_is_taken_back_needs_no_answer_and_an_unknown_one_neither() -> None:
    delta(
        """
        have EDS a@1 b@1
        > EDS +a +b
        < EDS #1 a@1 b@1
        > EDS nonce=1
        > EDS -a
        > EDS -phantom
        have EDS a@2 b@1
        """
    )


def test_a4_9_a_late_ack_does_not_revive_a_name() -> None:
    delta(
        """
        have EDS a@1 b@1
        > EDS +a +b
        < EDS #1 a@1 b@1
        > EDS -a
        > EDS nonce=1
        have EDS b@1
        have EDS a@1 b@1
        """
    )


def test_a4_9_nothing_is_said_of_what_was_refused_before_star_was_taken_back() -> None:
    delta(
        """
        have CDS a@1 b@1 h@1
        > CDS +* +h
        < CDS #1 a@1 b@1 h@1
        > CDS -* nonce=1 error=bad
        < CDS #2 h@1
        have CDS h@1
        > CDS nonce=2
        have CDS h@2
        < CDS #3 h@2
        """
    )


def test_a4_10_a_name_in_both_lists_is_asked_for_anew() -> None:
    delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        > EDS +a -a
        < EDS #2 a@1
        > EDS nonce=2
        have EDS a@2
        < EDS #3 a@2
        """
    )


def test_a4_11_a_wildcard_that_comes_back_is_told_the_difference() -> None:
    delta(
        """
        have CDS same@1 changed@2 new@1
        > CDS has=same@1,changed@1,gone@1
        < CDS #1 changed@2 new@1 -gone
        > CDS nonce=1
        """
    )


def test_a4_11_names_that_come_back_are_told_the_difference() -> None:
    delta(
        """
        have EDS same@1 changed@2 new@1 other@1
        > EDS +same +changed +gone +new has=same@1,changed@1,gone@1
        < EDS #1 changed@2 new@1 -gone
        > EDS nonce=1
        """
    )


def test_a4_11_versions_count_in_the_first_request_only() -> None:
    delta(
        """
        have EDS a@1
        > EDS +b
        < EDS #1 -b
        > EDS +a nonce=1 has=a@1
        < EDS #2 a@1
        """
    )


def test_a4_11_a_wildcard_that_comes_back_with_everything_is_told_nothing_new() -> None:
    # An answer may come (A4.14), but it repeats nothing and removes nothing.
    talk = delta("have CDS a@1 b@1")
    talk.receive(talk.request("CDS has=a@1,b@1"))
    said = talk.pump()
    assert said in ([], ["< CDS #1"])


def test_a4_12_versions_are_the_same_for_every_client() -> None:
    one, other = (delta("have CDS a@1\n> CDS\n< CDS #1 a@1") for _ in range(2))
    versions = [[each.version for each in talk.responses[0].resources] for talk in (one, other)]
    assert versions[0] == versions[1]


@pytest.mark.parametrize("short", ["CDS", "LDS", "SRDS"])
def test_a4_14_the_first_wildcard_request_is_answered_even_if_empty(short: str) -> None:
    delta(f"have\n> {short}\n< {short} #1\n> {short} nonce=1")


@streams
def test_a4_15_refused_content_is_not_sent_again_and_the_others_go_on(*, separate: bool) -> None:
    talk = delta(
        """
        have CDS a@1 b@1
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        have CDS a@2 b@2
        < CDS #2 a@2 b@2
        > CDS nonce=2 error=a
        < CDS #3 b@2                    # nobody knows whether it was taken
        > CDS nonce=3
        have CDS a@2 b@3
        < CDS #4 b@3
        > CDS nonce=4
        have CDS a@3 b@3
        < CDS #5 a@3
        """,
        separate=separate,
    )
    (refused,) = [event for event in talk.events if isinstance(event, Refused)]
    assert [each.name for each in refused.suspects] == ["a"]


def test_a4_15_a_refused_name_that_is_asked_for_again_is_sent_again() -> None:
    delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1 error=a
        > EDS +a
        < EDS #2 a@1
        """
    )


def test_a4_16_a_change_back_after_a_refusal_needs_no_words_and_the_next_change_goes_out() -> None:
    # What was refused was not taken, so the client has the old content.
    delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        have EDS a@2
        < EDS #2 a@2
        > EDS nonce=2 error=a
        have EDS a@1
        have EDS a@3
        < EDS #3 a@3
        > EDS nonce=3
        """
    )


def test_a4_16_a_change_back_before_the_answer_is_sent() -> None:
    delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        have EDS a@2
        < EDS #2 a@2
        have EDS a@1
        > EDS nonce=2
        < EDS #3 a@1
        """
    )


def test_a4_20_acks_may_come_late_and_in_a_bunch() -> None:
    talk = delta(
        """
        have CDS a@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        have CDS a@2
        < CDS #2 a@2
        have CDS a@3 b@1
        < CDS #3 a@3 b@1
        > CDS nonce=2
        > CDS nonce=3
        """
    )
    accepted = [event for event in talk.events if isinstance(event, Accepted)]
    assert [event.nonce for event in accepted] == ["1", "2", "3"]
    # A newer response had spoken of a: the older ACK says nothing of it.
    assert [each.name for each in accepted[1].resources] == []
    assert {each.name: each.version for each in accepted[2].resources} == {"a": "3", "b": "1"}


def test_a4_21_a_name_is_never_both_sent_and_removed() -> None:
    # The dialogue itself fails when a name stands in both lists.
    delta(
        """
        have EDS a@1
        > EDS +a +b
        < EDS #1 a@1 -b
        have EDS b@1
        > EDS +a +b nonce=1
        < EDS #2 b@1 -a
        """
    )


IN_TWOS = Policy(removal_grace=0.0, drain_grace=0.0, max_response_bytes=400)
"""Room for two of the small resources of a dialogue."""


@streams
def test_a4_19_a_large_push_goes_out_in_portions_that_wait_for_no_answer(*, separate: bool) -> None:
    delta(
        """
        have LDS a@1 b@1 c@1 d@1 e@1
        > LDS
        < LDS #1 a@1 b@1
        < LDS #2 c@1 d@1
        < LDS #3 e@1
        > LDS nonce=1
        > LDS nonce=2
        > LDS nonce=3
        have LDS a@2 b@2 c@2 d@1
        < LDS #4 a@2 b@2
        < LDS #5 c@2 -e
        > LDS nonce=4
        > LDS nonce=5
        """,
        separate=separate,
        policy=IN_TWOS,
    )


def test_a4_19_portions_hold_for_names_too_and_an_absent_one_is_told_with_the_last() -> None:
    delta(
        """
        have EDS a@1 b@1 c@1
        > EDS +a +b +c +z
        < EDS #1 a@1 b@1
        < EDS #2 c@1 -z
        > EDS nonce=1
        > EDS nonce=2
        """,
        policy=IN_TWOS,
    )


def test_a4_19_all_of_a_type_goes_before_the_next_type() -> None:
    delta(
        """
        > CDS
        > LDS
        have CDS a@1 b@1 c@1; LDS l@1->CDS:c m@1->CDS:a
        < CDS #1 a@1 b@1
        < CDS #2 c@1
        > CDS nonce=1
        > CDS nonce=2
        < LDS #3 l@1 m@1
        > LDS nonce=3
        """,
        policy=IN_TWOS,
    )


def test_a4_19_a_newer_version_of_what_is_under_way_waits_for_its_answer() -> None:
    delta(
        """
        have RDS a@1 b@1 c@1 d@1
        > RDS +a +b +c +d
        < RDS #1 a@1 b@1
        < RDS #2 c@1 d@1
        have RDS a@2 b@1 c@1 d@1
        > RDS nonce=1
        > RDS nonce=2
        < RDS #3 a@2
        """,
        policy=IN_TWOS,
    )


def test_a4_19_a_refused_portion_leaves_the_others_alone() -> None:
    talk = delta(
        """
        have LDS a@1 b@1 c@1 d@1 e@1
        > LDS
        < LDS #1 a@1 b@1
        < LDS #2 c@1 d@1
        < LDS #3 e@1
        > LDS nonce=1
        > LDS nonce=2 error=c
        > LDS nonce=3
        < LDS #4 d@1
        > LDS nonce=4
        """,
        policy=IN_TWOS,
    )
    machine = talk.machines[LISTENER]
    assert sorted(name for name in "abcde" if machine.ledger.holds(name)) == ["a", "b", "d", "e"]


def test_a4_19_a_client_that_never_answers_is_not_sent_everything() -> None:
    held = [f"n{number:02}@1" for number in range(40)]
    portions = [f"< LDS #{place + 1} {' '.join(held[2 * place : 2 * place + 2])}" for place in range(MOST_PORTIONS + 1)]
    script = (f"have LDS {' '.join(held)}", "> LDS", *portions[:-1], "> LDS nonce=1", portions[-1])
    delta("\n".join(script), policy=IN_TWOS)


def test_a4_19_the_portions_of_a_whole_collection_are_the_same_for_all() -> None:
    script = """
        have LDS a@1 b@1 c@1
        > LDS
        < LDS #1 a@1 b@1
        < LDS #2 c@1
        """
    one, other = delta(script, policy=IN_TWOS), delta(script, policy=IN_TWOS)
    assert all(response.whole is not None for response in one.responses)
    assert [each.whole for each in one.responses] == [each.whole for each in other.responses]
    # When all of it went out the client holds the shared collection, with nothing of its own.
    assert one.snapshot is not None
    assert one.machines[LISTENER].at_rest(one.snapshot[LISTENER])


def test_a4_19_a_resource_above_the_limit_goes_alone() -> None:
    delta(
        """
        have LDS a@1 b@1 c@1
        > LDS
        < LDS #1 a@1
        < LDS #2 b@1
        < LDS #3 c@1
        """,
        policy=Policy(max_response_bytes=1),
    )


def test_a4_13_a_version_that_is_reported_is_believed_and_what_is_asked_for_anew_is_sent_all_the_same() -> None:
    delta(
        """
        have CDS a@2 b@1
        > CDS +* has=a@1,b@1            # an old Envoy may report a version that it no longer has
        < CDS #1 a@2
        > CDS nonce=1
        > CDS +b
        < CDS #2 b@1
        """
    )


def test_a4_17_the_version_of_the_whole_is_that_of_the_collection_and_decides_nothing() -> None:
    talk = delta(
        """
        have CDS a@1 b@1
        > CDS +a
        < CDS #1 a@1
        > CDS nonce=1
        have CDS a@1 b@2                # another version of the whole, and nothing for this client
        """
    )
    talk.play("have CDS a@2 b@2\n< CDS #2 a@2")
    assert talk.snapshot is not None
    (versions,) = {response.version for response in talk.responses[1:]}
    assert versions == talk.snapshot[CLUSTER].version
