from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from google.rpc import code_pb2
from structlog.testing import capture_logs

from legation.api.management import requests
from legation.api.management import service as module
from legation.api.management.calls import Caller
from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.api.management.service import Management
from legation.errors import InvalidObjects, ObjectFault, StoreUnavailable
from legation.management.v1 import management_pb2 as pb
from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem
from legation.model.stored import Outcome
from legation.runtime.acceptance import Acceptance
from legation.runtime.read import Reading
from tests.unit.api.management.stores import FakePlane, FakeStore, stored
from tests.unit.api.management.test_requests import violations

CALLER = Caller(peer="ipv4:127.0.0.1:5", over="grpc", private=False)
OWNER = Caller(peer="unix:", over="grpc", private=True)
KINDS = Kinds([ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")])


class World:
    def __init__(self, *names: str, **options: Any) -> None:
        self.store = FakeStore(*map(stored, names))
        self.plane = FakePlane()
        self.management = Management(self.plane, self.store, own=None, kinds=KINDS, **options)

    async def apply(self, *names: str, **more: Any) -> pb.ApplyResponse:
        items = [pb.Item() for _ in names]
        for item, name in zip(items, names, strict=True):
            item.object.update({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": name}})
        return await self.management.apply(pb.ApplyRequest(items=items, **more), CALLER)


async def refusal(call: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as caught:
        await call
    return caught.value


def key(name: str, **more: Any) -> pb.ObjectReference:
    return pb.ObjectReference(kind="Cluster", name=name, **more)


async def test_what_is_applied_is_stored_and_told_with_its_doubts() -> None:
    world = World("b")
    world.plane.foresight.wrong["a"] = (Problem(code="c", message="m", level=Level.WARNING),)
    response = await world.apply("a", "b", field_manager="me", force=True, return_objects=True)
    assert [each.outcome for each in response.applied] == [pb.Applied.CREATED, pb.Applied.CHANGED]
    assert [[it.code for it in each.warnings] for each in response.applied] == [["c"], []]
    assert response.applied[0].stored.object.name == "a"
    assert world.store.asked == [{"manager": "me", "force": True, "dry_run": False}]


async def test_who_does_not_say_who_he_is_is_called_as_the_program() -> None:
    world = World()
    response = await world.apply("a")
    assert world.store.asked[0]["manager"] == "legation"
    assert not response.applied[0].HasField("stored")


async def test_what_is_wrong_is_not_stored() -> None:
    world = World()
    world.plane.foresight.wrong["b"] = (Problem(code="c", message="m", path=("spec",)),)
    assert violations(await refusal(world.apply("a", "b"))) == {"items[1].object.spec": "m"}
    assert not world.store.objects


async def test_a_dry_run_checks_and_stores_nothing() -> None:
    world = World()
    assert (await world.apply("a", dry_run=True)).applied[0].outcome == pb.Applied.CREATED
    assert not world.store.objects
    world.plane.foresight.wrong["a"] = (Problem(code="c", message="m"),)
    assert (await refusal(world.apply("a", dry_run=True))).status.code == code_pb2.INVALID_ARGUMENT


async def test_what_was_found_out_of_what_is_not_to_be_served_is_forgotten() -> None:
    world = World()
    await world.apply("stored")
    await world.apply("asked", dry_run=True)
    world.plane.foresight.wrong["wrong"] = (Problem(code="c", message="m"),)
    await refusal(world.apply("wrong"))
    world.store.outcome = Outcome.UNCHANGED
    await world.apply("same")
    assert [each.name for each in world.plane.foresight.forgotten] == ["asked", "wrong", "same"]


async def test_what_is_stored_or_deleted_counts_before_it_is_served() -> None:
    world = World("a", "b")
    world.plane.foresight.upcoming.settle(
        {each.key: Reading(manifest=each.manifest()) for each in world.store.objects.values()}
    )
    await world.management.delete(pb.DeleteRequest(objects=[key("a")], dry_run=True), CALLER)
    assert len(world.plane.foresight.upcoming) == 0
    await world.management.delete(pb.DeleteRequest(objects=[key("b")]), CALLER)
    assert [each.name for each in (stored("a").key, stored("b").key) if each in world.plane.foresight.upcoming] == ["b"]
    await world.apply("new", dry_run=True)
    assert stored("new").key not in world.plane.foresight.upcoming
    await world.apply("new")
    assert stored("new").key in world.plane.foresight.upcoming


async def test_the_mark_of_a_secret_does_not_reach_the_store() -> None:
    world = World()
    text = json.dumps(stored("a", password="[redacted]").body)
    request = pb.ApplyRequest(items=[pb.Item(text=text)], force=True)
    refused = await refusal(world.management.apply(request, CALLER))
    assert refused.reason == "HIDDEN_SECRET"
    assert set(violations(refused)) == {"items[0].text.spec.password"}
    upstream = pb.AddUpstreamRequest(name="u")
    upstream.cluster.update({"metadata": {"filter_metadata": {"a": {"password": "[redacted]"}}}})
    assert (await refusal(world.management.add_upstream(upstream, CALLER))).reason == "HIDDEN_SECRET"
    assert world.store.asked == []


async def test_errors_of_the_store_are_told_by_the_field_of_the_request() -> None:
    world = World()
    world.store.error = InvalidObjects((ObjectFault(index=1, path="metadata.name", message="m"),))
    assert violations(await refusal(world.apply("a", "b"))) == {"items[1].object.metadata.name": "m"}
    world.store.error = StoreUnavailable("the disk is full")
    assert (await refusal(world.apply("a"))).status.code == code_pb2.UNAVAILABLE


async def test_an_error_of_this_program_is_logged_and_told_without_its_words() -> None:
    world = World()
    world.store.error = KeyError("hunter2")
    with capture_logs() as logs:
        refused = await refusal(world.apply("a"))
    assert (refused.status.code, refused.reason) == (code_pb2.INTERNAL, "INTERNAL_ERROR")
    assert "hunter2" not in f"{refused} {logs}"
    assert [each["event"] for each in logs] == ["internal error", "management call"]


async def test_what_is_deleted_is_told() -> None:
    world = World("a", "b")
    response = await world.management.delete(pb.DeleteRequest(objects=[key("a", resource_version="1")]), CALLER)
    assert [each.name for each in response.deleted] == ["a"]
    [(asked, condition)] = world.store.asked[0]["keys"]
    assert (asked.group, condition.resource_version) == ("bootes.io", "1")
    refused = await refusal(world.management.delete(pb.DeleteRequest(objects=[key("a")]), CALLER))
    assert refused.status.code == code_pb2.NOT_FOUND
    await world.management.delete(pb.DeleteRequest(objects=[key("a")], missing_ok=True), CALLER)


async def test_what_was_deleted_can_be_waited_for() -> None:
    world = World("a")
    world.plane.acceptance = Acceptance()
    await world.management.delete(pb.DeleteRequest(objects=[key("a")]), CALLER)
    request = pb.WaitAcceptedRequest(objects=[key("a")])
    assert (await world.management.wait_accepted(request, CALLER)).accepted
    other = pb.WaitAcceptedRequest(objects=[key("typo")])
    assert (await refusal(world.management.wait_accepted(other, CALLER))).status.code == code_pb2.NOT_FOUND


async def test_to_delete_nothing_or_very_much_is_refused() -> None:
    management = World().management
    assert "objects" in violations(await refusal(management.delete(pb.DeleteRequest(), CALLER)))
    many = pb.DeleteRequest(objects=[key("a")] * 1001)
    assert (await refusal(management.delete(many, CALLER))).reason == "TOO_MANY_ITEMS"


async def test_an_upstream_is_an_object_like_others() -> None:
    world = World()
    request = pb.AddUpstreamRequest(name="next", hosts=[pb.Host(address="10.0.0.1", port=80)])
    added = await world.management.add_upstream(request, CALLER)
    assert (added.applied[0].object.kind, added.applied[0].object.group) == ("Upstream", "legation.dev")
    removed = await world.management.remove_upstream(pb.RemoveUpstreamRequest(name="next"), CALLER)
    assert [each.name for each in removed.deleted] == ["next"]
    assert "name" in violations(await refusal(world.management.remove_upstream(pb.RemoveUpstreamRequest(), CALLER)))


async def test_an_object_is_told_with_what_is_wrong_with_it() -> None:
    world = World("a")
    world.plane.problem_feed.said["p"] = Problem(code="c", message="m", object=stored("a").key)
    found = await world.management.get(pb.GetRequest(kind="Cluster", name="a"), CALLER)
    assert [each.code for each in found.problems] == ["c"]


async def test_a_list_is_asked_for_as_the_request_says() -> None:
    world = World("a", "b", "c")
    request = pb.ListRequest(kind="Cluster", label_selector="a=b", page_size=2)
    page = await world.management.list(request, CALLER)
    assert ([each.object.name for each in page.objects], page.next_page_token) == (["a", "b"], "2")
    assert page.resume_token == "r3"
    asked = world.store.asked[0]
    assert (asked["group"], asked["kind"], asked["namespace"], asked["labels"]) == (None, "Cluster", None, "a=b")
    await world.management.list(pb.ListRequest(), CALLER)
    assert world.store.asked[1]["limit"] == 500
    for size in (-1, 1001):
        assert "page_size" in violations(await refusal(world.management.list(pb.ListRequest(page_size=size), CALLER)))


async def test_a_page_has_no_more_than_most_clients_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("a", "b", "c", "d")
    first = await world.management.list(pb.ListRequest(page_size=1), CALLER)
    monkeypatch.setattr(module, "MOST_BYTES", 2 * first.objects[0].ByteSize())
    names, sizes, token = [], [], ""
    while True:
        page = await world.management.list(pb.ListRequest(page_token=token), CALLER)
        names += [each.object.name for each in page.objects]
        sizes.append(len(page.objects))
        token = page.next_page_token
        if not token:
            break
    assert names == ["a", "b", "c", "d"]
    assert sizes == [2, 2]


async def test_an_object_that_is_larger_than_a_page_is_a_page_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World("a", "b")
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    page = await world.management.list(pb.ListRequest(), CALLER)
    assert [each.object.name for each in page.objects] == ["a"]


async def test_others_have_turns_while_a_long_page_is_made() -> None:
    world = World()
    for number in range(20):
        world.store.put(stored(str(number), text="x" * 50_000))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await world.management.list(pb.ListRequest(), CALLER)
    task.cancel()
    assert turns >= 5


async def test_what_is_large_is_read_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    world, readers, given = World(), list[threading.Thread](), requests.given

    def noted(items: Sequence[pb.Item]) -> tuple[requests.Given, ...]:
        readers.append(threading.current_thread())
        return given(items)

    monkeypatch.setattr(requests, "given", noted)
    await world.apply("a")
    assert readers == [threading.current_thread()]
    assert world.plane.foresight.ahead == []
    body = {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": "b"}, "spec": {"x": "y" * 100_000}}
    await world.management.apply(pb.ApplyRequest(items=[pb.Item(text=json.dumps(body))]), CALLER)
    [(name, reader)] = world.plane.foresight.ahead
    assert name == "b"
    assert threading.current_thread() not in {reader, readers[1]}


async def test_secrets_are_for_the_owner_of_the_socket() -> None:
    world = World("a")
    for call in (
        world.management.get(pb.GetRequest(kind="Cluster", name="a", secrets=True), CALLER),
        world.management.list(pb.ListRequest(secrets=True), CALLER),
        anext(world.management.watch(pb.WatchRequest(secrets=True), CALLER)),
    ):
        assert (await refusal(call)).reason == "SECRETS_NOT_SHOWN"
    await world.management.get(pb.GetRequest(kind="Cluster", name="a", secrets=True), OWNER)
    await world.management.list(pb.ListRequest(secrets=True), OWNER)


async def test_only_so_many_watch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WATCHES", 1)
    world = World()
    async with aclosing(world.management.watch(pb.WatchRequest(), CALLER)) as first:
        await anext(first)
        assert (await refusal(anext(world.management.watch(pb.WatchRequest(), CALLER)))).reason == "TOO_MANY"
    async with aclosing(world.management.watch(pb.WatchRequest(), CALLER)) as second:
        await anext(second)


async def test_who_waits_is_let_go_when_the_server_goes() -> None:
    world = World()
    world.plane.answers.clear()
    waiting = asyncio.ensure_future(world.management.wait_accepted(pb.WaitAcceptedRequest(), CALLER))
    async with asyncio.timeout(30):
        await world.plane.asked.wait()
    world.management.leave()
    assert (await refusal(waiting)).reason == "SHUTTING_DOWN"


async def test_who_waits_is_told_what_became_of_it() -> None:
    answer = await World().management.wait_accepted(pb.WaitAcceptedRequest(), CALLER)
    assert (answer.accepted, list(answer.accepted_by)) == (True, ["edge"])


async def test_each_call_that_changes_something_leaves_a_line() -> None:
    world = World()
    with capture_logs() as logs:
        await world.apply(*(f"c{number}" for number in range(7)), field_manager="me", dry_run=True)
        await refusal(world.management.delete(pb.DeleteRequest(objects=[key("a")]), CALLER))
        await world.management.list(pb.ListRequest(), CALLER)
    assert logs == [
        {
            "event": "management call",
            "log_level": "info",
            "call": "Apply",
            "who": "anybody on this machine",
            "proof": "none",
            "peer": "ipv4:127.0.0.1:5",
            "over": "grpc",
            "manager": "me",
            "objects": ", ".join(f"Cluster default/c{number}" for number in range(5)) + " and 2 more",
            "dry_run": True,
            "outcome": "done",
            "created": 7,
        },
        {
            "event": "management call",
            "log_level": "info",
            "call": "Delete",
            "who": "anybody on this machine",
            "proof": "none",
            "peer": "ipv4:127.0.0.1:5",
            "over": "grpc",
            "objects": "Cluster default/a",
            "outcome": "NOT_FOUND",
            "reason": "OBJECT_NOT_FOUND",
        },
    ]


async def test_a_call_that_is_broken_off_is_told_too() -> None:
    world = World()
    world.store.error = asyncio.CancelledError()  # type: ignore[assignment]  # what a client that hangs up does
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await world.apply("a")
    assert logs[0]["outcome"] == "broken off"


async def test_only_so_many_wait_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITS", 1)
    world = World()
    world.plane.answers.clear()
    waiting = asyncio.ensure_future(world.management.wait_accepted(pb.WaitAcceptedRequest(), CALLER))
    async with asyncio.timeout(30):
        await world.plane.asked.wait()
    assert (await refusal(world.management.wait_accepted(pb.WaitAcceptedRequest(), CALLER))).reason == "TOO_MANY"
    world.plane.answers.set()
    await waiting
    await world.management.wait_accepted(pb.WaitAcceptedRequest(), CALLER)


async def test_nobody_begins_to_watch_when_the_server_goes() -> None:
    world = World()
    world.management.leave()
    assert (await refusal(anext(world.management.watch(pb.WatchRequest(), CALLER)))).reason == "SHUTTING_DOWN"
