"""When a watch that does not stand is a problem, and which one."""

from __future__ import annotations

from typing import Any, cast

import pytest

from legation.errors import KubeError, KubeForbidden, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.outages import GRACE, Outages, in_short
from legation.kube.reflector import Reflector
from legation.kube.watch_words import Missing, Scope
from legation.model.api_kinds import ApiKind
from legation.sources.kubernetes.pods import PODS
from legation.sources.kubernetes.services import SERVICES

POD_SCOPE, SERVICE_SCOPE = Scope(kind=PODS), Scope(kind=SERVICES)
AWAY = KubeUnreachable("the API server refuses connections")


class Standing:
    """How a reflector stands, as a test says it."""

    def __init__(self) -> None:
        self.missing: Missing | None = None
        self.hurried = 0
        self.within = 0.0

    @property
    def current(self) -> bool:
        return self.missing is None

    def hurry(self, *, within: float) -> None:
        self.hurried += 1
        self.within = within


class World:
    def __init__(self) -> None:
        self.pods, self.services = Standing(), Standing()
        self.outages = Outages(cast("list[Reflector[Any]]", [self.pods, self.services]))

    def told(self, now: float) -> list[str]:
        self.outages.look(now)
        return [each.message for each in self.outages.problems(now)]


def test_a_watch_that_stands_again_within_moments_is_not_told_of() -> None:
    world = World()
    world.pods.missing = POD_SCOPE.failed(AWAY, verb="watch")
    assert world.told(0.0) == []
    assert world.outages.next_due(0.0) == GRACE
    world.pods.missing = None
    assert world.told(GRACE) == []
    assert world.outages.next_due(GRACE) == float("inf")


def test_what_lasts_is_told_with_the_last_reason_until_it_is_over() -> None:
    world = World()
    world.pods.missing = POD_SCOPE.failed(KubeGone(410, "Expired", "too old"), verb="watch")
    world.told(0.0)
    world.pods.missing = POD_SCOPE.failed(KubeForbidden(403, "Forbidden", "no"), verb="list")
    world.told(1.0)
    # It was listed, and nobody knows yet whether the watch will stand.
    world.pods.missing = POD_SCOPE.not_followed()
    assert world.told(GRACE) == ["may not list pods in all namespaces: no"]
    world.pods.missing = None
    assert world.told(GRACE) == []


def test_what_is_wrong_for_all_alike_is_one_problem_whatever_the_server_says_meanwhile() -> None:
    world = World()
    for words in (AWAY, KubeError(503, "", "starting"), KubeError(429, "", "storage is (re)initializing")):
        world.pods.missing = POD_SCOPE.failed(words, verb="watch")
        world.services.missing = SERVICE_SCOPE.failed(words, verb="watch")
        world.outages.look(0.0)
        (problem,) = world.outages.problems(GRACE)
        assert problem.subject == "the API server"
        assert problem.message.startswith("the cluster cannot be watched: the API server")
    world.services.missing = None
    world.outages.look(GRACE)
    (problem,) = world.outages.problems(GRACE)
    assert (problem.subject, "pods in all namespaces" in problem.message) == ("the API server", True)


def test_when_one_watch_stands_again_those_that_nobody_answered_wait_no_longer() -> None:
    world = World()
    world.pods.missing = POD_SCOPE.failed(AWAY, verb="watch")
    world.services.missing = SERVICE_SCOPE.failed(AWAY, verb="watch")
    world.told(0.0)
    assert (world.pods.hurried, world.services.hurried) == (0, 0)
    world.pods.missing = None
    world.told(1.0)
    assert (world.pods.hurried, world.services.hurried) == (0, 1)
    assert world.services.within == 1.0


def test_many_watches_are_spread_over_more_than_a_moment() -> None:
    many = [Standing() for _ in range(271)]
    outages = Outages(cast("list[Reflector[Any]]", many))
    for each in many:
        each.missing = POD_SCOPE.failed(AWAY, verb="watch")
    outages.look(0.0)
    many[0].missing = None
    outages.look(1.0)
    assert {(each.hurried, each.within) for each in many[1:]} == {(1, 5.4)}


@pytest.mark.parametrize(
    "answer",
    [
        KubeForbidden(403, "Forbidden", "no"),
        KubeNotFound(404, "", "no"),
        KubeError(429, "TooManyRequests", "no", retry_after=10.0),
        KubeError(503, "", "starting"),
        KubeError(500, "", "no"),
    ],
)
def test_whom_the_server_has_answered_is_not_hurried(answer: KubeError) -> None:
    world = World()
    world.pods.missing = POD_SCOPE.failed(AWAY, verb="watch")
    world.services.missing = SERVICE_SCOPE.failed(AWAY, verb="watch")
    world.told(0.0)
    world.services.missing = SERVICE_SCOPE.failed(answer, verb="watch")
    world.pods.missing = None
    world.told(1.0)
    assert (world.pods.hurried, world.services.hurried) == (0, 0)


def test_somebody_who_answers_in_place_of_the_server_is_one_problem() -> None:
    world = World()
    pods = KubeNotFound(404, "", "GET /api/v1/pods at http://a: 404 Not Found")
    things = Scope(kind=ApiKind(group="example.com", version="v1", kind="Thing", plural="things"))
    world.pods.missing = things.not_told(KubeNotFound(404, "", "no"), KubeNotFound(404, "", "GET /apis: 404"))
    world.services.missing = POD_SCOPE.failed(pods, verb="list")
    world.told(0.0)
    (problem,) = world.outages.problems(GRACE)
    assert problem.subject == "the API server"
    assert problem.message == (
        "the cluster cannot be watched: GET /api/v1/pods at http://a: 404 Not Found, though every API server has that; "
        "is it the API server that answers there?"
    )
    assert problem.mend == "what was known of them stays"


def test_in_short_a_rule_that_is_missing_is_told_with_its_mend_and_what_is_common_once() -> None:
    forbidden = POD_SCOPE.failed(KubeForbidden(403, "Forbidden", "no"), verb="list")
    away = [each.failed(AWAY, verb="watch") for each in (POD_SCOPE, SERVICE_SCOPE)]
    rule = 'apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"]'
    assert list(in_short([forbidden, *away])) == [
        f"may not list pods in all namespaces: no (it takes a ClusterRole with the rule {rule})",
        "the cluster cannot be watched: the API server refuses connections",
    ]
