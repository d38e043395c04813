"""Rows A1: what holds for every stream, in all four variants; what needs bytes or nodes is the transport's."""

from __future__ import annotations

import pytest

from legation.model.events import Accepted, Refused
from tests.spec.dialogue import Dialogue, delta, sotw

streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own stream"])


@streams
def test_a1_4_each_type_has_its_own_version_nonces_subscription_and_state_sotw(*, separate: bool) -> None:
    sotw(
        """
        have CDS a@1; LDS l@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2 error=l_is_bad
        have CDS a@2; LDS l@1
        < CDS #3 a@2                    # a refusal of one type does not stop another
        > CDS nonce=2                   # the nonce of another type answers nothing
        > CDS nonce=3
        """,
        separate=separate,
    )


@streams
def test_a1_4_each_type_has_its_own_version_nonces_subscription_and_state_delta(*, separate: bool) -> None:
    delta(
        """
        have CDS a@1; LDS l@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2 error=l_is_bad
        have CDS a@2; LDS l@1
        < CDS #3 a@2
        > CDS nonce=2
        > CDS nonce=3
        """,
        separate=separate,
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
@streams
def test_a1_7_a_response_holds_one_type(*, is_delta: bool, separate: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=separate)
    talk.play(
        """
        have CDS a@1; EDS a@1; LDS l@1
        > CDS
        < CDS #1 a@1
        > LDS
        < LDS #2 l@1
        """
    )
    assert all(each.type is response.type for response in talk.responses for each in response.resources)


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
@streams
def test_a1_8_nonces_are_not_empty_and_unique_within_a_stream(*, is_delta: bool, separate: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=separate)
    talk.play(
        """
        have CDS a@1; LDS l@1
        > CDS
        < CDS #1 a@1
        > LDS
        < LDS #2 l@1
        > CDS nonce=1
        have CDS a@2; LDS l@1
        < CDS #3 a@2
        """
    )
    nonces = [response.nonce for response in talk.responses]
    assert all(nonces)
    assert len(set(nonces)) == len(nonces)


def test_a1_10_no_name_twice_under_a_wildcard_and_by_name_sotw() -> None:
    # The dialogue itself fails when a name stands twice in a response.
    sotw(
        """
        have CDS a@1 b@1
        > CDS * a
        < CDS #1 a@1 b@1
        """
    )


def test_a1_10_no_name_twice_under_a_wildcard_and_by_name_delta() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS +* +a +a
        < CDS #1 a@1 b@1
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a1_15_a_client_that_never_answers_is_owed_only_the_newest(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    talk.play(
        """
        have LDS l@1
        > LDS
        < LDS #1 l@1
        have LDS l@2
        have LDS l@3
        have LDS l@4
        > LDS nonce=1
        < LDS #2 l@4
        """
    )
    assert not [event for event in talk.events if isinstance(event, Refused)]
    assert [event.nonce for event in talk.events if isinstance(event, Accepted)] == ["1"]
