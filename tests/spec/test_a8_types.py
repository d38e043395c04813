"""Rows A8: what is particular to single types."""

from __future__ import annotations

import pytest

from tests.spec.dialogue import Dialogue, delta, sotw

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


@both
def test_a8_1_an_assignment_is_sent_whole_and_alone(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    plus, again = ("+", "") if is_delta else ("", "a b")
    talk.play(
        f"""
        have EDS a@1 b@1
        > EDS {plus}a {plus}b
        < EDS #1 a@1 b@1
        > EDS {again} nonce=1
        have EDS a@2 b@1
        < EDS #2 a@2
        """
    )


def by_name_only_what_is_asked_for(short: str, *, is_delta: bool) -> None:
    plus, again = ("+", "") if is_delta else ("", "a")
    Dialogue(delta=is_delta).play(
        f"""
        have {short} a@1 b@1
        > {short} {plus}a
        < {short} #1 a@1
        > {short} {again} nonce=1
        have {short} a@1 b@2
        have {short} a@2 b@2
        < {short} #2 a@2
        """
    )


@both
def test_a8_3_routes_go_by_name(*, is_delta: bool) -> None:
    by_name_only_what_is_asked_for("RDS", is_delta=is_delta)


@both
def test_a8_7_secrets_go_by_name(*, is_delta: bool) -> None:
    by_name_only_what_is_asked_for("SDS", is_delta=is_delta)


@both
def test_a8_9_extensions_go_by_name(*, is_delta: bool) -> None:
    by_name_only_what_is_asked_for("ECDS", is_delta=is_delta)


@both
def test_a8_4_scoped_routes_are_a_wildcard_and_come_after_the_routes_that_they_name(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    plus = "+" if is_delta else ""
    talk.play(
        f"""
        have RDS r@1; SRDS q@1->r
        > SRDS
        < SRDS #1 q@1                   # routes were not asked for
        > RDS {plus}r
        < RDS #2 r@1
        > SRDS nonce=1
        > RDS {"" if is_delta else "r"} nonce=2
        have RDS r@2; SRDS q@2->r
        < RDS #3 r@2
        < SRDS #4 q@2
        """
    )


@both
def test_a8_7_a_listener_waits_for_a_secret_that_is_asked_for_to_be_sent(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    plus, again = ("+", "") if is_delta else ("", "s")
    talk.play(
        f"""
        have LDS l@1->SDS:s; SDS s@1
        > LDS
        < LDS #1 l@1
        > SDS {plus}s
        < SDS #2 s@1
        > SDS {again} nonce=2
        > LDS nonce=1
        have LDS l@2->SDS:s; SDS s@2
        < SDS #3 s@2
        < LDS #4 l@2
        """
    )


@both
def test_a8_8_runtime_may_come_first_and_a_missing_layer_is_answered_empty(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    plus = "+" if is_delta else ""
    talk.play(
        f"""
        have RTDS base@1
        > RTDS {plus}base {plus}missing
        < RTDS #1 base@1 missing@empty
        > RTDS {"" if is_delta else "base missing"} nonce=1
        have RTDS base@1 missing@1
        < RTDS #2 missing@1
        """
    )


def test_a8_9_a_missing_extension_is_silence_in_sotw_and_removed_in_delta() -> None:
    sotw("have\n> ECDS x")
    delta("have\n> ECDS +x\n< ECDS #1 -x")
