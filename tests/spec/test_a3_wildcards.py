"""Rows A3: wildcards."""

from __future__ import annotations

import pytest

from legation.model.events import Subscribed
from legation.model.resource_types import CLUSTER, LISTENER, SCOPED_ROUTE, VIRTUAL_HOST, ResourceType
from tests.spec.dialogue import SHORT, Dialogue, delta, sotw


def test_a3_1_star_and_names_side_by_side_sotw() -> None:
    sotw(
        """
        have CDS a@1 b@1
        > CDS * a
        < CDS #1 a@1 b@1
        > CDS * a nonce=1
        > CDS a nonce=1                 # leaves the wildcard and keeps a
        have CDS a@1 b@2                # b is nothing to it any more
        have CDS a@2 b@2
        < CDS #2 a@2
        """
    )


def test_a3_1_star_and_names_side_by_side_delta() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS +* +a
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS -*
        have CDS a@1 b@2
        have CDS a@2 b@2
        < CDS #2 a@2
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
@pytest.mark.parametrize("short", ["CDS", "LDS", "SRDS"])
def test_a3_2_no_names_at_first_mean_everything(short: str, *, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    talk.play(f"have {short} a@1 b@1\n> {short}\n< {short} #1 a@1 b@1")
    (event,) = talk.events
    assert isinstance(event, Subscribed)
    assert event.wildcard


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
@pytest.mark.parametrize("short", ["EDS", "RDS", "SDS", "RTDS", "ECDS"])
def test_a3_2_no_names_mean_nothing_for_types_that_are_asked_for_by_name(short: str, *, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    talk.play(f"have {short} a@1\n> {short}")


def test_a3_2_sotw_no_names_after_names_mean_nothing() -> None:
    sotw(
        """
        have CDS a@1 b@1
        > CDS a
        < CDS #1 a@1
        > CDS nonce=1
        have CDS a@2 b@2
        """
    )


def test_a3_2_sotw_names_after_the_legacy_wildcard_end_it() -> None:
    sotw(
        """
        have CDS a@1 b@1
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS a nonce=1
        < CDS #2 a@1
        > CDS a nonce=2
        have CDS a@1 b@2
        """
    )


def test_a3_3_delta_legacy_wildcard_stays_when_names_are_added() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS +a
        < CDS #2 a@1
        > CDS nonce=2
        have CDS a@1 b@2
        < CDS #3 b@2
        """
    )


def test_a3_3_delta_legacy_wildcard_ends_by_taking_back_star_and_nothing_revives_it() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS +a -*
        < CDS #2 a@1
        > CDS nonce=2
        > CDS -a
        have CDS a@2 b@2
        > CDS
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
@pytest.mark.parametrize("row", SHORT, ids=lambda row: row.name)
def test_a3_4_each_type_says_whether_no_names_mean_everything(row: ResourceType, *, is_delta: bool) -> None:
    everything = row in {CLUSTER, LISTENER, SCOPED_ROUTE, VIRTUAL_HOST}
    talk = Dialogue(delta=is_delta)
    talk.play(f"have {SHORT[row]} a@1\n> {SHORT[row]}" + (f"\n< {SHORT[row]} #1 a@1" if everything else ""))


def test_a3_5_the_wildcard_gives_each_client_what_its_group_has() -> None:
    for content in ("a@1", "a@2 b@1"):
        sotw(f"have CDS {content}\n> CDS\n< CDS #1 {content}")
        delta(f"have CDS {content}\n> CDS\n< CDS #1 {content}")


def test_a3_6_one_member_of_a_wildcard_cannot_be_taken_back_sotw() -> None:
    sotw(
        """
        have CDS a@1 b@1
        > CDS * b
        < CDS #1 a@1 b@1
        > CDS * nonce=1
        have CDS a@1 b@2
        < CDS #2 a@1 b@2
        """
    )


def test_a3_6_one_member_of_a_wildcard_cannot_be_taken_back_delta() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS +*
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS -b
        have CDS a@1 b@2
        < CDS #2 b@2
        """
    )


def test_a3_7_delta_a_name_taken_back_under_a_wildcard_is_answered_with_the_resource() -> None:
    delta(
        """
        have CDS a@1 b@1
        > CDS +* +a
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > CDS -a
        < CDS #2 a@1
        """
    )


def test_a3_7_delta_a_name_taken_back_under_a_wildcard_that_has_it_not_is_answered_as_removed() -> None:
    delta(
        """
        have CDS b@1
        > CDS +* +a
        < CDS #1 b@1 -a
        > CDS nonce=1
        > CDS -a
        < CDS #2 -a
        """
    )


def test_a3_8_who_comes_back_with_names_gets_what_it_names() -> None:
    delta(
        """
        have CDS a@2 b@1 c@1
        > CDS +a +b has=a@1,b@1
        < CDS #1 a@2
        > CDS nonce=1
        > CDS +*                        # and everything when it says so
        < CDS #2 c@1
        """
    )
