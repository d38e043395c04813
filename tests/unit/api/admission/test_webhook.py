"""The webhook over HTTP: an answer to every question, within a time."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from demo import web
from legation.api.admission.deciding import Deciding
from legation.api.admission.review import Decision, Request
from legation.api.admission.webhook import LARGEST, Webhook
from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.runtime.read import read
from legation.runtime.what_if import WhatIf
from legation.translate.pipeline import API_KINDS
from tests.unit.api.admission.reviews import cluster, review

Consider = Callable[[ManifestObject], tuple[Problem, ...]]
NOTHING_ELSE: Consider = WhatIf(read=read).problems
"""Where nothing else is served."""


@contextmanager
def served(
    consider: Consider = NOTHING_ELSE, *, time_limit: float = 60.0, refuse: bool = False
) -> Iterator[tuple[TestClient, list[Exception]]]:
    faults: list[Exception] = []
    webhook = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: consider,
        time_limit=time_limit,
        refuse_unchecked=refuse,
        fault=faults.append,
    )
    try:
        yield TestClient(webhook.app), faults
    finally:
        webhook.close()


def response(client: TestClient, body: bytes) -> Any:
    answer = client.post("/validate?timeout=2s", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()["response"]


def test_a_question_is_answered() -> None:
    with served() as (client, _):
        assert response(client, review(cluster(type="STATIC", connect_timeout="1s")))["allowed"]
        refused = response(client, review(cluster(connect_timeout="soon")))
        assert not refused["allowed"]
        assert refused["uid"] == "705ab4f5-6393-11e8-b7cc-42010a800002"


@pytest.mark.parametrize(("refuse", "allowed"), [(False, True), (True, False)])
def test_a_check_that_takes_too_long_is_not_waited_for(*, refuse: bool, allowed: bool) -> None:
    over = threading.Event()

    def slow(_: ManifestObject) -> tuple[Problem, ...]:
        over.wait()
        return ()

    with served(slow, time_limit=0.01, refuse=refuse) as (client, faults):
        found = response(client, review(cluster()))
        over.set()
    assert found["allowed"] is allowed
    words = found["warnings"][0] if allowed else found["status"]["message"]
    assert words.startswith("legation could not check this object within 0.01 s")
    assert allowed or (found["status"]["code"], found["status"]["reason"]) == (503, "ServiceUnavailable")
    assert faults == []


def test_a_fault_of_this_program_is_told_to_its_log_and_lets_the_object_pass() -> None:
    def broken(_: ManifestObject) -> tuple[Problem, ...]:
        raise RuntimeError("the value")

    with served(broken) as (client, faults):
        found = response(client, review(cluster()))
    assert found["allowed"]
    assert "the value" not in json.dumps(found)
    assert [str(each) for each in faults] == ["the value"]


def test_what_is_no_review_is_refused_in_words() -> None:
    with served() as (client, _):
        answer = client.post("/validate", content=b"{}")
        assert (answer.status_code, "no AdmissionReview" in answer.text) == (400, True)
        assert client.get("/validate").status_code == 405
        assert client.post("/other", content=b"{}").status_code == 404


def test_a_review_that_is_too_large_is_refused_in_words_whether_or_not_it_says_how_large_it_is() -> None:
    with served() as (client, _):
        told = client.post("/validate", content=b" " * (LARGEST + 1))
        untold = client.post("/validate", content=(b" " * 65_536 for _ in range(LARGEST // 65_536 + 1)))
        assert client.post("/validate", content=b" " * LARGEST).status_code == 400
    for each in (told, untold):
        assert (each.status_code, "larger than 3145728 bytes" in each.text) == (413, True)


async def test_a_review_that_does_not_come_whole_is_not_waited_for() -> None:
    """Whoever sends a part and no more keeps nothing in memory for long."""
    webhook = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: NOTHING_ELSE,
        time_limit=60.0,
        refuse_unchecked=False,
        fault=lambda _: None,
        patience=0.01,
    )
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Any] = []

    async def receive() -> Any:
        if (part := next(parts, None)) is not None:
            return part
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/validate", "headers": [], "query_string": b""}
    await webhook.app(scope, receive, send)
    webhook.close()

    assert sent[0]["status"] == 408


def test_a_fault_in_adding_a_sidecar_lets_the_pod_pass_as_it_is() -> None:
    """Whatever becomes of objects that could not be checked."""

    def broken(_: Request) -> Decision:
        raise RuntimeError("the value")

    faults: list[Exception] = []
    webhook = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: NOTHING_ELSE,
        time_limit=60.0,
        refuse_unchecked=True,
        fault=faults.append,
        inject=broken,
    )
    client = TestClient(webhook.app)
    found = client.post("/inject?timeout=2s", content=review(cluster())).json()["response"]
    webhook.close()
    assert found["allowed"]
    assert found["warnings"][0].startswith("legation could not add a sidecar")
    assert "the value" not in json.dumps(found)
    assert [str(each) for each in faults] == ["the value"]


def test_where_nobody_adds_sidecars_nobody_may_ask_for_one() -> None:
    with served() as (client, _):
        assert client.post("/inject", content=review(cluster())).status_code == 404


def test_what_there_is_no_room_for_is_refused_in_words_and_the_next_one_is_answered() -> None:
    one = review(cluster(type="STATIC", connect_timeout="1s"))
    webhook = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: NOTHING_ELSE,
        time_limit=60.0,
        refuse_unchecked=False,
        fault=lambda _: None,
        room=len(one),
    )
    client = TestClient(webhook.app)
    refused = client.post("/validate", content=one + b" ")
    assert (refused.status_code, "too much is asked at a time" in refused.text) == (503, True)
    for _ in range(3):
        assert response(client, one)["allowed"]
    webhook.close()


@contextmanager
def adding(inject: Callable[[Request], Decision]) -> Iterator[Webhook]:
    """Give one that adds sidecars."""
    made = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: NOTHING_ELSE,
        time_limit=60.0,
        refuse_unchecked=False,
        fault=lambda fault: pytest.fail(str(fault)),
        inject=inject,
    )
    try:
        yield made
    finally:
        made.close()


def test_a_pod_that_nobody_waits_for_any_more_is_not_looked_at() -> None:
    """The failurePolicy decides what becomes of it; to add a sidecar then would be of no use."""
    begun, over, looked_at = threading.Event(), threading.Event(), list[str]()

    def slow(request: Request) -> Decision:
        begun.set()
        looked_at.append(request.namespace)
        over.wait()
        return Decision()

    with adding(slow) as webhook:

        async def ask(wait: str) -> Any:
            transport = httpx2.ASGITransport(webhook.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://a") as client:
                return await client.post(f"/inject?timeout={wait}", content=review(cluster()), timeout=None)

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                first = group.create_task(ask("30s"))
                await asyncio.to_thread(begun.wait)
                late = await ask("0s")
                over.set()
            assert (late.status_code, late.text) == (503, "the Pod was not looked at within 0 s\n")
            assert first.result().json()["response"]["allowed"]
            assert (await ask("soon")).json()["response"]["allowed"]

        asyncio.run(both())
    assert len(looked_at) == 2


async def test_who_makes_many_pods_keeps_nobody_else_waiting() -> None:
    """The namespaces take turns."""
    begun, over, looked_at = threading.Event(), threading.Event(), list[str]()

    def slow(request: Request) -> Decision:
        looked_at.append(request.namespace)
        begun.set()
        over.wait()
        return Decision()

    with adding(slow) as webhook:

        async def ask(namespace: str) -> None:
            value = json.loads(review(cluster()))
            value["request"]["namespace"] = namespace
            transport = httpx2.ASGITransport(webhook.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://a") as client:
                await client.post("/inject?timeout=30s", content=json.dumps(value), timeout=None)

        async with asyncio.TaskGroup() as group:
            group.create_task(ask("many"))
            await asyncio.to_thread(begun.wait)
            for each in ("many", "many", "many", "few"):
                group.create_task(ask(each))
            turns = webhook._turns

            async def all_wait() -> bool:
                return sum(map(len, turns._waiting.values())) == 4

            await web.until(all_wait, within=60, what="the others wait")
            over.set()
    assert looked_at == ["many", "many", "few", "many", "many"]


def test_an_object_is_held_against_others_at_the_secret_path_alone() -> None:
    def told(words: str) -> Consider:
        return lambda _: (Problem(code="a", message=words, level=Level.WARNING),)

    made = Webhook(
        Deciding.of(API_KINDS),
        consider=lambda: told("in itself"),
        consider_beside=lambda: told("beside others"),
        is_secret="ab".__eq__,
        time_limit=60,
        refuse_unchecked=False,
        fault=lambda _: None,
    )
    try:
        client = TestClient(made.app)
        words = {
            path: client.post(path, content=review(cluster())).json()["response"]["warnings"]
            for path in (
                "/",
                "/validate",
                "/validate/ab",
                "/validate/",
                "/validate/a",
                "/validate/\u00e9",
            )
        }
    finally:
        made.close()
    assert [path for path, each in words.items() if each != ["in itself"]] == ["/validate/ab"]
