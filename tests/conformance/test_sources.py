"""What every source does, whatever it reads. A new source joins by a rig of its own in RIGS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.model.stored import NO_PRECONDITION
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.sources.kubernetes.source import KubernetesSource
from legation.sources.memory import MemorySource
from legation.sources.stored.store import StoredObjects
from legation.testing import FakeKube
from tests.unit.sources.rig import Recorder, key, manifest, names, running, values


class Rig(Protocol):
    """A source, and the hands of those who own what it reads."""

    source: Source

    def put(self, name: str, value: int) -> None:
        """Make or change an object."""
        ...

    def remove(self, name: str) -> None:
        """Remove an object."""
        ...


class DirectoryRig:
    """A file for each object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source: Source = DirectorySource(folder)

    def put(self, name: str, value: int) -> None:
        (self.folder / f"{name}.yaml").write_text(manifest(name, value))

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.yaml").unlink()


class MemoryRig:
    """A program."""

    def __init__(self, _folder: Path) -> None:
        self.memory = MemorySource()
        self.source: Source = self.memory

    def put(self, name: str, value: int) -> None:
        self.memory.put({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": name}, "value": value})

    def remove(self, name: str) -> None:
        assert self.memory.delete(kind="Thing", name=name)


class KubernetesRig:
    """An API server."""

    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.source: Source = KubernetesSource(kube.connection, kinds=[THINGS])

    def put(self, name: str, value: int) -> None:
        metadata = {"name": name, "namespace": "default"}
        self.kube.put({"apiVersion": "v1", "kind": "Thing", "metadata": metadata, "value": value})

    def remove(self, name: str) -> None:
        self.kube.delete(THINGS, "default", name)


class StoredRig:
    """An API, and before the source runs what was put in through it when it ran before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = StoredObjects(folder)
        self.source: Source = self.store
        self._calls: list[asyncio.Task[object]] = []

    def put(self, name: str, value: int) -> None:
        body = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": name}, "value": value}
        self._call(lambda store: store.apply([body], manager="rig"))

    def remove(self, name: str) -> None:
        self._call(lambda store: store.delete([(key(name), NO_PRECONDITION)]))

    def _call(self, call: Callable[[StoredObjects], Coroutine[object, object, object]]) -> None:
        if self.store.is_running:
            self._calls.append(asyncio.create_task(call(self.store)))
            return

        async def before() -> None:
            earlier = StoredObjects(self.folder)
            async with running(earlier):
                await call(earlier)

        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, before()).result()


THINGS = ApiKind(group="", version="v1", kind="Thing", plural="things")


@asynccontextmanager
async def directory(folder: Path) -> AsyncIterator[Rig]:
    yield DirectoryRig(folder)


@asynccontextmanager
async def memory(folder: Path) -> AsyncIterator[Rig]:
    yield MemoryRig(folder)


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[Rig]:
    yield StoredRig(folder)


@asynccontextmanager
async def kubernetes(_folder: Path) -> AsyncIterator[Rig]:
    async with FakeKube() as kube:
        kube.install(THINGS)
        yield KubernetesRig(kube)


RIGS = (directory, memory, stored, kubernetes)


@pytest.fixture(params=RIGS, ids=lambda rig: rig.__name__)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Each source in turn, with two objects in it."""
    async with request.param(tmp_path) as made:
        made.put("a", 1)
        made.put("b", 1)
        yield made


async def test_it_has_a_name_for_people(rig: Rig) -> None:
    assert rig.source.name.isprintable()
    assert rig.source.name


async def test_the_first_state_holds_all_that_is_there(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        assert values(recorder.states[0]) == {"a": 1, "b": 1}
        assert recorder.states[0].problems == ()
        assert recorder.states[0].broken == frozenset()


async def test_a_source_with_nothing_in_it_says_so(rig: Rig) -> None:
    rig.remove("a")
    rig.remove("b")
    async with running(rig.source) as recorder:
        assert names(recorder.states[0]) == set()


async def test_every_change_is_published_and_what_did_not_change_stays_the_same_object(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        first = recorder.newest.objects
        rig.put("a", 2)
        changed = (await recorder.until(lambda state: values(state) == {"a": 2, "b": 1})).objects
        rig.put("c", 1)
        added = (await recorder.until(lambda state: values(state) == {"a": 2, "b": 1, "c": 1})).objects
        rig.remove("a")
        removed = (await recorder.until(lambda state: values(state) == {"b": 1, "c": 1})).objects
        assert first[key("b")] is changed[key("b")] is added[key("b")] is removed[key("b")]
        assert changed[key("a")] is added[key("a")] is not first[key("a")]
        assert added[key("c")] is removed[key("c")]


async def test_a_published_state_never_changes(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        first, seen = recorder.newest, dict(recorder.newest.objects)
        rig.put("a", 2)
        rig.put("c", 1)
        await recorder.until(lambda state: names(state) == {"a", "b", "c"})
        assert first.objects == seen
        assert values(first) == {"a": 1, "b": 1}


async def test_what_is_put_as_it_was_publishes_nothing(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        rig.put("a", 1)
        rig.put("c", 1)
        await recorder.until(lambda state: names(state) == {"a", "b", "c"})
        rig.put("c", 1)
        rig.put("d", 1)
        await recorder.until(lambda state: names(state) == {"a", "b", "c", "d"})
        assert len(recorder.states) == 3


async def test_objects_are_plain_json_with_group_kind_namespace_and_name(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        seen = recorder.newest.objects[ObjectKey("", "Thing", "default", "a")]
        assert seen.api_version == "v1"
        metadata = seen.body["metadata"]
        assert seen.body == {"apiVersion": "v1", "kind": "Thing", "metadata": metadata, "value": 1}
        assert metadata["name"] == "a"
        assert seen.labels == {}
        assert seen.created == metadata.get("creationTimestamp", "")


async def test_a_field_is_located_inside_what_its_object_stands_in(rig: Rig) -> None:
    async with running(rig.source) as recorder:
        place = recorder.newest.objects[key("a")].place
        located = rig.source.locate(place, ("value",))
        assert (place is None) == (located is None)
        if place and located:
            assert located.file == place.file
            assert located.line >= place.line
        assert rig.source.locate(None, ("value",)) is None


async def test_it_misses_nothing_when_it_has_published(rig: Rig) -> None:
    async with running(rig.source):
        assert rig.source.missing == ()


async def test_it_ends_when_it_is_cancelled(rig: Rig) -> None:
    recorder = Recorder()
    task = asyncio.create_task(rig.source.run(recorder))
    await recorder.until(lambda _: True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_can_run_again_after_it_ended(rig: Rig) -> None:
    async with running(rig.source):
        pass
    rig.put("a", 2)
    async with running(rig.source) as recorder:
        await recorder.until(lambda state: values(state) == {"a": 2, "b": 1})
