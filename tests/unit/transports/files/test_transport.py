"""One Envoy that is given files, with a disk in memory, a feed in the hand of the test and time that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from legation.errors import FilesError, TransportError
from legation.model.events import Accepted, Sent, Subscribed
from legation.model.node import Node
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, ROUTE_CONFIGURATION
from legation.model.snapshot import Snapshot
from legation.testing import ManualClock
from legation.transports.base import Refusal
from legation.transports.files.by_type import Planned
from legation.transports.files.file_set import FileSet, PlannedFile
from legation.transports.files.transport import ASK_AGAIN, FilesTransport
from legation.transports.files.writer import RenamingWriter
from tests.unit.transports.files.fakes import FULL, FakeWriter
from tests.unit.transports.loopback import FakeFeed, resource, snapshot

PATIENCE = 20.0
TIMES = {"settle": 1.0, "drain_grace": 600.0}
EDGE = Node(id="edge", metadata={"labels": {"app": "edge"}})


class FakePlans:
    """One file for each type, whose text is the bodies."""

    def __init__(self, read: Callable[[Mapping[str, bytes]], FileSet]) -> None:
        self.read_back = read
        self.problems: tuple[Problem, ...] = ()
        self.error: Exception | None = None

    def plan(self, content: Snapshot) -> Planned:
        if self.error is not None:
            raise self.error
        files = {
            row.name: PlannedFile(members=tuple((row, each.name) for each in content[row]))
            for row in (CLUSTER, LISTENER, ROUTE_CONFIGURATION)
            if content[row].resources
        }
        return Planned(file_set=FileSet(snapshot=content, files=files), problems=self.problems)

    def render(self, path: str, resources: tuple[Resource, ...]) -> bytes:
        return f"{path}:".encode() + b",".join(each.body for each in resources)


class Stage:
    """A transport, and what is around it."""

    def __init__(
        self, *resources: Resource, read: Callable[[Mapping[str, bytes]], FileSet] | None = None, **more: Any
    ) -> None:
        self.clock = ManualClock(100.0)
        self.writer = FakeWriter()
        self.plans = FakePlans(read or (lambda _: FileSet(snapshot=Snapshot.of(), files={})))
        self.feed = FakeFeed(*resources)
        self.started = asyncio.Event()
        self.told = 0
        self.transport = FilesTransport(
            **{"node": EDGE, "writer": self.writer, "plans": self.plans, "clock": self.clock, **TIMES, **more},
            changed=self._note,
        )

    def _note(self) -> None:
        self.told += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run it for the time of a block."""
        task = asyncio.create_task(self.transport.run(self.feed, started=self.started.set))
        try:
            async with asyncio.timeout(PATIENCE):
                yield task
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the tasks and the thread of the disk run until it is so; the time stands still."""
        while not condition():  # noqa: ASYNC110 - a thread is waited for
            await asyncio.sleep(0.001)

    async def settle(self) -> None:
        """Let time pass until nothing is waited for."""
        while not self.transport._publisher.settled:
            await self.clock.advance(0.5)
            await asyncio.sleep(0.001)


async def test_what_the_node_gets_comes_to_stand_there_and_counts_as_accepted() -> None:
    stage = Stage(resource("web"), resource("edge", row=LISTENER))
    async with stage.running():
        await stage.started.wait()
        assert stage.writer.files == {"Cluster": b"Cluster:1", "Listener": b"Listener:1"}
        (seat,) = stage.feed.seats
        assert (seat.node, seat.peer.transport, seat.peer.address) == (EDGE, "files", "files:/srv/current")
        kinds = [type(each) for each in seat.events]
        assert kinds == [Subscribed, Subscribed, Sent, Sent, Accepted, Accepted]
        assert stage.transport.subscribes(CLUSTER, "web")
        accepted = stage.transport.accepted(CLUSTER, "web")
        assert accepted is not None
        assert accepted is stage.transport.sent(CLUSTER, "web")
        assert stage.transport.asked(CLUSTER) == frozenset()
        assert stage.transport.statistics().clients == 1
        assert stage.transport.file_statistics().written == 2
        assert stage.transport.published
    assert stage.feed.left == [seat]
    assert stage.transport.statistics().clients == 0
    assert set(stage.writer.files) == {"Cluster", "Listener"}, "files stay when it ends"


async def test_a_change_is_written_and_told() -> None:
    stage = Stage(resource("web"))
    async with stage.running():
        await stage.started.wait()
        stage.feed.publish(resource("web", "2"))
        await stage.until(lambda: stage.writer.files == {"Cluster": b"Cluster:2"})
        (seat,) = stage.feed.seats
        await stage.until(lambda: isinstance(seat.events[-1], Accepted) and len(seat.events) == 5)
        newest = stage.feed.snapshot
        assert newest is not None
        assert seat.events[-1].version == newest[CLUSTER].version  # type: ignore[union-attr]  # it was seen above
        assert stage.transport.accepted(CLUSTER, "web") is newest.get(CLUSTER, "web")


async def test_what_leaves_is_held_until_its_file_says_so() -> None:
    stage = Stage(resource("web"), resource("api"))
    async with stage.running():
        await stage.started.wait()
        await stage.settle()
        stage.feed.publish(resource("web"))
        await stage.until(lambda: not stage.transport.subscribes(CLUSTER, "api"))
        assert stage.transport.accepted(CLUSTER, "api") is not None
        await stage.settle()
        assert stage.writer.files == {"Cluster": b"Cluster:1"}
        assert stage.transport.accepted(CLUSTER, "api") is None
        (seat,) = stage.feed.seats
        assert isinstance(seat.events[-1], Accepted)
        assert seat.events[-1].removed == ("api",)


async def test_while_nothing_may_be_said_nothing_is_written() -> None:
    stage = Stage()
    stage.feed.snapshot = None
    async with stage.running():
        await stage.clock.advance(100.0)
        assert not stage.writer.steps
        assert not stage.started.is_set()
        stage.feed.publish(resource("web"))
        await stage.started.wait()
        assert stage.clock.sleepers == 0 or not stage.transport._publisher.settled


async def test_it_sleeps_when_nothing_happens() -> None:
    stage = Stage(resource("web"))
    async with stage.running():
        await stage.started.wait()
        await stage.settle()
        told, steps = stage.told, len(stage.writer.steps)
        stage.feed.seats[0].wake()
        await stage.clock.advance(1e6)
        assert (len(stage.writer.steps), stage.clock.sleepers) == (steps, 0)
        assert stage.told <= told + 1


async def test_a_disk_that_takes_nothing_is_a_problem_and_nothing_is_accepted() -> None:
    stage = Stage(resource("web"))
    stage.writer.error = FULL
    async with stage.running():
        await stage.until(lambda: stage.transport.problems)
        assert [each.code for each in stage.transport.problems] == ["files-not-written"]
        assert not stage.started.is_set()
        assert stage.transport.accepted(CLUSTER, "web") is None
        assert stage.transport.sent(CLUSTER, "web") is not None
        stage.writer.error = None
        await stage.clock.advance(1.0)
        await stage.started.wait()
        assert not stage.transport.problems


async def test_a_node_that_gets_no_place_is_a_problem_and_asks_again() -> None:
    stage = Stage(resource("web"))
    stage.feed.refused["edge"] = Refusal("PERMISSION_DENIED", "not you")
    async with stage.running():
        await stage.until(lambda: stage.transport.problems)
        (problem,) = stage.transport.problems
        assert (problem.code, problem.message) == ("no-place", "there are no files for the node edge: not you")
        del stage.feed.refused["edge"]
        await stage.clock.advance(ASK_AGAIN)
        await stage.started.wait()
        assert not stage.transport.problems


async def test_who_is_dismissed_keeps_its_files_and_asks_again() -> None:
    stage = Stage(resource("web"))
    async with stage.running():
        await stage.started.wait()
        await stage.settle()
        (first,) = stage.feed.seats
        stage.transport.dismiss("UNAVAILABLE", "its Pod is unknown")
        await stage.until(lambda: stage.feed.left == [first])
        assert "its Pod is unknown" in str(stage.transport.problems[0])
        await stage.clock.advance(ASK_AGAIN)
        await stage.until(lambda: stage.feed.seats)
        (second,) = stage.feed.seats
        await stage.until(lambda: second.events)
        assert [type(each) for each in second.events] == [Subscribed, Sent, Accepted]
        assert not stage.transport.problems
        assert len(stage.writer.steps) == 1
        stage.feed.publish(resource("web", "2"))
        await stage.until(lambda: len(stage.writer.steps) == 2)


async def test_what_files_cannot_deliver_is_a_problem() -> None:
    stage = Stage(resource("web"))
    stage.plans.problems = (Problem(code="no-file", message="it comes by no file"),)
    async with stage.running():
        await stage.started.wait()
        assert [each.code for each in stage.transport.problems] == ["no-file"]


async def test_a_fault_of_our_own_leaves_the_files() -> None:
    stage = Stage(resource("web"))
    async with stage.running():
        await stage.started.wait()
        stage.plans.error = KeyError("x")
        stage.feed.publish(resource("web", "2"))
        await stage.until(lambda: stage.transport.problems)
        assert stage.transport.problems[0].code == "internal-error"
        assert stage.writer.files == {"Cluster": b"Cluster:1"}
        stage.plans.error = None
        stage.feed.publish(resource("web", "3"))
        await stage.until(lambda: stage.writer.files == {"Cluster": b"Cluster:3"})
        assert not stage.transport.problems


def held(files: Mapping[str, bytes]) -> FileSet:
    """Return what files say that stand there."""
    body = files["Cluster"].removeprefix(b"Cluster:").decode()
    members = ((CLUSTER, "web"),)
    return FileSet(
        snapshot=snapshot(resource("web", body)),
        files={"Cluster": PlannedFile(members=members, content=files["Cluster"])},
    )


async def test_what_stands_there_at_the_start_is_read_and_not_written_again() -> None:
    stage = Stage(resource("web"), read=held)
    stage.writer.files["Cluster"] = b"Cluster:1"
    async with stage.running():
        while not stage.started.is_set():
            await stage.clock.advance(0.5)
            await asyncio.sleep(0.001)
    assert not stage.writer.steps


async def test_once_all_goes_in_one_step_and_nothing_is_waited_for() -> None:
    stage = Stage(resource("web"), resource("edge", row=LISTENER), once=True, read=held)
    async with stage.running():
        await stage.transport.wait_settled()
        assert stage.writer.steps == [(("Cluster", "Listener"), ())]
        assert stage.clock.sleepers == 0


async def test_once_a_disk_that_takes_nothing_ends_it() -> None:
    stage = Stage(resource("web"), once=True)
    stage.writer.error = FULL
    with pytest.raises(FilesError, match="the disk is full"):
        await stage.transport.run(stage.feed, started=stage.started.set)
    assert not stage.feed.seats


async def test_once_a_node_that_gets_no_place_ends_it() -> None:
    stage = Stage(resource("web"), once=True)
    stage.feed.refused["edge"] = Refusal("PERMISSION_DENIED", "not you")
    with pytest.raises(TransportError, match="there are no files for the node edge: not you"):
        await stage.transport.run(stage.feed, started=stage.started.set)


async def test_on_a_real_disk(tmp_path: Path) -> None:
    writer = RenamingWriter(tmp_path / "current", staging=tmp_path / "new")
    stage = Stage(resource("web"), writer=writer)
    async with stage.running():
        await stage.started.wait()
        assert (tmp_path / "current" / "Cluster").read_bytes() == b"Cluster:1"


async def test_an_error_that_is_none_of_a_disk_ends_it() -> None:
    stage = Stage(resource("web"))
    stage.feed.seats = None  # type: ignore[assignment]  # a feed with a bug
    with pytest.raises(AttributeError):
        await stage.transport.run(stage.feed, started=stage.started.set)
