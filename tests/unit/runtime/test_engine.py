"""From sources to clients: what is served when, and what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from legation.clock import Clock, MonotonicClock
from legation.errors import SourceError, TransportError
from legation.model.node import Node, Workload
from legation.model.objects import ManifestObject, ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER
from legation.runtime.engine import RECALL_FOR, Engine
from legation.runtime.read import Reading, read
from legation.runtime.state_folder import StateFolder
from legation.sources.base import Inputs
from legation.testing import ManualClock
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.manifests import cluster, manifest

GONE = Problem(code="unreadable", message="it cannot be read")


def broken(name: str = "backend") -> ManifestObject:
    return cluster(name, config={"name": name, "connect_timeuot": "1s"})


def changed(name: str = "backend", seconds: int = 2) -> ManifestObject:
    return cluster(name, config={"name": name, "connect_timeout": f"{seconds}s"})


@dataclass
class World:
    """An engine with one source, and clients at its fake transport."""

    source: FakeSource = field(default_factory=FakeSource)
    transport: FakeTransport = field(default_factory=FakeTransport)
    others: tuple[FakeSource, ...] = ()
    clock: Clock = field(default_factory=MonotonicClock)
    state_dir: Path | None = None

    def __post_init__(self) -> None:
        self.engine = Engine(
            sources=[self.source, *self.others],
            transports=[self.transport],
            clock=self.clock,
            state_folder=StateFolder(self.state_dir) if self.state_dir else None,
        )

    @asynccontextmanager
    async def running(self, *objects: ManifestObject) -> AsyncIterator[World]:
        self.source.publish(*objects)
        async with self.engine.serving.in_background(self.engine.run()):
            if not self.others:
                await self.handled()
            yield self

    async def handled(self) -> None:
        async with asyncio.timeout(20):
            await self.engine.wait_handled()

    async def publish(self, *objects: ManifestObject) -> None:
        self.source.publish(*objects)
        await self.handled()

    def client(self, node: Node | str = "test-id") -> FakeClient:
        client = FakeClient(self.transport.feed, node)
        client.subscribe(CLUSTER)
        return client


def names(client: FakeClient) -> list[str]:
    assert client.seat.snapshot is not None
    return list(client.seat.snapshot[CLUSTER].resources)


async def test_an_object_reaches_a_client() -> None:
    async with World().running(cluster("one")) as world:
        client = world.client()
        assert names(client) == ["one"]
        await world.publish(cluster("one"), cluster("two"))
        assert (names(client), client.woken) == (["one", "two"], 1)


async def test_nobody_gets_anything_before_every_source_has_loaded() -> None:
    late = FakeSource("late source")
    async with World(others=(late,)).running(cluster("one")) as world:
        client = world.client()
        assert client.seat.snapshot is None
        assert list(world.engine.missing) == ["late source has not loaded yet"]
        late.publish(cluster("two"))
        await world.handled()
        assert names(client) == ["one", "two"]
        assert not world.engine.missing


async def test_a_source_may_say_what_it_waits_for() -> None:
    late = FakeSource("cluster")
    late.waits_for = ("pods are not listed yet", "may not list services")
    async with World(others=(late,)).running() as world:
        assert list(world.engine.missing) == ["cluster: pods are not listed yet", "cluster: may not list services"]
        late.publish()
        await world.handled()
        assert not world.engine.missing


async def test_what_did_not_change_stays_the_same_python_object(tmp_path: Path) -> None:
    # A name that no other run of this test has: equal collections are one object as long as somebody holds it.
    name = tmp_path.name
    stays = cluster(name)
    async with World().running(stays, cluster("changes")) as world:
        client = world.client()
        assert client.seat.snapshot is not None
        before = client.seat.snapshot
        await world.publish(stays, changed("changes"))
        assert client.seat.snapshot[CLUSTER].resources[name] is before[CLUSTER].resources[name]
        assert client.seat.snapshot[CLUSTER].resources["changes"] is not before[CLUSTER].resources["changes"]


async def test_a_change_without_a_difference_wakes_nobody() -> None:
    async with World().running(cluster("one")) as world:
        client = world.client()
        await world.publish(cluster("one"))
        assert client.woken == 0


async def test_a_broken_object_keeps_its_last_good_version_and_stops_no_other() -> None:
    async with World().running(cluster()) as world:
        client = world.client()
        assert client.seat.snapshot is not None
        good = client.seat.snapshot[CLUSTER].resources["backend"]
        await world.publish(broken(), cluster("other"))
        assert names(client) == ["backend", "other"]
        assert client.seat.snapshot[CLUSTER].resources["backend"].version == good.version
        (problem,) = world.engine.problems()
        assert problem.code == "unknown-field"
        assert problem.object == ObjectKey("bootes.io", "Cluster", "default", "backend")


async def test_an_object_that_breaks_keeps_the_name_that_another_claims_too_until_it_is_deleted() -> None:
    def served(client: FakeClient) -> str:
        assert client.seat.snapshot is not None
        resource = client.seat.snapshot[CLUSTER].resources["backend"]
        return str(resource.origin and resource.origin.name)

    def claimant(name: str, **fields: str) -> ManifestObject:
        return cluster(name, config={"name": "backend", **fields})

    first, rival = claimant("first"), claimant("rival", connect_timeout="9s")
    async with World().running(first) as world:
        client = world.client()
        versions = []
        for mine in (first, claimant("first", connect_timeuot="1s"), claimant("first", connect_timeout="3s")):
            await world.publish(mine, rival)
            assert served(client) == "first"
            assert client.seat.snapshot is not None
            versions.append(client.seat.snapshot[CLUSTER].resources["backend"].version)
            assert [str(problem.object) for problem in world.engine.problems() if problem.code == "duplicate-name"] == [
                str(rival.key)
            ]
        assert versions[0] == versions[1] != versions[2]
        await world.publish(rival)
        assert served(client) == "rival"
        assert not world.engine.problems()


async def test_a_problem_has_the_place_of_its_field_which_is_looked_for_once() -> None:
    other = cluster("other")
    bad = broken()
    async with World().running(bad, other) as world:
        await world.publish(bad, changed("other"))
        (problem,) = (each for each in world.engine.problems() if each.code == "unknown-field")
        assert problem.place == Place("a.yaml", 11, 1)
        assert len([path for _, path in world.source.located if path]) == 1


async def test_what_a_source_cannot_read_is_a_problem_of_the_engine() -> None:
    async with World().running() as world:
        world.source.publish(problems=(GONE,))
        await world.handled()
        assert world.engine.problems() == (GONE,)


async def test_an_object_on_which_legation_fails_is_contained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile_read(obj: ManifestObject, previous: Reading | None, *, unknown_fields: Level) -> Reading:
        if obj.key.name == "poison":
            raise RuntimeError(obj.body["spec"])
        return read(obj, previous, unknown_fields=unknown_fields)

    monkeypatch.setattr("legation.runtime.read.read", fragile_read)
    with capture_logs() as logs:
        async with World().running(cluster("one"), cluster("poison", config={"name": "s3cret"})) as world:
            client = world.client()
            assert names(client) == ["one"]
            (problem,) = (each for each in world.engine.problems() if each.code == "internal-error")
            assert problem.object is not None
            assert problem.object.name == "poison"
    (fault,) = (each for each in logs if each["event"] == "internal error")
    assert fault["error"] == "RuntimeError"
    assert "in fragile_read" in fault["traceback"]
    assert "s3cret" not in str(logs)


async def test_if_everything_fails_what_was_served_stays_until_it_works_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with World().running(cluster("one")) as world:
        client = world.client()
        with monkeypatch.context() as patch:
            patch.setattr("legation.runtime.served.check", None)
            await world.publish(cluster("one"), cluster("two"))
        assert names(client) == ["one"]
        assert [each.code for each in world.engine.problems()] == ["internal-error"]
        await world.publish(cluster("one"), cluster("two"), cluster("three"))
        assert names(client) == ["one", "three", "two"]
        assert not world.engine.problems()


async def test_a_pod_that_appears_moves_its_node_to_another_group() -> None:
    everyone = cluster("all")
    edge = cluster("edge")
    edge.body["spec"]["workloadSelector"] = {"labels": {"app": "edge"}}
    async with World().running(everyone, edge) as world:
        client = world.client("front-1.default")
        assert names(client) == ["all"]
        pod = manifest("Pod", "front-1", api_version="v1", labels={"app": "edge"})
        await world.publish(everyone, edge, pod)
        assert (names(client), client.seat.group) == (["all", "edge"], "default/app=edge")


async def test_a_selector_that_appears_splits_a_group() -> None:
    async with World().running(cluster("all")) as world:
        edge = world.client(Node(id="a", metadata={"labels": {"app": "edge"}}))
        other = world.client("b")
        assert edge.seat.group == other.seat.group == "default"
        selected = cluster("edge")
        selected.body["spec"]["workloadSelector"] = {"labels": {"app": "edge"}}
        await world.publish(cluster("all"), selected)
        assert (names(edge), names(other)) == (["all", "edge"], ["all"])


async def test_groups_whose_names_look_alike_are_two() -> None:
    selectors = {"one": {"a": "1,b=2"}, "two": {"a": "1", "b": "2"}}
    objects = {name: cluster(name) for name in selectors}
    for name, labels in selectors.items():
        objects[name].body["spec"]["workloadSelector"] = {"labels": labels}
    async with World().running(*objects.values()) as world:
        clients = {name: world.client(Node(id=name, metadata={"labels": selectors[name]})) for name in selectors}
        assert {name: names(client) for name, client in clients.items()} == {"one": ["one"], "two": ["two"]}


async def test_of_an_object_in_two_sources_the_first_one_counts() -> None:
    second = FakeSource("second")
    second.publish(broken(), cluster("two"))
    async with World(others=(second,)).running(cluster()) as world:
        await world.handled()
        client = world.client()
        assert names(client) == ["backend", "two"]
        (problem,) = world.engine.problems()
        assert problem.message == "fake source has it too, and that one counts"


async def test_a_refusal_is_a_problem_at_the_place_of_the_resource() -> None:
    async with World().running(cluster()) as world:
        client = world.client()
        client.refuse(client.is_sent(CLUSTER), "Error adding/updating cluster(s) backend: no")
        (problem,) = world.engine.problems()
        assert problem.place == Place("a.yaml", 11, 1)
        assert str(problem).endswith(
            'Cluster default/backend: spec.config: Cluster "backend" is refused by 1 of 1 Envoys: '
            "Error adding/updating cluster(s) backend: no"
        )


async def test_a_problem_is_said_once_and_its_end_once() -> None:
    moved = cluster(config={"name": "backend", "connect_timeuot": "1s"}, line=7)
    with capture_logs() as logs:

        def said() -> list[tuple[str, str]]:
            spoken = [(each["event"], each["code"]) for each in logs if "code" in each]
            return [each for each in spoken if each[1] != "no-good-version"]

        async with World().running(broken()) as world:
            await turns()
            assert said() == [("problem", "unknown-field")]
            await world.publish(moved, cluster("other"))
            await turns()
            assert said() == [("problem", "unknown-field")]
            client = world.client()
            client.refuse(client.is_sent(CLUSTER), "no")
            await turns()
            assert said()[1:] == [("problem", "refused")]
            await world.publish(cluster())
            await turns()
            assert said()[2:] == [("problem over", "unknown-field"), ("problem over", "refused")]


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_it_waits_until_what_an_object_makes_is_accepted_and_what_it_made_is_given_back() -> None:
    first = cluster(config={"name": "old"})
    renamed = cluster(config={"name": "new"})
    async with World().running(first, cluster("other")) as world:
        client = world.client()
        client.take(CLUSTER)
        await world.publish(renamed, changed("other"))
        assert (await world.engine.wait_accepted([first.key], timeout=0)).waiting == ("test-id",)
        client.take(CLUSTER)
        assert (await world.engine.wait_accepted([first.key], timeout=0)).accepted == ("test-id",)
        await world.publish()
        assert not await world.engine.wait_accepted([first.key], timeout=0)
        client.take(CLUSTER)
        assert await world.engine.wait_accepted([first.key], timeout=0)


async def test_an_object_that_is_broken_is_not_accepted() -> None:
    async with World().running(cluster(), cluster("other")) as world:
        world.client().take(CLUSTER)
        bad = broken()
        await world.publish(bad, cluster("other"))
        answer = await world.engine.wait_accepted([bad.key], timeout=0)
        assert not answer
        assert [each.code for each in answer.problems] == ["unknown-field"]
        assert await world.engine.wait_accepted([cluster("other").key], timeout=0)


async def test_a_restart_with_a_broken_manifest_serves_the_last_good_one(tmp_path: Path) -> None:
    async with World(state_dir=tmp_path).running(cluster()) as world:
        before = world.client().seat.snapshot
    async with World(state_dir=tmp_path).running(broken()) as world:
        after = world.client().seat.snapshot
        assert "unknown-field" in {each.code for each in world.engine.problems()}
    assert before is not None
    assert after is not None
    assert before[CLUSTER].version == after[CLUSTER].version
    assert len(after[CLUSTER]) == 1


async def test_what_a_group_got_before_a_restart_is_known_by_its_version(tmp_path: Path) -> None:
    async with World(state_dir=tmp_path).running(cluster()) as world:
        before = world.client().seat.snapshot
    assert before is not None
    clock = ManualClock()
    async with World(state_dir=tmp_path, clock=clock).running(cluster("other")) as world:
        await clock.advance(1)
        seat = world.client().seat
        remembered = seat.remembered(CLUSTER, before[CLUSTER].version)
        assert remembered is not None
        assert [*remembered.resources] == ["backend"]
        assert seat.remembered(CLUSTER, "another") is None
        await clock.advance(RECALL_FOR)
        assert seat.remembered(CLUSTER, before[CLUSTER].version) is None


async def test_a_burst_is_one_update() -> None:
    clock = ManualClock()
    async with World(clock=clock).running(cluster("one")) as world:
        await clock.advance(1)
        updates = world.engine.statistics().updates
        world.source.publish(cluster("one"), cluster("two"))
        await clock.advance(0)
        assert world.engine.statistics().updates == updates + 1
        for number in range(5):
            world.source.publish(changed("one", number + 1), cluster("two"))
            await clock.advance(0.001)
        assert world.engine.statistics().updates == updates + 1
        await clock.advance(0.010)
        assert world.engine.statistics().updates == updates + 2


async def test_figures() -> None:
    async with World().running(cluster("one"), cluster("two")) as world:
        world.client().take(CLUSTER)
        figures = world.engine.statistics()
        assert (figures.groups, figures.objects, figures.resources) == (1, {"Cluster": 2}, {CLUSTER: 2})
        assert (figures.feedback.proxies, figures.feedback.accepted) == (1, {CLUSTER: 1})
        assert (figures.updates, figures.update_seconds) == (1, figures.last_update_seconds)


async def test_an_error_of_a_transport_comes_out_alone() -> None:
    taken = TransportError("port 18000 is taken")
    with pytest.raises(TransportError) as error:
        async with World(transport=FakeTransport(taken)).running():
            pass
    assert error.value is taken


async def test_an_error_of_a_source_ends_the_run_and_drains_the_transports() -> None:
    class Unreadable(FakeSource):
        async def run(self, inputs: Inputs) -> None:
            await asyncio.sleep(0)
            raise SourceError("unreadable", "there is no such directory")

    world = World(source=Unreadable())
    with pytest.raises(SourceError, match="no such directory"):
        await world.engine.run()
    assert world.transport.drained


async def test_the_body_of_a_background_run_is_cancelled_when_it_fails() -> None:
    failing = asyncio.Event()

    class FailsLater(FakeSource):
        async def run(self, inputs: Inputs) -> None:
            await failing.wait()
            raise SourceError("later", "it is gone")

    async def fail() -> None:
        async with World(source=FailsLater(), others=(FakeSource(),)).running():
            failing.set()
            await asyncio.get_running_loop().create_future()

    with pytest.raises(SourceError, match="it is gone"):
        await fail()


async def wait_said(logs: Sequence[Mapping[str, Any]], lines: int) -> None:
    """Return when so many lines were logged. They come a few turns of the event loop after what they tell."""
    for _ in range(100):
        if len(logs) >= lines:
            return
        await asyncio.sleep(0)
    pytest.fail(f"{len(logs)} lines of {lines} were logged")


async def test_a_problem_with_a_subject_stays_the_same_one_whatever_its_words_are() -> None:
    first = Problem(code="not-watched", subject="the API server", message="it answers 503")
    async with World().running(cluster("one")) as world:
        with capture_logs() as logs:
            world.source.publish(cluster("one"), problems=(first,))
            await world.handled()
            await wait_said(logs, 1)
            world.source.publish(cluster("one"), problems=(replace(first, message="it answers 429"),))
            await world.handled()
            assert [each.message for each in world.engine.problems()] == ["it answers 429"]
            world.source.publish(cluster("one"))
            await world.handled()
            await wait_said(logs, 2)
            assert [each["event"] for each in logs] == ["problem", "problem over"]


def versioned(name: str, version: int, seconds: int) -> ManifestObject:
    """Return a cluster in a version, as a store of objects has it."""
    it = changed(name, seconds)
    metadata = {**it.body["metadata"], "resourceVersion": str(version)}
    return replace(it, body={**it.body, "metadata": metadata})


async def test_a_version_that_is_not_heard_of_yet_is_waited_for() -> None:
    first, stored = versioned("one", 9, 1), versioned("one", 10, 2)
    async with World().running(first) as world:
        client = world.client("edge")
        client.take(CLUSTER)
        waiting = asyncio.create_task(
            world.engine.wait_accepted([first.key], versions=[stored], at_least=1, timeout=30)
        )
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        await world.publish(versioned("one", 11, 3))
        client.take(CLUSTER)
        assert (await waiting).accepted == ("edge",)


async def test_a_version_that_is_deleted_before_it_was_served_is_not_waited_for() -> None:
    first, stored = versioned("one", 9, 1), versioned("two", 10, 2)
    async with World().running(first) as world:
        world.source.publish(first, stored)
        waiting = asyncio.create_task(world.engine.wait_accepted([stored.key], versions=[stored], timeout=None))
        await asyncio.sleep(0)
        world.source.publish(first)
        async with asyncio.timeout(30):
            assert not (await waiting).problems


async def test_a_version_that_does_not_come_is_told_when_the_time_is_over() -> None:
    async with World().running(versioned("one", 9, 1)) as world:
        answer = await world.engine.wait_accepted(versions=[versioned("one", 10, 2)], timeout=0.01)
        assert not answer
        assert [each.code for each in answer.problems] == ["not-ready"]
        assert answer.problems[0].message == "what was stored has not come here yet"


async def test_which_envoys_are_meant_is_asked_with_what_is_known_of_them() -> None:
    async with World().running(cluster("one")) as world:
        world.client(Node(id="front.default", metadata={"labels": {"tier": "front"}}))
        asked: list[tuple[str, object]] = []

        def matches(node: Node, workload: Workload | None) -> bool:
            asked.append((node.id, workload))
            return False

        assert await world.engine.wait_accepted(matches=matches, timeout=30)
        assert asked == [("front.default", Workload(namespace="default", labels=frozenset({("tier", "front")})))]


async def test_of_an_object_that_two_sources_have_it_is_told_who_counts() -> None:
    second = FakeSource("second")
    async with World(others=(second,)).running(cluster("one")) as world:
        second.publish(cluster("one"), cluster("two"))
        await world.handled()
        held = world.engine.held(cluster("one").key)
        assert held is not None
        assert held[0] is world.source
        held = world.engine.held(cluster("two").key)
        assert held is not None
        assert held[0] is second
        assert world.engine.held(cluster("three").key) is None
