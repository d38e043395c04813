"""A store in memory, and what serves it, as far as the management API asks them: tests say what they answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any

from legation.errors import Compacted, ObjectNotFound
from legation.model.delivery import Deliveries, Delivery, ObjectState
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.model.stored import Applied, Change, Check, Outcome, Page, Precondition, StoredObject
from legation.runtime.acceptance import Acceptance, Matches
from legation.runtime.problem_log import Told
from legation.runtime.upcoming import Upcoming
from legation.sources.base import Source


def stored(name: str = "web", *, version: int = 1, kind: str = "Cluster", **spec: Any) -> StoredObject:
    key = ObjectKey("bootes.io", kind, "default", name)
    metadata = {"name": name, "namespace": "default", "resourceVersion": str(version), "uid": f"uid-{name}"}
    return StoredObject(key=key, body={"apiVersion": "bootes.io/v1", "kind": kind, "metadata": metadata, "spec": spec})


class FakeStore:
    """Takes whatever it is given, as a whole; an error that is set is raised in place of an answer."""

    def __init__(self, *objects: StoredObject) -> None:
        self.objects = {each.key: each for each in objects}
        self.changes: list[Change] = []
        self.revision = len(objects)
        self.error: Exception | None = None
        self.outcome: Outcome | None = None
        """What becomes of whatever is applied, whether it was there or not."""
        self.asked: list[Mapping[str, Any]] = []
        self.oldest = 0
        self.moved = asyncio.Event()

    def put(self, each: StoredObject) -> None:
        self._change(each.key, each)

    def _change(self, key: ObjectKey, now: StoredObject | None) -> None:
        self.revision += 1
        self.changes.append(Change(revision=self.revision, key=key, stored=now, previous=self.objects.pop(key, None)))
        if now is not None:
            self.objects[key] = now
        self.moved.set()
        self.moved = asyncio.Event()

    async def apply(
        self,
        bodies: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        check: Check | None = None,
    ) -> tuple[Applied, ...]:
        self.asked.append({"manager": manager, "force": force, "dry_run": dry_run})
        if self.error is not None:
            raise self.error
        done = tuple(self._applied(each) for each in bodies)
        if check is not None:
            check(done)
        for each in () if dry_run else done:
            self._change(each.key, each.stored)
        return done

    def _applied(self, body: Mapping[str, Any]) -> Applied:
        metadata = {"namespace": "default", **body["metadata"], "resourceVersion": str(self.revision + 1)}
        key = ObjectKey(body["apiVersion"].partition("/")[0], body["kind"], metadata["namespace"], metadata["name"])
        outcome = self.outcome or (Outcome.CHANGED if key in self.objects else Outcome.CREATED)
        return Applied(key=key, outcome=outcome, stored=StoredObject(key=key, body={**body, "metadata": metadata}))

    async def delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        *,
        dry_run: bool = False,
        missing_ok: bool = False,
    ) -> tuple[StoredObject, ...]:
        self.asked.append({"keys": keys, "dry_run": dry_run, "missing_ok": missing_ok})
        if self.error is not None:
            raise self.error
        gone = tuple([await self.get(key) for key, _ in keys if not missing_ok or key in self.objects])
        for each in () if dry_run else gone:
            self._change(each.key, None)
        return gone

    async def get(self, key: ObjectKey) -> StoredObject:
        if key not in self.objects:
            raise ObjectNotFound(key)
        return self.objects[key]

    async def list(self, *, limit: int = 0, token: str = "", **asked: Any) -> Page:
        self.asked.append({"limit": limit, "token": token, **asked})
        if self.error is not None:
            raise self.error
        every = [self.objects[key] for key in sorted(self.objects)]
        begin = int(token or 0)
        end = begin + (limit or len(every))
        return Page(
            objects=tuple(every[begin:end]), next_token=str(end) if end < len(every) else "", revision=self.revision
        )

    async def watch(self, since: int | None = None) -> AsyncIterator[Change]:
        seen = self.revision if since is None else since
        while True:
            moved = self.moved
            if seen < self.oldest or seen > self.revision:
                raise Compacted(seen, self.oldest)
            for each in [it for it in self.changes if it.revision > seen]:
                yield each
                seen = each.revision
            await moved.wait()


class FakeProblems:
    """What is wrong, as a test says it."""

    def __init__(self) -> None:
        self.said: dict[Hashable, Problem] = {}
        self.watchers: list[Callable[[Told], None]] = []
        self.left = asyncio.Event()
        """Whether somebody does not watch any more."""

    def of(self, key: ObjectKey) -> tuple[Problem, ...]:
        return tuple(each for each in self.said.values() if each.object == key)

    def watch(self, tell: Callable[[Told], None]) -> Callable[[], None]:
        self.watchers.append(tell)

        def end() -> None:
            self.watchers.remove(tell)
            self.left.set()

        return end

    def tell(self, key: Hashable, problem: Problem | None) -> None:
        if problem is None:
            self.said.pop(key, None)
        else:
            self.said[key] = problem
        for each in self.watchers:
            each({key: problem})


class FakeObjects:
    """What Envoys have, as a test says it."""

    epoch = "now"

    def __init__(self) -> None:
        self.counts: dict[ObjectKey, tuple[int, Delivery]] = {}
        self.number = 0
        self.watchers: list[Callable[[], None]] = []

    def deliveries(self, *, epoch: str = "", since: int = 0) -> Deliveries:
        since = since if epoch == self.epoch else 0
        news = {key: (1, each) for key, (number, each) in self.counts.items() if number > since}
        return Deliveries(epoch=self.epoch, number=self.number, whole=not since, objects=news)

    def state(self, _key: ObjectKey) -> ObjectState | None:
        return None

    def is_leaving(self, _key: ObjectKey) -> bool:
        return False

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(wake)
        return lambda: self.watchers.remove(wake)

    def count(self, key: ObjectKey, delivery: Delivery) -> None:
        self.number += 1
        self.counts[key] = (self.number, delivery)
        for each in self.watchers:
            each()


class FakeForesight:
    """What would become of objects, as a test says it."""

    def __init__(self) -> None:
        self.wrong: dict[str, tuple[Problem, ...]] = {}
        """What would be wrong, by names of objects."""
        self.elsewhere: dict[ObjectKey, tuple[Source, ManifestObject]] = {}
        self.foreseen: list[ManifestObject] = []
        self.upcoming = Upcoming()
        self.ahead: list[tuple[str, threading.Thread]] = []
        """Names of objects that were read before, and by whom."""
        self.forgotten: list[ObjectKey] = []

    def held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        return self.elsewhere.get(key)

    def foresee(self, manifests: Sequence[ManifestObject]) -> tuple[tuple[Problem, ...], ...]:
        self.foreseen += manifests
        self.upcoming.look_at({each.key: each for each in manifests}, {each.key: () for each in manifests})
        return tuple(self.wrong.get(each.key.name, ()) for each in manifests)

    def reading_ahead(self, manifests: Sequence[ManifestObject]) -> Callable[[], None]:
        return lambda: self.ahead.extend((each.key.name, threading.current_thread()) for each in manifests)

    def forget(self, keys: Iterable[ObjectKey]) -> None:
        self.forgotten += keys


class FakePlane:
    """What serves the objects, as a test says it."""

    def __init__(self) -> None:
        self.unread: tuple[str, ...] = ()
        self.problem_feed = FakeProblems()
        self.objects = FakeObjects()
        self.foresight = FakeForesight()
        self.waited: list[dict[str, Any]] = []
        self.acceptance = Acceptance(accepted=("edge",))
        self.asked = asyncio.Event()
        """Whether anybody waits."""
        self.answers = asyncio.Event()
        self.answers.set()

    async def counted(self) -> None:
        """All is counted at once."""

    async def wait_accepted(
        self,
        *objects: ObjectKey,
        at_least: int = 0,
        timeout: float | None = None,  # noqa: ASYNC109 - as the plane has it
        matches: Matches | None = None,
        versions: Collection[ManifestObject] = (),
    ) -> Acceptance:
        self.waited.append(
            {"objects": objects, "at_least": at_least, "timeout": timeout, "matches": matches, "versions": versions}
        )
        self.asked.set()
        await self.answers.wait()
        return self.acceptance
