"""Rows A8.2, A8.5, A8.6, A8.10 and A4.18: globs, aliases of virtual hosts, clusters on demand."""

from __future__ import annotations

import pytest

from legation.protocol.sequence import Policy
from tests.spec.dialogue import Dialogue, delta, sotw


def test_a8_2_the_endpoints_of_a_locality_come_by_glob_each_for_itself() -> None:
    delta(
        """
        have LEDS c/l/a@1 c/l/b@1 c/m/a@1 d@1
        > LEDS +c/l/*
        < LEDS #1 c/l/a@1 c/l/b@1
        > LEDS nonce=1
        have LEDS c/l/a@2 c/l/b@1 c/m/a@2 d@2
        < LEDS #2 c/l/a@2
        > LEDS nonce=2
        have LEDS c/l/a@2 c/l/z@1 c/m/a@2
        < LEDS #3 c/l/z@1 -c/l/b        # at once: nothing keeps an endpoint that is gone
        > LEDS nonce=3
        """
    )


def test_a8_2_endpoints_go_at_once_although_others_names_are_kept_for_a_while() -> None:
    delta(
        """
        have CDS c@1; EDS c@1->c/*; LEDS c/a@1 c/b@1
        > CDS
        < CDS #1 c@1
        > EDS +c
        < EDS #2 c@1
        > LEDS +c/*
        < LEDS #3 c/a@1 c/b@1
        > LEDS nonce=3
        have CDS c@1; EDS c@1->c/*; LEDS c/a@1
        < LEDS #4 -c/b
        """,
        policy=Policy(),
    )


def test_a8_2_an_assignment_that_goes_out_again_brings_its_endpoints_again() -> None:
    # Envoy makes a new cluster object of a changed cluster, and asks for nothing that it has asked for before.
    delta(
        """
        have CDS c@1->c; EDS c@1->c/*; LEDS c/a@1
        > CDS
        < CDS #1 c@1
        > EDS +c
        < EDS #2 c@1
        > LEDS +c/*
        < LEDS #3 c/a@1
        > LEDS nonce=3
        > EDS nonce=2
        > CDS nonce=1
        have CDS c@2->c; EDS c@1->c/*; LEDS c/a@1
        < CDS #4 c@2
        < EDS #5 c@1
        < LEDS #6 c/a@1
        > LEDS nonce=6
        > EDS nonce=5
        > CDS nonce=4
        have CDS c@2->c; EDS c@1->c/*
        < LEDS #7 -c/a
        > LEDS nonce=7
        have CDS c@3->c; EDS c@1->c/*
        < CDS #8 c@3
        < EDS #9 c@1
        < LEDS #10 -c/*
        """
    )


NEW_CLUSTER = """
    have CDS a@1; EDS a@1; RDS r@1->a
    > CDS
    < CDS #1 a@1
    > EDS +a
    < EDS #2 a@1
    > EDS nonce=2
    > CDS nonce=1
    > RDS +r
    < RDS #3 r@1
    > RDS nonce=3
    > LEDS +none/*
    < LEDS #4 -none/*
    > LEDS nonce=4
    have CDS a@1 c@1->c; EDS a@1 c@1->c/*; LEDS c/a@1; RDS r@2->c
    < CDS #5 c@1
    """


def test_a8_2_a_cluster_is_not_warm_before_it_has_the_endpoints_of_its_localities() -> None:
    talk = Dialogue(delta=True, separate=False, policy=Policy())
    talk.play(NEW_CLUSTER)
    talk.play(
        """
        > EDS +c
        < EDS #6 c@1
        > EDS nonce=6                   # Envoy holds the answer to the cluster back
        > LEDS +c/*
        < LEDS #7 c/a@1
        > LEDS nonce=7
        > CDS nonce=5
        < RDS #8 r@2
        """
    )


def test_a8_2_on_a_stream_of_its_own_a_cluster_counts_as_warm_when_it_has_its_assignment() -> None:
    talk = Dialogue(delta=True, separate=True, policy=Policy())
    talk.play(NEW_CLUSTER)
    talk.play(
        """
        > CDS nonce=5                   # Envoy does not wait with that
        > EDS +c
        < EDS #6 c@1
        > EDS nonce=6
        < RDS #7 r@2
        """
    )


def test_a8_10_an_empty_glob_is_answered_with_itself_and_filled_later() -> None:
    delta(
        """
        have CDS x/a@1
        > CDS +y/*
        < CDS #1 -y/*
        > CDS nonce=1
        have CDS x/a@1 y/a@1
        < CDS #2 y/a@1
        > CDS nonce=2
        have CDS x/a@1
        < CDS #3 -y/a
        """
    )


def test_a8_10_several_globs_and_a_name_beside_them() -> None:
    delta(
        """
        have CDS x/a@1 y/a@1 z/a@1 z/b@1
        > CDS +x/* +y/* +z/b
        < CDS #1 x/a@1 y/a@1 z/b@1
        > CDS nonce=1
        > CDS -x/*
        have CDS x/a@2 y/a@2 z/a@2 z/b@2
        < CDS #2 y/a@2 z/b@2
        > CDS nonce=2
        > CDS +x/*
        < CDS #3 x/a@2
        """
    )


def test_a8_10_a_glob_asked_for_again_is_sent_again_whole() -> None:
    delta(
        """
        have CDS x/a@1 x/b@1
        > CDS +x/*
        < CDS #1 x/a@1 x/b@1
        > CDS nonce=1
        > CDS +x/*
        < CDS #2 x/a@1 x/b@1
        """
    )


def test_a8_10_a_name_taken_back_below_a_glob_is_answered_with_the_resource() -> None:
    delta(
        """
        have CDS x/a@1 x/b@1
        > CDS +x/* +x/a
        < CDS #1 x/a@1 x/b@1
        > CDS nonce=1
        > CDS -x/a
        < CDS #2 x/a@1
        > CDS nonce=2
        have CDS x/a@2 x/b@1
        < CDS #3 x/a@2
        """
    )


def test_a8_10_nothing_is_said_of_what_was_below_a_glob_that_was_taken_back() -> None:
    # Refused together: whether the client has any of it nobody knows.
    delta(
        """
        have EDS g/a@1 g/b@1 h@1
        > EDS +g/* +h
        < EDS #1 g/a@1 g/b@1 h@1
        > EDS -g/* nonce=1 error=bad
        < EDS #2 h@1
        have EDS h@1
        > EDS nonce=2
        have EDS h@2
        < EDS #3 h@2
        """
    )


def test_a8_10_nothing_is_said_of_a_removal_below_a_glob_that_was_refused_after_the_glob_was_taken_back() -> None:
    delta(
        """
        have EDS g/a@1 h@1
        > EDS +g/* +h
        < EDS #1 g/a@1 h@1
        > EDS nonce=1
        have EDS h@1
        < EDS #2 -g/a
        > EDS -g/*
        > EDS nonce=2 error=bad
        have EDS h@2
        < EDS #3 h@2
        """
    )


def test_a8_10_a_glob_beside_the_wildcard_and_without_it() -> None:
    delta(
        """
        have CDS x/a@1 y/a@1
        > CDS +* +x/*
        < CDS #1 x/a@1 y/a@1
        > CDS nonce=1
        > CDS -x/*
        < CDS #2 x/a@1
        > CDS nonce=2
        > CDS +x/*
        < CDS #3 x/a@1
        > CDS nonce=3
        > CDS -*
        have CDS x/a@2 y/a@2
        < CDS #4 x/a@2
        > CDS nonce=4
        > CDS +*
        < CDS #5 y/a@2
        """
    )


def test_a8_10_context_parameters_are_the_same_in_any_order_and_of_a_glob_they_must_match() -> None:
    delta(
        """
        have CDS xdstp://o/C/g/a?k=1&z=2@1 xdstp://o/C/g/b?k=1@1 xdstp://o/C/g/c@1 xdstp://o/C/h?k=1&z=2@1
        > CDS +xdstp://o/C/g/*?z=2&k=1 +xdstp://o/C/h?z=2&k=1
        < CDS #1 xdstp://o/C/g/a?k=1&z=2@1 xdstp://o/C/h?k=1&z=2@1
        > CDS nonce=1
        > CDS +xdstp://o/C/g/*
        < CDS #2 xdstp://o/C/g/c@1
        > CDS nonce=2
        > CDS -xdstp://o/C/g/*?k=1&z=2 -xdstp://o/C/g/*
        have CDS xdstp://o/C/h?k=1&z=2@1
        """
    )


def test_a8_10_in_state_of_the_world_a_glob_is_a_name_that_nobody_has() -> None:
    sotw(
        """
        have EDS x/a@1
        > EDS x/*
        > EDS x/* x/a
        < EDS #1 x/a@1
        """
    )


def test_a4_11_a_client_that_comes_back_with_a_glob_is_sent_the_difference() -> None:
    delta(
        """
        have CDS x/a@1 x/b@2 x/d@1
        > CDS +x/* has=x/a@1,x/b@1,x/c@1
        < CDS #1 x/b@2 x/d@1 -x/c
        """
    )
    delta("have CDS x/a@1\n> CDS +x/* has=x/a@1")


def test_a8_5_the_first_request_is_empty_and_means_every_virtual_host() -> None:
    delta(
        """
        have VHDS r/h@1~a.com s/h@1~b.com
        > VHDS
        < VHDS #1 r/h@1~a.com s/h@1~b.com
        > VHDS nonce=1
        have VHDS r/h@2~a.com s/h@1~b.com
        < VHDS #2 r/h@2~a.com
        """
    )


def test_a8_5_an_unknown_host_is_answered_without_a_body_at_once_and_when_it_appears_with_one() -> None:
    delta(
        """
        have VHDS r/h@1~a.com
        > VHDS
        < VHDS #1 r/h@1~a.com
        > VHDS nonce=1
        > VHDS +r/b.com
        < VHDS #2 !r/b.com
        > VHDS nonce=2
        > VHDS +r/b.com
        < VHDS #3 !r/b.com
        > VHDS nonce=3
        have VHDS r/h@1~a.com r/i@1~b.com
        < VHDS #4 r/i@1~b.com
        """
    )


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("a.com", "r/exact@1~a.com"),
        ("b.a.com", "r/suffix@1~*.a.com,b.a.com"),
        ("c.b.a.com", "r/longer@1~*.b.a.com,c.b.a.com"),
        ("a.org", "r/prefix@1~a.*,a.org"),
        ("nowhere", "r/any@1~*,nowhere"),
    ],
)
def test_a8_5_the_host_belongs_to_the_domain_that_envoy_would_choose(host: str, found: str) -> None:
    delta(
        f"""
        have VHDS r/exact@1~a.com r/suffix@1~*.a.com r/longer@1~*.b.a.com r/prefix@1~a.* r/any@1~* s/exact@1~{host}
        > VHDS +r/{host}
        < VHDS #1 {found}
        """
    )


def test_a8_5_with_a_port_both_readings_of_the_host_are_sent() -> None:
    delta(
        """
        have VHDS r/a@1~a.com r/b@1~a.com:80
        > VHDS +r/a.com:80
        < VHDS #1 r/a@1~a.com,a.com:80 r/b@1~a.com:80
        """
    )


def test_a8_5_a_changed_route_configuration_brings_its_virtual_hosts_again() -> None:
    delta(
        """
        have RDS r@1->VHDS:r/* s@1->VHDS:s/*; VHDS r/h@1~a.com s/h@1~b.com
        > RDS +r +s
        < RDS #1 r@1 s@1
        > VHDS
        < VHDS #2 r/h@1~a.com s/h@1~b.com
        > VHDS nonce=2
        > RDS nonce=1
        have RDS r@2->VHDS:r/* s@1->VHDS:s/*; VHDS r/h@1~a.com s/h@1~b.com
        < RDS #3 r@2
        < VHDS #4 r/h@1~a.com
        """
    )


def test_a8_5_a_virtual_host_waits_for_its_new_cluster_and_so_does_who_asked_for_it() -> None:
    delta(
        """
        have CDS c@1; EDS c@1
        > CDS
        < CDS #1 c@1
        > EDS +c
        < EDS #2 c@1
        > EDS nonce=2
        > CDS nonce=1
        > VHDS +r/a.com
        < VHDS #3 !r/a.com
        > VHDS nonce=3
        have CDS c@1 d@1; EDS c@1 d@1; VHDS r/h@1~*.com->d
        < CDS #4 d@1
        > VHDS +r/a.com
        > EDS +d
        < EDS #5 d@1
        > EDS nonce=5
        > CDS nonce=4
        < VHDS #6 r/h@1~*.com,a.com
        """
    )


def test_a4_18_a_subscription_by_alias_follows_the_resource_and_ends_with_the_alias() -> None:
    delta(
        """
        have VHDS r/h@1~a.com,b.com r/i@1~c.com
        > VHDS +r/a.com +r/b.com
        < VHDS #1 r/h@1~a.com,b.com
        > VHDS nonce=1
        have VHDS r/h@2~a.com,b.com r/i@2~c.com
        < VHDS #2 r/h@2~a.com,b.com
        > VHDS nonce=2
        > VHDS -r/a.com
        have VHDS r/h@3~a.com,b.com r/i@2~c.com
        < VHDS #3 r/h@3~a.com,b.com
        > VHDS nonce=3
        > VHDS -r/b.com
        have VHDS r/h@4~a.com,b.com r/i@2~c.com
        > VHDS +r/a.com
        < VHDS #4 r/h@4~a.com,b.com
        """
    )


def test_a4_18_by_its_name_and_by_an_alias_it_is_one_resource() -> None:
    delta(
        """
        have VHDS r/h@1~a.com
        > VHDS +r/a.com
        < VHDS #1 r/h@1~a.com
        > VHDS +r/h -r/a.com nonce=1
        < VHDS #2 r/h@1~a.com
        > VHDS nonce=2
        have VHDS r/h@2~a.com
        < VHDS #3 r/h@2~a.com
        > VHDS nonce=3
        have VHDS
        < VHDS #4 -r/h
        """
    )


def test_a4_18_a_domain_that_moves_brings_the_one_that_has_it_now_and_the_change_of_the_other() -> None:
    delta(
        """
        have VHDS r/h@1~a.com r/i@1~b.com
        > VHDS +r/a.com
        < VHDS #1 r/h@1~a.com
        > VHDS nonce=1
        have VHDS r/h@2~c.com r/i@2~a.com,b.com
        < VHDS #2 r/h@2~c.com r/i@2~a.com,b.com
        > VHDS nonce=2
        have VHDS r/i@2~a.com,b.com
        < VHDS #3 -r/h
        """
    )


def test_a8_6_a_cluster_on_demand_is_a_name_beside_the_wildcard_or_alone() -> None:
    delta(
        """
        have CDS a@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > CDS +missing
        < CDS #2 -missing
        > CDS nonce=2
        > CDS +a                        # a member of the wildcard is sent again
        < CDS #3 a@1
        > CDS nonce=3
        have CDS a@1 missing@1
        < CDS #4 missing@1
        """
    )
    delta(
        """
        have CDS a@1 b@1
        > CDS +b +missing
        < CDS #1 b@1 -missing
        """
    )


def test_a8_6_in_state_of_the_world_the_answer_to_a_missing_cluster_is_silence() -> None:
    sotw(
        """
        have CDS a@1
        > CDS *
        < CDS #1 a@1
        > CDS * nonce=1
        > CDS * missing nonce=1
        have CDS a@1 missing@1
        < CDS #2 a@1 missing@1
        """
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a8_6_a_route_to_the_cluster_of_a_header_waits_for_no_cluster(*, is_delta: bool) -> None:
    plus = "+" if is_delta else ""
    talk = Dialogue(delta=is_delta, policy=Policy())
    talk.play(
        f"""
        have CDS a@1; RDS r@1->a
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > RDS {plus}r
        < RDS #2 r@1
        > RDS {"" if is_delta else "r"} nonce=2
        have CDS a@1; RDS r@2->*
        < RDS #3 r@2
        """
    )
