"""What somebody may do, as an API server says: only its clear yes is one, for seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from legation.kube.access_review import HOLDS_NO, HOLDS_YES, AccessReviewer, Answer, Deed
from legation.kube.client import Client
from legation.testing import FakeKube, ManualClock
from tests.unit.kube.loopback import Answer as Reply
from tests.unit.kube.loopback import Asked, client_of, loopback

PATIENCE = 10.0
USER, GROUPS = "system:serviceaccount:shop:cart", ("system:serviceaccounts",)
DEED = Deed(verb="patch", group="legation.dev", resource="upstreams", namespace="shop", name="a")


class World:
    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.client = Client(kube.connection)
        self.clock = ManualClock()
        self.reviewer = AccessReviewer(self.client, clock=self.clock)

    async def may(self, deed: Deed = DEED) -> Answer:
        async with asyncio.timeout(PATIENCE):
            return await self.reviewer.may(USER, GROUPS, deed)

    @property
    def questions(self) -> int:
        return self.kube.count("create", "subjectaccessreviews")


@asynccontextmanager
async def opened() -> AsyncIterator[World]:
    async with FakeKube() as kube:
        world = World(kube)
        try:
            yield world
        finally:
            await world.client.aclose()


async def test_only_what_is_permitted_may_be_done() -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        assert (await world.may()).allowed
        for other in (
            replace(DEED, verb="delete"),
            replace(DEED, namespace="other"),
            replace(DEED, namespace=""),
            replace(DEED, resource="virtualservices"),
        ):
            answer = await world.may(other)
            assert (answer.allowed, answer.known) == (False, True)


async def test_rights_of_a_group_are_those_of_its_members() -> None:
    async with opened() as world:
        world.kube.permit("system:serviceaccounts", "patch", "upstreams")
        assert (await world.may()).allowed
        assert not (await world.reviewer.may(USER, (), DEED)).allowed


async def test_nobody_may_anything() -> None:
    async with opened() as world:
        world.kube.permit("", "patch", "upstreams")
        assert await world.reviewer.may("", GROUPS, DEED) == Answer(allowed=False, reason="nobody has said who asks")
        assert world.questions == 0


async def test_a_yes_holds_for_seconds() -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        await world.may()
        world.kube.revoke(USER, "patch", "upstreams", "shop")
        world.clock.step(HOLDS_YES - 0.1)
        assert (await world.may()).allowed
        assert world.questions == 1
        world.clock.step(0.1)
        assert not (await world.may()).allowed


async def test_a_no_holds_for_seconds() -> None:
    async with opened() as world:
        assert not (await world.may()).allowed
        world.kube.permit(USER, "patch", "upstreams", "shop")
        world.clock.step(HOLDS_NO - 0.1)
        assert not (await world.may()).allowed
        world.clock.step(0.1)
        assert (await world.may()).allowed


async def test_one_question_is_asked_for_all_who_wait() -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        answers = await asyncio.gather(*(world.may() for _ in range(30)))
        assert all(each.allowed for each in answers)
        assert world.questions == 1


async def test_one_who_goes_away_does_not_end_the_question_of_others() -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        first, second = (asyncio.create_task(world.may()) for _ in range(2))
        async with asyncio.timeout(PATIENCE):
            await world.kube.wait(lambda: world.questions == 1)
        first.cancel()
        assert (await second).allowed


@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500, 503])
async def test_a_server_in_trouble_has_said_nothing(status: int) -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        world.kube.refuse_next(status)
        answer = await world.may()
        assert (answer.allowed, answer.known) == (False, False)
        # That is not remembered.
        assert (await world.may()).allowed


async def test_a_server_that_is_away_has_said_nothing() -> None:
    async with opened() as world:
        world.kube.permit(USER, "patch", "upstreams", "shop")
        assert (await world.may()).allowed
        await world.kube.stop()
        assert (await world.may()).allowed
        world.clock.step(HOLDS_YES)
        answer = await world.may()
        assert (answer.allowed, answer.known) == (False, False)


async def test_who_may_not_ask_is_told_which_right_is_missing() -> None:
    async with opened() as world:
        world.kube.forbid("create", "subjectaccessreviews")
        answer = await world.may()
        assert (answer.allowed, answer.known) == (False, False)
        assert "subjectaccessreviews" in answer.reason


@pytest.mark.parametrize(
    "status",
    [None, {}, [], {"allowed": "true"}, {"allowed": 1}, {"allowed": True, "denied": True}, {"allowed": False}],
)
async def test_what_is_no_clear_yes_is_a_no(status: object) -> None:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "status": status}

    async def speak(_: Asked, answer: Reply) -> None:
        await answer.whole(body=json.dumps(body).encode())

    async with loopback(speak) as server, client_of(server) as client:
        answer = await AccessReviewer(client, clock=ManualClock()).may(USER, GROUPS, DEED)
        assert not answer.allowed


async def test_the_question_is_the_apis_own() -> None:
    async def speak(_: Asked, answer: Reply) -> None:
        await answer.whole(body=b'{"kind": "SubjectAccessReview", "status": {"allowed": true, "reason": "RBAC"}}')

    async with loopback(speak) as server, client_of(server) as client:
        answer = await AccessReviewer(client, clock=ManualClock()).may(USER, GROUPS, DEED)
        assert answer == Answer(allowed=True, reason="RBAC")
        assert json.loads(server.asked[0].body) == {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": USER,
                "groups": ["system:serviceaccounts"],
                "resourceAttributes": {
                    "verb": "patch",
                    "group": "legation.dev",
                    "resource": "upstreams",
                    "namespace": "shop",
                    "name": "a",
                },
            },
        }
