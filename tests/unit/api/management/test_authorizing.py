"""Each method of the API, called by somebody who may only some of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.rpc import code_pb2
from structlog.testing import capture_logs

from legation.api.management.access import Principal
from legation.api.management.calls import Caller
from legation.api.management.kinds import Kinds
from legation.api.management.policy import Policy, PolicyAccess, PolicyRule, Right
from legation.api.management.refused import Refused
from legation.api.management.service import LOOK_AGAIN, Management
from legation.management.v1 import management_pb2 as pb
from legation.model.api_kinds import ApiKind
from legation.model.delivery import Delivery
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.stored import StoredObject
from legation.runtime.acceptance import Acceptance
from legation.testing import ManualClock
from tests.unit.api.management.stores import FakePlane, FakeStore
from tests.unit.api.management.test_service import refusal
from tests.unit.sources.stored.stored_things import a_store

PATIENCE = 30.0
KINDS = Kinds(
    [
        ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters"),
        ApiKind(group="legation.dev", version="v1", kind="Upstream", plural="upstreams"),
    ]
)
CI = Principal(name="token:ci", proof="token of the policy", names=("token:ci",))
MINE, OTHERS = "shop", "edge"


def stored(namespace: str, name: str = "web", kind: str = "Cluster") -> StoredObject:
    group = "bootes.io" if kind == "Cluster" else "legation.dev"
    metadata = {"name": name, "namespace": namespace, "resourceVersion": "1", "uid": "u"}
    body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "spec": {"config": {"name": name}}}
    return StoredObject(key=ObjectKey(group, kind, namespace, name), body=body)


class World:
    """Two namespaces with an object each; CI may in one of them what a test says."""

    def __init__(self, *rights: Right, kind: tuple[str, str] = ("*", "*"), namespace: str = MINE) -> None:
        self.store = FakeStore(stored(MINE), stored(OTHERS))
        self.plane = FakePlane()
        self.clock = ManualClock()
        self.policy = self.allowing(*rights, kind=kind, namespace=namespace)
        self.management = Management(
            self.plane,
            self.store,
            own=None,
            kinds=KINDS,
            access=PolicyAccess(lambda: self.policy),
            clock=self.clock,
        )
        self.caller = Caller(peer="ipv4:192.0.2.7:5", over="grpc", private=False, secured=True, who=CI)

    @staticmethod
    def allowing(*rights: Right, kind: tuple[str, str] = ("*", "*"), namespace: str = MINE) -> Policy:
        rule = PolicyRule(who=("token:ci",), rights=frozenset(rights), kinds=(kind,), namespaces=(namespace,))
        return Policy(rules=(rule,))

    async def apply(self, *where: tuple[str, str], **more: Any) -> pb.ApplyResponse:
        return await self.management.apply(pb.ApplyRequest(items=list(items(*where)), **more), self.caller)

    async def delete(self, *namespaces: str, **more: Any) -> pb.DeleteResponse:
        objects = [reference(each) for each in namespaces]
        return await self.management.delete(pb.DeleteRequest(objects=objects, **more), self.caller)

    @property
    def names(self) -> set[tuple[str, str]]:
        return {(each.namespace, each.name) for each in self.store.objects}


def items(*where: tuple[str, str]) -> Sequence[pb.Item]:
    made = [pb.Item() for _ in where]
    for each, (namespace, name) in zip(made, where, strict=True):
        metadata: Mapping[str, str] = {"name": name, **({"namespace": namespace} if namespace else {})}
        each.object.update({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata})
    return made


def reference(namespace: str, name: str = "web") -> pb.ObjectReference:
    return pb.ObjectReference(kind="Cluster", namespace=namespace, name=name)


async def denied(call: Any) -> Refused:
    found = await refusal(call)
    assert (found.status.code, found.reason) == (code_pb2.PERMISSION_DENIED, "FORBIDDEN")
    return found


# ------------------------------------------------------------------------------------------------------------- changes


async def test_who_may_write_in_one_namespace_writes_there_and_nowhere_else() -> None:
    world = World(Right.WRITE)
    await world.apply((MINE, "web"), (MINE, "new"))
    assert (MINE, "new") in world.names
    for where in ((OTHERS, "web"), (OTHERS, "new"), ("", "new")):
        assert "token:ci may not write Cluster" in str(await denied(world.apply(where)))
    await denied(world.apply((MINE, "second"), (OTHERS, "second")))
    assert "second" not in {name for _, name in world.names}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_who_may_only_write_is_not_given_whole_objects_back(*, dry_run: bool) -> None:
    """Else an object with nothing but its name would read all that others wrote into it."""
    world = World(Right.WRITE)
    before = dict(world.store.objects)
    found = await denied(world.apply((MINE, "web"), dry_run=dry_run, return_objects=True))
    assert "token:ci may not read Cluster" in str(found)
    await denied(world.apply((MINE, "new"), dry_run=dry_run, return_objects=True))
    assert world.store.objects == before
    assert (await world.apply((MINE, "web"), dry_run=dry_run)).applied
    world.policy = world.allowing(Right.WRITE, Right.READ)
    answer = await world.apply((MINE, "web"), dry_run=dry_run, return_objects=True)
    assert answer.applied[0].stored.object.name == "web"


async def test_what_is_denied_has_not_even_been_tried() -> None:
    """In a cluster a dry run would be done in the name of this program, and tell what is there."""
    world = World(Right.WRITE)
    await denied(world.apply((OTHERS, "web"), dry_run=True))
    await denied(world.apply((MINE, "web"), force=True))
    await denied(world.delete(MINE, dry_run=True))
    assert world.store.asked == []
    assert world.plane.foresight.foreseen == []


async def test_what_the_store_makes_of_a_request_is_what_was_asked_about() -> None:
    """Whatever reads a manifest otherwise than who asks for the right: it is not stored."""
    world = World(Right.WRITE)
    real = world.store._applied

    def elsewhere(body: Mapping[str, Any]) -> Any:
        found = real(body)
        return replace(found, key=found.key._replace(namespace=OTHERS))

    world.store._applied = elsewhere  # type: ignore[method-assign]
    await denied(world.apply((MINE, "web")))
    assert world.names == {(MINE, "web"), (OTHERS, "web")}


async def test_to_force_needs_a_right_of_its_own() -> None:
    await denied(World(Right.WRITE).apply((MINE, "web"), force=True))
    assert (await World(Right.WRITE, Right.FORCE).apply((MINE, "web"), force=True)).applied


async def test_who_may_write_may_not_delete() -> None:
    await denied(World(Right.WRITE, Right.READ).delete(MINE))
    world = World(Right.DELETE)
    await world.delete(MINE)
    for each in (OTHERS, ""):
        await denied(world.delete(each, missing_ok=True))
    assert world.names == {(OTHERS, "web")}


async def test_an_upstream_is_an_object_like_any_other() -> None:
    world = World(Right.WRITE, Right.DELETE, kind=("legation.dev", "Upstream"))
    add, remove = world.management.add_upstream, world.management.remove_upstream
    hosts = [pb.Host(address="192.0.2.1", port=80)]
    await add(pb.AddUpstreamRequest(name="u", namespace=MINE, hosts=hosts), world.caller)
    await denied(add(pb.AddUpstreamRequest(name="u", namespace=OTHERS, hosts=hosts), world.caller))
    await denied(add(pb.AddUpstreamRequest(name="u", hosts=hosts), world.caller))
    await denied(world.apply((MINE, "web")))
    await remove(pb.RemoveUpstreamRequest(name="u", namespace=MINE), world.caller)
    await denied(remove(pb.RemoveUpstreamRequest(name="u", namespace=OTHERS, missing_ok=True), world.caller))


async def test_who_says_no_field_manager_is_called_by_their_proven_name() -> None:
    world = World(Right.WRITE)
    await world.apply((MINE, "web"))
    await world.apply((MINE, "web"), field_manager="pipeline")
    assert [each["manager"] for each in world.store.asked] == ["token:ci", "pipeline"]


async def test_without_anybody_to_ask_a_checked_caller_may_do_nothing() -> None:
    world = World(*Right)
    world.management = Management(world.plane, world.store, own=None, kinds=KINDS)
    await denied(world.apply((MINE, "web")))
    await denied(world.management.list(pb.ListRequest(), world.caller))


# --------------------------------------------------------------------------------------------------------------- reads


async def test_an_object_that_one_may_not_read_is_denied_whether_it_is_there_or_not() -> None:
    world = World(Right.READ)
    ask = world.management.get
    found = await ask(pb.GetRequest(kind="Cluster", namespace=MINE, name="web"), world.caller)
    assert found.object.namespace == MINE
    there = await denied(ask(pb.GetRequest(kind="Cluster", namespace=OTHERS, name="web"), world.caller))
    missing = await denied(ask(pb.GetRequest(kind="Cluster", namespace=OTHERS, name="wex"), world.caller))
    assert str(there).replace("web", "wex") == str(missing)


async def test_a_list_has_what_one_may_read() -> None:
    world = World(Right.READ)
    found = await world.management.list(pb.ListRequest(), world.caller)
    assert [each.object.namespace for each in found.objects] == [MINE]
    await denied(world.management.list(pb.ListRequest(namespace=OTHERS), world.caller))


async def test_a_list_goes_on_behind_what_one_does_not_see() -> None:
    world = World(Right.READ)
    for number in range(5):
        world.store.put(stored(OTHERS, f"o{number}"))
        world.store.put(stored(MINE, f"m{number}"))
    names, token = [], ""
    while True:
        request = pb.ListRequest(page_size=2, page_token=token)
        page = await world.management.list(request, world.caller)
        names += [each.object.name for each in page.objects]
        token = page.next_page_token
        if not token:
            break
    assert names == ["m0", "m1", "m2", "m3", "m4", "web"]


async def test_secrets_need_their_own_right_and_tls() -> None:
    request = pb.GetRequest(kind="Cluster", namespace=MINE, name="web", secrets=True)
    await denied(World(Right.READ).management.get(request, World().caller))
    world = World(Right.READ, Right.SECRETS)
    assert (await world.management.get(request, world.caller)).object.name == "web"
    world.caller = replace(world.caller, secured=False)
    assert (await refusal(world.management.get(request, world.caller))).reason == "SECRETS_NOT_SHOWN"
    assert (await refusal(world.management.list(pb.ListRequest(secrets=True), world.caller))).reason == (
        "SECRETS_NOT_SHOWN"
    )


async def test_who_waits_may_ask_for_what_they_may_read() -> None:
    world = World(Right.READ)
    world.plane.acceptance = Acceptance(problems=(Problem(code="c", message="m", object=stored(OTHERS).key),))
    wait = world.management.wait_accepted
    found = await wait(pb.WaitAcceptedRequest(objects=[reference(MINE)]), world.caller)
    assert [each.code for each in found.problems] == ["hidden"]
    await denied(wait(pb.WaitAcceptedRequest(objects=[reference(MINE), reference(OTHERS)]), world.caller))
    await denied(wait(pb.WaitAcceptedRequest(), world.caller))
    everything = World(Right.READ, namespace="*")
    assert (await everything.management.wait_accepted(pb.WaitAcceptedRequest(), everything.caller)).accepted


async def test_a_page_ends_with_an_object_that_one_sees_so_that_its_token_names_no_other(tmp_path: Path) -> None:
    world = World(Right.READ)
    names = [("edge", "secret-a"), ("shop", "m1"), ("shop", "m2"), ("tail", "secret-z")]
    found, tokens, token = [], [], ""
    async with a_store(tmp_path) as (store, _):
        world.management = Management(
            world.plane, store, own=None, kinds=KINDS, access=PolicyAccess(lambda: world.policy), clock=world.clock
        )
        await store.apply([plain(*each) for each in names], manager="x")
        while True:
            page = await world.management.list(pb.ListRequest(page_size=1, page_token=token), world.caller)
            found += [each.object.name for each in page.objects]
            token = page.next_page_token
            if not token:
                break
            tokens.append(base64.urlsafe_b64decode(token + "=="))
    assert found == ["m1", "m2"]
    assert tokens
    assert not any(b"secret" in each for each in tokens)


def plain(namespace: str, name: str) -> dict[str, Any]:
    return {**stored(namespace, name).body, "metadata": {"name": name, "namespace": namespace}}


# ------------------------------------------------------------------------------------------------------------- watches


async def told(world: World, events: Any) -> str:
    del world
    async with asyncio.timeout(PATIENCE):
        event = await anext(events)
    match event.WhichOneof("event"):
        case "object":
            return str(event.object.stored.object.namespace)
        case "problem":
            return f"problem {event.problem.problem.object.namespace}"
        case "delivery":
            return f"delivery {event.delivery.object.namespace}"
    return "synced"


async def passing(clock: ManualClock) -> None:
    """Let the time pass after which it is asked anew, as soon as somebody waits for it."""
    async with asyncio.timeout(PATIENCE):
        while not clock.sleepers:  # noqa: ASYNC110 - a clock tells nobody who waits
            await asyncio.sleep(0)
    await clock.advance(LOOK_AGAIN)


def watching(world: World, **asked: Any) -> Any:
    return aclosing(world.management.watch(pb.WatchRequest(**asked), world.caller))


async def test_who_watches_is_told_of_nothing_that_they_may_not_read() -> None:
    world = World(Right.READ)
    world.plane.problem_feed.said |= {
        each: Problem(code="c", message="m", object=None if not each else stored(each).key)
        for each in (OTHERS, MINE, "")
    }
    for each in (OTHERS, MINE):
        world.plane.objects.count(stored(each).key, Delivery(accepted=1))
    async with watching(world) as events:
        found = [await told(world, events) for _ in range(4)]
        assert found == [MINE, f"problem {MINE}", f"delivery {MINE}", "synced"]
        world.store.put(stored(OTHERS, "new"))
        world.plane.problem_feed.tell(OTHERS, None)
        world.plane.problem_feed.tell("new", Problem(code="c", message="m", object=stored(OTHERS).key))
        world.store.put(stored(MINE, "new"))
        assert await told(world, events) == MINE
    with pytest.raises(Refused):
        async with watching(world, namespace=OTHERS) as events:
            await told(world, events)


async def test_who_may_not_watch_any_more_is_told_nothing_more() -> None:
    world = World(Right.READ)
    async with watching(world, topics=[pb.WatchRequest.OBJECTS]) as events:
        assert [await told(world, events) for _ in range(2)] == [MINE, "synced"]
        world.policy = Policy()
        next_one = asyncio.ensure_future(told(world, events))
        await passing(world.clock)
        await denied(next_one)


async def test_a_watch_does_not_outlive_its_proof() -> None:
    world = World(Right.READ)
    good = True

    async def again() -> Principal:
        if not good:
            raise Refused.of(code_pb2.UNAUTHENTICATED, "it has expired")
        return CI

    world.caller = replace(world.caller, again=again)
    async with watching(world, topics=[pb.WatchRequest.OBJECTS]) as events:
        assert [await told(world, events) for _ in range(2)] == [MINE, "synced"]
        next_one = asyncio.ensure_future(told(world, events))
        await passing(world.clock)
        good = False
        await passing(world.clock)
        ended = await refusal(next_one)
        assert (ended.status.code, ended.reason) == (code_pb2.UNAVAILABLE, "PROOF_ENDED")


# --------------------------------------------------------------------------------------------------------------- lines


async def test_each_denied_call_leaves_a_line_and_no_other_read_does() -> None:
    world = World(Right.READ)
    with capture_logs() as logs:
        await world.management.get(pb.GetRequest(kind="Cluster", namespace=MINE, name="web"), world.caller)
        await world.management.list(pb.ListRequest(), world.caller)
        await refusal(world.management.get(pb.GetRequest(kind="Cluster", namespace=MINE, name="x"), world.caller))
        assert logs == []
        await denied(world.management.get(pb.GetRequest(kind="Cluster", namespace=OTHERS, name="web"), world.caller))
        await denied(world.management.list(pb.ListRequest(namespace=OTHERS), world.caller))
        await denied(world.apply((OTHERS, "web")))
        await denied(world.delete(OTHERS))
        with pytest.raises(Refused):
            async with watching(world, namespace=OTHERS) as events:
                await told(world, events)
    assert [(each["call"], each["who"], each["outcome"], each["objects"] or each["asked"]) for each in logs] == [
        ("Get", "token:ci", "PERMISSION_DENIED", "Cluster edge/web"),
        ("List", "token:ci", "PERMISSION_DENIED", "all kinds in edge"),
        ("Apply", "token:ci", "PERMISSION_DENIED", "Cluster edge/web"),
        ("Delete", "token:ci", "PERMISSION_DENIED", "Cluster edge/web"),
        ("Watch", "token:ci", "PERMISSION_DENIED", "all kinds in edge"),
    ]
    assert {(each["proof"], each["peer"]) for each in logs} == {("token of the policy", "ipv4:192.0.2.7:5")}
