"""Row A8.11: names that are not there, told as errors."""

from __future__ import annotations

from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from legation.protocol.sequence import Policy
from tests.spec.dialogue import delta, sotw

TYPES = frozenset({CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION})
TELLING = Policy(removal_grace=0.0, drain_grace=0.0, resource_errors=TYPES)


def test_a8_11_a_name_that_does_not_exist_is_told_once_and_sent_when_it_appears() -> None:
    sotw(
        """
        have RDS a@1
        > RDS a x
        < RDS #1 a@1 ?x
        > RDS a x nonce=1
        have RDS a@2
        < RDS #2 a@2
        > RDS a x nonce=2
        > RDS a x y nonce=2
        < RDS #3 ?y
        > RDS a x y nonce=3
        have RDS a@2 x@1
        < RDS #4 x@1
        > RDS a x y nonce=4
        """,
        policy=TELLING,
    )


def test_a8_11_without_the_setting_there_is_silence() -> None:
    sotw("have RDS a@1\n> RDS x\nhave RDS a@1; CDS c@1")


def test_a8_11_full_state_stays_full_beside_an_error() -> None:
    sotw(
        """
        have LDS a@1
        > LDS a
        < LDS #1 a@1
        > LDS a nonce=1
        > LDS a x nonce=1
        < LDS #2 a@1 ?x
        > LDS a x nonce=2
        """,
        policy=TELLING,
    )


def test_a8_11_a_wildcard_has_no_errors() -> None:
    sotw("have CDS c@1\n> LDS\n< LDS #1", policy=TELLING)


def test_a8_11_what_a_broken_object_may_hold_is_unavailable_and_told_again_when_it_is_known() -> None:
    sotw(
        """
        have RDS a@1; incomplete RDS
        > RDS a x y
        < RDS #1 a@1 ?x(unavailable) ?y(unavailable)
        > RDS a x y nonce=1
        have RDS a@1 y@1; incomplete RDS
        < RDS #2 y@1
        > RDS a x y nonce=2
        have RDS a@1 y@1
        < RDS #3 ?x
        > RDS a x y nonce=3
        """,
        policy=TELLING,
    )


def test_a8_11_in_delta_it_is_removed_and_only_what_may_exist_is_an_error() -> None:
    delta(
        """
        have RDS a@1
        > RDS +a +x
        < RDS #1 a@1 -x
        > RDS nonce=1
        have RDS a@1; incomplete RDS
        > RDS +y
        < RDS #2 ?y(unavailable)
        > RDS nonce=2
        have RDS a@1
        < RDS #3 -y
        > RDS nonce=3
        """,
        policy=TELLING,
    )


def test_a4_5_what_was_not_told_of_a_broken_object_is_told_when_it_is_known() -> None:
    delta(
        """
        have RDS a@1; incomplete RDS
        > RDS +a +x
        < RDS #1 a@1
        > RDS nonce=1
        have RDS a@1
        < RDS #2 -x
        > RDS nonce=2
        """
    )


def test_a8_11_held_types_and_answers_that_are_empty_are_no_errors() -> None:
    held = Policy(removal_grace=0.0, resource_errors=TYPES, hold_missing=frozenset({ROUTE_CONFIGURATION}))
    sotw("have CDS c@1\n> RDS x", policy=held)
    sotw("have CDS c@1->c\n> CDS\n< CDS #1 c@1\n> EDS c\n< EDS #2 c@empty", policy=TELLING)
