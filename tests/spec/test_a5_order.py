"""Rows A5: the order of types, make before break, warming. In all four variants where nothing else is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from legation.cli.rendering import snapshot_for
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.protocol.sequence import Policy
from tests.spec.dialogue import AT_ONCE, Dialogue

GRACES = Policy(removal_grace=5.0, drain_grace=600.0)

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
streams = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own streams"])

SERVING_SOTW = """
    have CDS a@1->a; EDS a@1; LDS l@1->r; RDS r@1->a
    > CDS
    < CDS #1 a@1
    > EDS a
    < EDS #2 a@1
    > CDS nonce=1
    > EDS a nonce=2
    > LDS
    < LDS #3 l@1
    > RDS r
    < RDS #4 r@1
    > LDS nonce=3
    > RDS r nonce=4
"""
"""An Envoy serves listener l, route r and cluster a."""

SERVING_DELTA = SERVING_SOTW.replace("EDS a nonce", "EDS nonce").replace("RDS r nonce", "RDS nonce")
SERVING_DELTA = SERVING_DELTA.replace("> EDS a", "> EDS +a").replace("> RDS r", "> RDS +r")


def serving(*, is_delta: bool, separate: bool | None = None, policy: Policy = AT_ONCE) -> Dialogue:
    """Return the dialogue with an Envoy that serves and has answered everything."""
    talk = Dialogue(delta=is_delta, separate=separate, policy=policy)
    talk.play(SERVING_DELTA if is_delta else SERVING_SOTW)
    return talk


@both
def test_a5_1_one_change_of_everything_goes_out_in_order(*, is_delta: bool) -> None:
    names = (lambda name: f"+{name}") if is_delta else str
    talk = Dialogue(delta=is_delta, separate=False)
    talk.play(
        f"""
        > SRDS
        > RDS {names("r")}
        > LDS
        > SDS {names("s")}
        > ECDS {names("x")}
        > EDS {names("a")}
        > CDS
        have CDS a@1->a; EDS a@1; SDS s@1; ECDS x@1; LDS l@1->r,SDS:s,ECDS:x,SRDS:q; RDS r@1->CDS:a; SRDS q@1->r
        < CDS #1 a@1
        < EDS #2 a@1
        < SDS #3 s@1
        < ECDS #4 x@1
        < LDS #5 l@1
        > CDS nonce=1
        < RDS #6 r@1
        < SRDS #7 q@1
        > EDS {names("a") if not is_delta else ""} nonce=2
        """
    )


@both
@streams
def test_a5_2_a_route_waits_for_its_new_cluster_and_others_do_not(*, is_delta: bool, separate: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=separate)
    plus = "+" if is_delta else ""
    again = "" if is_delta else "r s"
    talk.play(
        f"""
        have CDS a@1; RDS r@1->a s@1->a
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > RDS {plus}r {plus}s
        < RDS #2 r@1 s@1
        > RDS {again} nonce=2
        have CDS a@1 b@1; RDS r@2->b s@2->a
        < CDS #3 {"b@1" if is_delta else "a@1 b@1"}
        < RDS #4 s@2
        > RDS {again} nonce=4
        > CDS nonce=3
        < RDS #5 r@2
        > RDS {again} nonce=5
        """
    )


@both
@streams
def test_a5_3_removals_come_last(*, is_delta: bool, separate: bool) -> None:
    talk = serving(is_delta=is_delta, separate=separate)
    if is_delta:
        talk.play(
            """
            have CDS b@1->b; EDS b@1; LDS l@1->r; RDS r@2->b
            < CDS #5 b@1
            > EDS +b
            < EDS #6 b@1
            > EDS nonce=6
            < RDS #7 r@2
            > CDS nonce=5
            > RDS nonce=7
            < CDS #8 -a
            > EDS -a
            > CDS nonce=8
            """
        )
    else:
        talk.play(
            """
            have CDS b@1->b; EDS b@1; LDS l@1->r; RDS r@2->b
            < CDS #5 a@1 b@1
            > EDS a b nonce=2
            < EDS #6 b@1
            > EDS a b nonce=6
            < RDS #7 r@2
            > CDS nonce=5
            > RDS r nonce=7
            < CDS #8 b@1
            > EDS b nonce=6
            > CDS nonce=8
            """
        )


@both
def test_a5_3_a_removed_cluster_stays_for_the_grace_after_its_last_route(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, policy=GRACES)
    plus, again = ("+", "") if is_delta else ("", "r")
    talk.play(
        f"""
        have CDS a@1 b@1; RDS r@1->a
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > RDS {plus}r
        < RDS #2 r@1
        > RDS {again} nonce=2
        have CDS b@1; RDS r@2->b
        < RDS #3 r@2
        wait 100                        # not accepted yet: a may be in use
        > RDS {again} nonce=3
        wait 4.9
        wait 0.1
        < CDS #4 {"-a" if is_delta else "b@1"}
        """
    )
    assert talk.sequence.next_deadline() is None


@both
def test_a5_3_what_a_draining_listener_uses_stays_for_the_drain_time(*, is_delta: bool) -> None:
    talk = serving(is_delta=is_delta, policy=GRACES)
    talk.play(
        f"""
        have
        < LDS #5 {"-l" if is_delta else ""}
        wait 100
        > LDS nonce=5
        wait 594
        """
    )
    # Its route goes, then what the route used, each after the grace of its own.
    said: list[tuple[str, float]] = []
    while (deadline := talk.sequence.next_deadline()) is not None:
        talk.now = deadline
        said += [(line, talk.now) for line in talk.pump()]
        if said and said[-1][0].startswith("< RDS"):
            talk.receive(talk.request("RDS nonce=6"))
            said += [(line, talk.now) for line in talk.pump()]
    removal = [("< RDS #6 -r", 705.0), ("< CDS #7 -a", 710.0)] if is_delta else [("< CDS #6", 710.0)]
    assert said == removal


@both
def test_a5_4_endpoints_never_wait_for_the_ack_of_their_cluster(*, is_delta: bool) -> None:
    talk = serving(is_delta=is_delta)
    if is_delta:
        talk.play(
            """
            have CDS a@2->a b@1->b; EDS a@1 b@1; LDS l@1->r; RDS r@1->a
            < CDS #5 a@2 b@1
            < EDS #6 a@1
            > EDS +b
            > EDS nonce=6
            < EDS #7 b@1
            > CDS nonce=5
            > EDS nonce=7
            """
        )
    else:
        talk.play(
            """
            have CDS a@2->a b@1->b; EDS a@1 b@1; LDS l@1->r; RDS r@1->a
            < CDS #5 a@2 b@1
            < EDS #6 a@1
            > EDS a b nonce=2
            > EDS a b nonce=6
            < EDS #7 b@1
            > CDS nonce=5
            > EDS a b nonce=7
            """
        )


@both
def test_a5_4_secrets_that_a_cluster_names_never_wait_for_its_ack(*, is_delta: bool) -> None:
    plus = "+" if is_delta else ""
    talk = Dialogue(delta=is_delta)
    talk.play(
        f"""
        have CDS a@1->SDS:s; SDS s@1
        > CDS
        < CDS #1 a@1
        > SDS {plus}s
        < SDS #2 s@1
        """
    )


@both
@pytest.mark.parametrize(("separate", "seconds"), [(False, 20.0), (True, 10.0)], ids=["ads", "separate"])
def test_a5_4_the_wait_for_a_cluster_that_never_warms_ends(*, is_delta: bool, separate: bool, seconds: float) -> None:
    """Without ADS sooner: nothing would tell that it is warm, and a listener waits 15 s for its routes."""
    talk = serving(is_delta=is_delta, separate=separate)
    talk.play(
        f"""
        have CDS a@1->a b@1->b; EDS a@1; LDS l@1->r; RDS r@2->a,b
        < CDS #5 {"b@1" if is_delta else "a@1 b@1"}
        wait {seconds - 0.1}
        """
    )
    assert talk.sequence.next_deadline() == pytest.approx(seconds)
    talk.play("wait 0.1\n< RDS #6 r@2")


@both
def test_a5_5_a_newer_cluster_may_follow_an_unanswered_one(*, is_delta: bool) -> None:
    talk = serving(is_delta=is_delta)
    head = "" if is_delta else "a@1 "
    talk.play(
        f"""
        have CDS a@1->a b@1->b; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #5 {head}b@1
        have CDS a@1->a b@2->b; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #6 {head}b@2              # mends what is unanswered: at once
        have CDS a@1->a b@2->b c@1->c; EDS a@1; LDS l@1->r; RDS r@1->a
        wait 0.9
        wait 0.1
        < CDS #7 {"c@1" if is_delta else "a@1 b@2 c@1"}
        """
    )


def test_a5_6_endpoints_go_again_after_a_changed_cluster_delta() -> None:
    serving(is_delta=True).play(
        """
        have CDS a@2->a; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #5 a@2
        < EDS #6 a@1
        > EDS nonce=6
        > CDS nonce=5
        """
    )


def test_a5_6_endpoints_go_again_after_a_changed_cluster_and_once_more_when_asked_sotw() -> None:
    serving(is_delta=False).play(
        """
        have CDS a@2->a; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #5 a@2
        < EDS #6 a@1
        > EDS a nonce=2                 # asked for again; crossed the response
        > EDS a nonce=6
        > CDS nonce=5
        """
    )


def test_a5_6_endpoints_go_again_after_a_change_back() -> None:
    serving(is_delta=True).play(
        """
        have CDS a@2->a; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #5 a@2
        < EDS #6 a@1
        have CDS a@1->a; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #7 a@1
        > EDS nonce=6
        < EDS #8 a@1
        > EDS nonce=8
        > CDS nonce=5
        > CDS nonce=7
        """
    )


@both
def test_a5_7_routes_do_not_go_again_after_a_changed_listener(*, is_delta: bool) -> None:
    talk = serving(is_delta=is_delta)
    talk.play("have CDS a@1->a; EDS a@1; LDS l@2->r; RDS r@1->a\n< LDS #5 l@2\n> LDS nonce=5")


@both
def test_a5_8_an_envoy_that_kept_the_endpoints_is_sent_them_once_more_and_that_is_all(*, is_delta: bool) -> None:
    again = "" if is_delta else "a"
    serving(is_delta=is_delta).play(
        f"""
        have CDS a@2->a; EDS a@1; LDS l@1->r; RDS r@1->a
        < CDS #5 a@2
        < EDS #6 a@1
        > CDS nonce=5                   # warm by what it kept
        > EDS {again} nonce=6
        have CDS a@2->a; EDS a@2; LDS l@1->r; RDS r@1->a
        < EDS #7 a@2
        """
    )


@both
def test_a5_9_endpoints_go_by_the_name_that_is_asked_for(*, is_delta: bool) -> None:
    Dialogue(delta=is_delta).play(
        f"""
        have CDS a@1->service; EDS service@1
        > CDS
        < CDS #1 a@1
        > EDS {"+" if is_delta else ""}service
        < EDS #2 service@1
        """
    )


@both
def test_a5_10_endpoints_may_be_asked_for_before_any_cluster(*, is_delta: bool) -> None:
    plus = "+" if is_delta else ""
    talk = Dialogue(delta=is_delta)
    talk.play(
        f"""
        have CDS a@1->a; EDS a@1 static@1
        > EDS {plus}static
        < EDS #1 static@1
        > CDS
        < CDS #2 a@1
        """
    )


@both
def test_a5_11_a_cluster_without_endpoints_is_answered_with_none(*, is_delta: bool) -> None:
    plus = "+" if is_delta else ""
    talk = Dialogue(delta=is_delta)
    talk.play(
        f"""
        have CDS a@1->a
        > CDS
        < CDS #1 a@1
        > EDS {plus}a
        < EDS #2 a@empty
        > EDS {"" if is_delta else "a"} nonce=2
        have CDS a@1->a; EDS a@1
        < EDS #3 a@1
        """
    )


@both
def test_a5_12_a_watch_survives_a_snapshot_that_has_nothing_for_it(*, is_delta: bool) -> None:
    plus, again = ("+", "") if is_delta else ("", "r")
    talk = Dialogue(delta=is_delta)
    talk.play(
        f"""
        have RDS r@1
        > RDS {plus}r
        < RDS #1 r@1
        > RDS {again} nonce=1
        """
    )
    talk.play(
        "have\n< RDS #2 -r\n> RDS nonce=2\nhave RDS r@1\n< RDS #3 r@1"
        if is_delta
        else "have\nhave RDS r@1\n< RDS #2 r@1"
    )


@both
def test_a5_13_endpoints_are_never_those_of_an_older_snapshot(*, is_delta: bool) -> None:
    plus = "+" if is_delta else ""
    talk = Dialogue(delta=is_delta)
    talk.play(
        f"""
        have CDS a@1->a; EDS a@1
        > CDS
        < CDS #1 a@1
        wait 1
        have CDS a@1->a b@1->b; EDS a@2 b@1
        < CDS #2 {"b@1" if is_delta else "a@1 b@1"}
        > EDS {plus}a {plus}b
        < EDS #3 a@2 b@1
        """
    )


@both
def test_a5_14_separate_streams_keep_the_order_too(*, is_delta: bool) -> None:
    plus, again = ("+", "") if is_delta else ("", "r")
    talk = Dialogue(delta=is_delta, separate=True)
    talk.play(
        f"""
        have CDS a@1; RDS r@1->a
        > RDS {plus}r
        < RDS #1 r@1                    # nobody asked for clusters: they may be in the bootstrap
        > RDS {again} nonce=1
        > CDS
        < CDS #2 a@1
        > CDS nonce=2
        have CDS b@1; RDS r@2->b
        < CDS #3 {"b@1" if is_delta else "a@1 b@1"}
        > CDS nonce=3
        < RDS #4 r@2
        > RDS {again} nonce=4
        < CDS #5 {"-a" if is_delta else "b@1"}
        """
    )


@both
def test_a5_14_the_ack_of_a_separate_cluster_stream_says_nothing_of_warmth(*, is_delta: bool) -> None:
    talk = serving(is_delta=is_delta, separate=True)
    plus = "EDS +b" if is_delta else "EDS a b nonce=2"
    talk.play(
        f"""
        have CDS a@1->a b@1->b; EDS a@1 b@1; LDS l@1->r; RDS r@2->b
        < CDS #5 {"b@1" if is_delta else "a@1 b@1"}
        > CDS nonce=5
        > {plus}
        < EDS #6 b@1
        > {"EDS" if is_delta else "EDS a b"} nonce=6
        < RDS #7 r@2
        """
    )


MISTAKES = """
apiVersion: legation.dev/v1alpha1
kind: EnvoyResources
metadata: {name: mistakes}
spec:
  resources:
  - {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: twice, alt_stat_name: first}
  - {"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: twice, alt_stat_name: second}
  - "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
    name: pages
    virtual_hosts: [{name: all, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: nowhere}}]}]
"""


def test_a5_15_what_is_there_twice_and_what_names_nothing_is_told_and_the_rest_is_delivered(tmp_path: Path) -> None:
    (tmp_path / "mistakes.yaml").write_text(MISTAKES)
    snapshot, problems = snapshot_for(tmp_path, node_id="edge", labels={})

    assert {(each.code, each.object.name if each.object else "") for each in problems} == {
        ("duplicate-name", "mistakes"),
        ("dangling-reference", "mistakes"),
    }
    assert list(snapshot[CLUSTER].resources) == ["twice"]
    assert list(snapshot[ROUTE_CONFIGURATION].resources) == ["pages"]
