"""Rows A6: resources that expire, and their heartbeats."""

from __future__ import annotations

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from tests.spec.dialogue import delta, sotw

TTL = "xds.config.supports-resource-ttl"
WRAPPED = "xds.config.supports-resource-in-sotw"
BOTH = (TTL, WRAPPED)

streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own stream"])

NO_TTL = """
    have EDS a@1%30 b@1
    > EDS {names}
    < EDS #1 a@1 b@1
    > EDS {again} nonce=1
    wait 100
    """


@streams
@pytest.mark.parametrize("feature", [(), (WRAPPED,), ("xds.config.supports-resource-ttl-not",)])
def test_a6_1_who_does_not_say_that_it_understands_gets_no_ttl_in_delta(
    feature: tuple[str, ...], *, separate: bool
) -> None:
    talk = delta(NO_TTL.format(names="+a +b", again=""), separate=separate, features=feature)
    assert talk.sequence.next_deadline() is None


@streams
@pytest.mark.parametrize("feature", [(), (WRAPPED,), (TTL,)], ids=["none", "wrapped", "ttl"])
def test_a6_1_in_state_of_the_world_both_features_are_needed(feature: tuple[str, ...], *, separate: bool) -> None:
    talk = sotw(NO_TTL.format(names="a b", again="a b"), separate=separate, features=feature)
    assert talk.sequence.next_deadline() is None


@pytest.mark.parametrize("ttl", ["xds.config.supports-resource-ttl", "envoy.config.supports-resource-ttl"])
@pytest.mark.parametrize(
    "wrapped",
    [
        "xds.config.supports-resource-in-sotw",
        "xds.config.resource-in-sotw",
        "envoy.config.supports-resource-in-sotw",
        "envoy.config.resource-in-sotw",
    ],
)
def test_a6_1_every_spelling_of_the_features_counts(ttl: str, wrapped: str) -> None:
    have = "have EDS a@1%30 b@1\n"
    sotw(f"{have}> EDS a b\n< EDS #1 a@1%30 b@1", features=(ttl, wrapped))
    delta(f"{have}> EDS +a +b\n< EDS #1 a@1%30 b@1", features=(ttl,))


def test_a6_2_the_ttl_stands_beside_the_resource_of_those_that_have_one() -> None:
    have = "have LDS a@1%30 b@1\n"
    whole = sotw(f"{have}> LDS\n< LDS #1 a@1%30 b@1", features=BOTH)
    delta(f"{have}> LDS\n< LDS #1 a@1%30 b@1", features=(TTL,))
    plain = sotw(f"{have}> LDS\n< LDS #1 a@1 b@1")
    # What is held is the same: a TTL is no part of the version of a resource, and of that of the collection it is.
    assert [each.version for each in whole.responses[0].resources] == ["1", "1"]
    assert whole.responses[0].version == plain.responses[0].version


@streams
def test_a6_3_in_delta_a_heartbeat_renews_without_a_body_and_only_when_its_turn_comes(*, separate: bool) -> None:
    delta(
        """
        have EDS a@1%30 b@1%90 c@1
        > EDS +a +b +c
        < EDS #1 a@1%30 b@1%90 c@1
        > EDS nonce=1
        wait 9.9
        wait 0.2
        < EDS #2 %a@1%30
        > EDS nonce=2
        wait 10.1
        < EDS #3 %a@1%30 %b@1%90
        > EDS nonce=3
        """,
        separate=separate,
        features=(TTL,),
    )


def test_a6_3_a_real_response_is_as_good_as_a_heartbeat() -> None:
    talk = delta(
        """
        have EDS a@1%30
        > EDS +a
        < EDS #1 a@1%30
        > EDS nonce=1
        wait 9
        have EDS a@2%30
        < EDS #2 a@2%30
        > EDS nonce=2
        wait 9
        wait 1
        < EDS #3 %a@2%30
        > EDS nonce=3
        """,
        features=(TTL,),
    )
    assert talk.sequence.next_deadline() == pytest.approx(29.0)


def test_a6_3_a_client_that_does_not_answer_is_not_kept_from_letting_things_expire() -> None:
    delta(
        """
        have EDS a@1%30
        > EDS +a
        < EDS #1 a@1%30
        wait 100
        > EDS nonce=1
        < EDS #2 %a@1%30
        wait 100
        """,
        features=(TTL,),
    )


def test_a6_3_clusters_are_renewed_while_the_answer_is_held_back_until_they_are_warm() -> None:
    delta(
        """
        have CDS a@1%9; EDS b@1
        > CDS
        < CDS #1 a@1%9
        wait 3
        < CDS #2 %a@1%9
        wait 3
        < CDS #3 %a@1%9
        > CDS nonce=1
        > CDS nonce=2
        > CDS nonce=3
        """,
        features=(TTL,),
    )


def test_a6_3_news_waits_for_the_answer_to_a_heartbeat_as_for_any() -> None:
    delta(
        """
        have EDS a@1%30
        > EDS +a
        < EDS #1 a@1%30
        > EDS nonce=1
        wait 10
        < EDS #2 %a@1%30
        have EDS a@2%30
        > EDS nonce=2
        < EDS #3 a@2%30
        > EDS nonce=3
        """,
        features=(TTL,),
    )


def test_a6_3_a_refused_heartbeat_blames_nobody() -> None:
    talk = delta(
        """
        have EDS a@1%30
        > EDS +a
        < EDS #1 a@1%30
        > EDS nonce=1
        wait 10
        < EDS #2 %a@1%30
        > EDS nonce=2 error=what_is_that
        wait 10
        < EDS #3 %a@1%30
        > EDS nonce=3
        """,
        features=(TTL,),
    )
    assert talk.machines[CLUSTER_LOAD_ASSIGNMENT].ledger.holds("a")


@streams
def test_a6_3_in_state_of_the_world_what_expires_is_said_again_whole(*, separate: bool) -> None:
    sotw(
        """
        have EDS a@1%30 b@1%60 c@1
        > EDS a b c
        < EDS #1 a@1%30 b@1%60 c@1
        > EDS a b c nonce=1
        wait 10
        < EDS #2 a@1%30 b@1%60
        > EDS a b c nonce=2
        """,
        separate=separate,
        features=BOTH,
    )


def test_a6_3_in_state_of_the_world_full_state_stays_full() -> None:
    talk = sotw(
        """
        have LDS a@1%30 b@1
        > LDS
        < LDS #1 a@1%30 b@1
        > LDS nonce=1
        wait 10
        < LDS #2 a@1%30 b@1
        > LDS nonce=2
        """,
        features=BOTH,
    )
    first, again = talk.responses
    assert first.version == again.version
    assert first.whole is again.whole is not None


def test_a6_3_an_answer_to_a_later_heartbeat_speaks_for_the_response_before_it() -> None:
    talk = sotw(
        """
        have CDS a@1%9
        > CDS
        < CDS #1 a@1%9
        wait 3
        < CDS #2 a@1%9
        > CDS nonce=2
        """,
        features=BOTH,
    )
    assert talk.machines[CLUSTER].ledger.holds("a")


@streams
def test_a6_4_another_ttl_is_sent_and_a_ttl_that_is_gone_too_at_the_same_version(*, separate: bool) -> None:
    talk = delta(
        """
        have EDS a@1
        > EDS +a
        < EDS #1 a@1
        > EDS nonce=1
        have EDS a@1%30
        < EDS #2 a@1%30
        > EDS nonce=2
        have EDS a@1%60
        < EDS #3 a@1%60
        > EDS nonce=3
        wait 19
        have EDS a@1
        < EDS #4 a@1
        > EDS nonce=4
        wait 100
        """,
        separate=separate,
        features=(TTL,),
    )
    assert talk.sequence.next_deadline() is None


def test_a6_4_in_state_of_the_world_another_ttl_is_another_version_of_the_response() -> None:
    talk = sotw(
        """
        have LDS a@1%30 b@1
        > LDS
        < LDS #1 a@1%30 b@1
        > LDS nonce=1
        have LDS a@1 b@1
        < LDS #2 a@1 b@1
        > LDS nonce=2
        wait 100
        """,
        features=BOTH,
    )
    assert talk.responses[0].version != talk.responses[1].version


def test_a6_4_nothing_is_renewed_that_the_client_does_not_want_any_more() -> None:
    talk = delta(
        """
        have EDS a@1%30 b@1%30
        > EDS +a +b
        < EDS #1 a@1%30 b@1%30
        > EDS -a nonce=1
        wait 10
        < EDS #2 %b@1%30
        > EDS -b nonce=2
        wait 100
        """,
        features=(TTL,),
    )
    assert talk.sequence.next_deadline() is None


def test_a6_3_what_a_client_brings_along_is_renewed_at_once() -> None:
    delta(
        """
        have EDS a@1%30 b@1
        > EDS +a +b has=a@1,b@1
        < EDS #1 %a@1%30
        > EDS nonce=1
        wait 10
        < EDS #2 %a@1%30
        """,
        features=(TTL,),
    )


def test_a6_4_a_state_of_the_world_client_that_has_all_is_renewed_at_once() -> None:
    version = sotw("have LDS a@1%30\n> LDS\n< LDS #1 a@1%30", features=BOTH).responses[0].version
    sotw(
        f"""
        have LDS a@1%30
        > LDS version={version}
        < LDS #1 a@1%30
        > LDS nonce=1
        wait 10
        < LDS #2 a@1%30
        """,
        features=BOTH,
    )
