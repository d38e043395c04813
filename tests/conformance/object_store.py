"""What whoever keeps objects for the management API does: one suite for the embedded store and for a cluster.

A module that has the fixture `shelf` makes a class of `ObjectStoreSuite`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from legation.errors import (
    FieldConflicts,
    InvalidObjects,
    InvalidQuery,
    ObjectNotFound,
    OwnedField,
    StoreError,
    VersionConflict,
)
from legation.model.objects import ObjectKey
from legation.model.stored import Applied, Change, ObjectStore, Outcome, Page, Precondition, StoredObject

Json = dict[str, Any]
PATIENCE = 30.0
NONE = Precondition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A store, and a namespace in which nobody else works."""

    store: ObjectStore
    namespace: str
    other: str
    """Another one."""

    def body(self, name: str, /, *, kind: str = "Cluster", labels: Json | None = None, **config: Any) -> Json:
        metadata = {"name": name, "namespace": self.namespace} | ({"labels": labels} if labels else {})
        return {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": metadata, "spec": {"config": config}}

    def key(self, name: str, *, kind: str = "Cluster") -> ObjectKey:
        return ObjectKey("bootes.io", kind, self.namespace, name)

    async def apply(
        self, *bodies: Json, manager: str = "one", force: bool = False, dry_run: bool = False
    ) -> tuple[Applied, ...]:
        return await self.store.apply(bodies, manager=manager, force=force, dry_run=dry_run)

    async def put(self, name: str, /, **config: Any) -> StoredObject:
        [applied] = await self.apply(self.body(name, **config))
        return applied.stored

    async def config(self, name: str) -> Json:
        found: Json = (await self.store.get(self.key(name))).body["spec"]["config"]
        return found

    async def names(self, **asked: Any) -> list[str]:
        return [each.key.name for each in (await self.list(**asked)).objects]

    async def list(self, **asked: Any) -> Page:
        return await self.store.list(**{"namespace": self.namespace, **asked})

    @contextlib.asynccontextmanager
    async def watch(self, since: int | None) -> AsyncIterator[Changes]:
        """Give the changes in the namespace after a revision."""
        changes = Changes(self.store.watch(since), self.namespace)
        try:
            yield changes
        finally:
            await changes.aclose()


class Changes:
    """What a watch tells, taken by a task of its own, as who serves it does."""

    def __init__(self, told: AsyncIterator[Change], namespace: str) -> None:
        self._told, self._namespace = told, namespace
        self._heard: asyncio.Queue[Change] = asyncio.Queue()
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for each in self._told:
            if each.key.namespace == self._namespace:
                self._heard.put_nowait(each)

    async def until(self, name: str, *, there: bool) -> list[Change]:
        """Return the changes up to one that says an object is there, or is not."""
        found: list[Change] = []
        async with asyncio.timeout(PATIENCE):
            while not (found and found[-1].key.name == name and (found[-1].stored is not None) == there):
                taking = asyncio.create_task(self._heard.get())
                await asyncio.wait((taking, self._task), return_when=asyncio.FIRST_COMPLETED)
                if not taking.done():
                    taking.cancel()
                    self._task.result()
                found.append(taking.result())
        return found

    async def ended(self) -> None:
        """Wait for its end, which is an error."""
        async with asyncio.timeout(PATIENCE):
            await self._task

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        if isinstance(self._told, AsyncGenerator):
            await self._told.aclose()


class ObjectStoreSuite:
    """The suite."""

    # ----------------------------------------------------------------------------------------------------------- apply

    async def test_what_is_applied_is_created_changed_or_left(self, shelf: Shelf) -> None:
        [first] = await shelf.apply(shelf.body("a", name="a"))
        assert (first.key, first.outcome) == (shelf.key("a"), Outcome.CREATED)
        metadata = first.stored.body["metadata"]
        assert metadata["uid"]
        assert metadata["generation"] == 1
        assert metadata["creationTimestamp"].endswith("Z")
        assert "managedFields" not in metadata
        assert first.stored.resource_version.isdecimal()

        [same] = await shelf.apply(shelf.body("a", name="a"))
        assert same.outcome is Outcome.UNCHANGED
        assert same.stored.resource_version == first.stored.resource_version

        [other] = await shelf.apply(shelf.body("a", name="b"))
        assert other.outcome is Outcome.CHANGED
        assert int(other.stored.resource_version) > int(first.stored.resource_version)
        assert (other.stored.uid, other.stored.generation) == (first.stored.uid, 2)
        assert await shelf.store.get(shelf.key("a")) == other.stored
        assert shelf.store.revision >= int(other.stored.resource_version)

    async def test_many_are_answered_in_their_order(self, shelf: Shelf) -> None:
        await shelf.put("b")
        bodies = [shelf.body("c"), shelf.body("b"), shelf.body("a"), shelf.body("a", kind="Listener")]
        applied = await shelf.apply(*bodies)
        assert [(each.key.kind, each.key.name) for each in applied] == [
            ("Cluster", "c"),
            ("Cluster", "b"),
            ("Cluster", "a"),
            ("Listener", "a"),
        ]
        assert [each.outcome for each in applied] == [
            Outcome.CREATED,
            Outcome.UNCHANGED,
            Outcome.CREATED,
            Outcome.CREATED,
        ]

    async def test_nothing_is_an_answer_too(self, shelf: Shelf) -> None:
        assert await shelf.apply() == ()
        assert await shelf.store.delete([]) == ()

    async def test_what_is_no_longer_applied_goes_but_not_what_others_have(self, shelf: Shelf) -> None:
        await shelf.put("a", x=1, y=1, z=1)
        await shelf.apply(shelf.body("a", y=1, w=2), manager="two")
        await shelf.put("a", x=1)
        assert await shelf.config("a") == {"x": 1, "y": 1, "w": 2}

    async def test_a_field_of_another_is_a_conflict_unless_forced(self, shelf: Shelf) -> None:
        await shelf.put("a", x=1, deep={"y": 1})
        await shelf.put("b", x=1)
        before = await shelf.list()
        with pytest.raises(FieldConflicts) as error:
            await shelf.apply(shelf.body("c"), shelf.body("b", x=1), shelf.body("a", x=2, deep={"y": 2}), manager="two")
        assert sorted(error.value.conflicts, key=lambda each: each.path) == [
            OwnedField(index=2, path="spec.config.deep.y", manager="one"),
            OwnedField(index=2, path="spec.config.x", manager="one"),
        ]
        assert (await shelf.list()).objects == before.objects

        [applied] = await shelf.apply(shelf.body("a", x=2, deep={"y": 2}), manager="two", force=True)
        assert applied.stored.body["spec"]["config"] == {"x": 2, "deep": {"y": 2}}
        with pytest.raises(FieldConflicts):
            await shelf.put("a", x=1)

    async def test_lists_are_owned_as_a_whole(self, shelf: Shelf) -> None:
        await shelf.put("a", items=[{"x": 1}, {"x": 2}])
        with pytest.raises(FieldConflicts) as error:
            await shelf.apply(shelf.body("a", items=[{"x": 1}]), manager="two")
        assert [each.path for each in error.value.conflicts] == ["spec.config.items"]
        await shelf.put("a", items=[{"x": 1}])
        assert await shelf.config("a") == {"items": [{"x": 1}]}

    async def test_a_dry_run_says_what_would_be_and_stores_nothing(self, shelf: Shelf) -> None:
        stored = await shelf.put("a", x=1)
        same = shelf.body("a", x=1)
        [left] = await shelf.apply(same, dry_run=True)
        created, changed = await shelf.apply(shelf.body("b", x=1), shelf.body("a", x=2), dry_run=True)
        assert [each.outcome for each in (left, created, changed)] == [
            Outcome.UNCHANGED,
            Outcome.CREATED,
            Outcome.CHANGED,
        ]
        assert changed.stored.body["spec"]["config"] == {"x": 2}
        assert (await shelf.list()).objects == (stored,)
        with pytest.raises(FieldConflicts):
            await shelf.apply(shelf.body("a", x=2), manager="two", dry_run=True)
        # The dry run has left nobody as the owner of anything.
        await shelf.apply(shelf.body("a", x=3), manager="one")

    async def test_who_is_shown_what_would_be_may_refuse_it(self, shelf: Shelf) -> None:
        stored = await shelf.put("a", x=1)
        shown: list[tuple[Applied, ...]] = []

        def show(applied: Sequence[Applied]) -> None:
            shown.append(tuple(applied))

        def refuse(applied: Sequence[Applied]) -> None:
            show(applied)
            raise KeyError("no")

        bodies = [shelf.body("b"), shelf.body("a", x=2)]
        for dry_run in (True, False):
            with pytest.raises(KeyError):
                await shelf.store.apply(bodies, manager="one", dry_run=dry_run, check=refuse)
        assert [each.outcome for each in shown[1]] == [Outcome.CREATED, Outcome.CHANGED]
        assert shown[1][1].stored.body["spec"]["config"] == {"x": 2}
        assert (await shelf.list()).objects == (stored,)
        await shelf.store.apply(bodies, manager="one", check=show)
        assert len(shown) == 3
        assert await shelf.names() == ["a", "b"]

    async def test_an_object_may_say_which_version_it_is_made_of(self, shelf: Shelf) -> None:
        first = await shelf.put("a", x=1)
        second = await shelf.put("a", x=2)
        old, new = (shelf.body("a", x=3) for _ in range(2))
        old["metadata"]["resourceVersion"] = first.resource_version
        new["metadata"]["resourceVersion"] = second.resource_version
        with pytest.raises(VersionConflict) as error:
            await shelf.apply(shelf.body("b"), old)
        conflict = error.value
        assert (conflict.index, conflict.key, conflict.of) == (1, shelf.key("a"), "resourceVersion")
        assert (conflict.wanted, conflict.found) == (first.resource_version, second.resource_version)
        assert await shelf.names() == ["a"]
        assert (await shelf.apply(new))[0].outcome is Outcome.CHANGED

    async def test_what_says_a_version_or_uid_must_be_there(self, shelf: Shelf) -> None:
        for field, value in (("resourceVersion", "1"), ("uid", "c87f7a55-40b8-4049-a505-ad4bfe4f0517")):
            body = shelf.body("a")
            body["metadata"][field] = value
            with pytest.raises(VersionConflict) as error:
                await shelf.apply(body)
            assert (error.value.found, error.value.of) == ("", field)

    async def test_what_is_no_object_is_told_with_its_number_and_path(self, shelf: Shelf) -> None:
        nameless = shelf.body("a")
        del nameless["metadata"]["name"]
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(shelf.body("b"), {"metadata": {"name": "a"}}, nameless, shelf.body("Not A Name"))
        assert {each.index for each in error.value.faults} >= {1, 2}
        assert await shelf.names() == []
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(shelf.body("b"), shelf.body("Not_A_Name"))
        [fault] = error.value.faults
        assert (fault.index, fault.path) == (1, "metadata.name")
        assert await shelf.names() == []

    async def test_one_object_is_not_applied_twice_at_once(self, shelf: Shelf) -> None:
        with pytest.raises(InvalidObjects) as error:
            await shelf.apply(shelf.body("a", x=1), shelf.body("a", x=2))
        assert [each.index for each in error.value.faults] == [1]

    # ---------------------------------------------------------------------------------------------------------- delete

    async def test_what_is_deleted_is_gone_and_returned(self, shelf: Shelf) -> None:
        first, second = await shelf.put("a", x=1), await shelf.put("b")
        [gone] = await shelf.store.delete([(shelf.key("a"), NONE)])
        assert gone == first
        with pytest.raises(ObjectNotFound) as error:
            await shelf.store.get(shelf.key("a"))
        assert error.value.key == shelf.key("a")
        assert (await shelf.list()).objects == (second,)
        # What comes in its place is another object, owned anew.
        [again] = await shelf.apply(shelf.body("a", x=2), manager="two")
        assert again.outcome is Outcome.CREATED
        assert again.stored.uid != first.uid

    async def test_all_are_deleted_or_none(self, shelf: Shelf) -> None:
        await shelf.put("a")
        both = [(shelf.key("a"), NONE), (shelf.key("b"), NONE)]
        with pytest.raises(ObjectNotFound) as error:
            await shelf.store.delete(both)
        assert (error.value.key, error.value.index) == (shelf.key("b"), 1)
        assert await shelf.names() == ["a"]
        gone = await shelf.store.delete(both, missing_ok=True, dry_run=True)
        assert [each.key.name for each in gone] == ["a"]
        assert await shelf.names() == ["a"]
        gone = await shelf.store.delete(both, missing_ok=True)
        assert [each.key.name for each in gone] == ["a"]
        assert await shelf.names() == []

    async def test_who_deletes_may_say_which_version_is_meant(self, shelf: Shelf) -> None:
        first = await shelf.put("a", x=1)
        second = await shelf.put("a", x=2)
        for wrong in (Precondition(resource_version=first.resource_version), Precondition(uid="another")):
            with pytest.raises(VersionConflict) as error:
                await shelf.store.delete([(shelf.key("a"), wrong)])
            assert error.value.of == ("uid" if wrong.uid else "resourceVersion")
        right = Precondition(uid=second.uid, resource_version=second.resource_version)
        assert await shelf.store.delete([(shelf.key("a"), right)])

    # ------------------------------------------------------------------------------------------------------------ list

    @pytest.mark.parametrize("called", ["a/b", "..", "a?b=", "a#", "%2e", "A"])
    async def test_in_what_can_be_no_namespace_there_is_nothing(self, shelf: Shelf, called: str) -> None:
        await shelf.put("a")
        assert (await shelf.list(namespace=called)).objects == ()

    async def test_a_list_comes_in_the_order_of_keys_page_by_page(self, shelf: Shelf) -> None:
        bodies = [shelf.body(name) for name in "dbac"] + [shelf.body("a", kind=kind) for kind in ("Route", "Listener")]
        await shelf.apply(*bodies)
        whole = await shelf.list()
        assert [(each.key.kind, each.key.name) for each in whole.objects] == [
            *(("Cluster", name) for name in "abcd"),
            ("Listener", "a"),
            ("Route", "a"),
        ]
        assert whole.next_token == ""
        for limit in (1, 2, 4, 5):
            found, token = list[StoredObject](), ""
            while True:
                page = await shelf.list(limit=limit, token=token)
                assert len(page.objects) <= limit
                found += page.objects
                if not (token := page.next_token):
                    break
            assert tuple(found) == whole.objects

    async def test_a_list_is_of_what_is_asked_for(self, shelf: Shelf) -> None:
        bodies = [shelf.body("a", labels={"team": "x"}), shelf.body("b", labels={"team": "y"}), shelf.body("c")]
        elsewhere = shelf.body("d")
        elsewhere["metadata"]["namespace"] = shelf.other
        await shelf.apply(*bodies, shelf.body("l", kind="Listener"), elsewhere)
        assert await shelf.names() == ["a", "b", "c", "l"]
        assert await shelf.names(kind="Listener") == ["l"]
        assert await shelf.names(group="bootes.io", kind="Cluster") == ["a", "b", "c"]
        assert await shelf.names(group="") == []
        assert await shelf.names(labels="team=x") == ["a"]
        assert await shelf.names(labels="team in (x,y),team!=x") == ["b"]
        assert await shelf.names(labels="!team", kind="Cluster") == ["c"]
        assert await shelf.names(namespace=shelf.other) == ["d"]
        keys = [each.key for each in (await shelf.list(namespace=None)).objects]
        assert keys == sorted(keys)
        assert sorted(each.name for each in keys) == ["a", "b", "c", "d", "l"]

    async def test_what_cannot_be_read_of_a_question_is_named(self, shelf: Shelf) -> None:
        await shelf.put("a")
        with pytest.raises(InvalidQuery) as error:
            await shelf.list(labels="a b c")
        assert error.value.argument == "labels"
        with pytest.raises(InvalidQuery) as error:
            await shelf.list(token="nonsense")
        assert error.value.argument == "token"

    # ----------------------------------------------------------------------------------------------------------- watch

    async def test_a_watch_goes_on_where_a_list_ended(self, shelf: Shelf) -> None:
        await shelf.put("a", x=1)
        page = await shelf.list()
        await shelf.put("a", x=2)
        await shelf.put("b")
        await shelf.store.delete([(shelf.key("a"), NONE)])
        async with shelf.watch(page.revision) as changes:
            told = [each for each in await changes.until("a", there=False) if each.key.name == "a"]
            assert [None if each.stored is None else each.stored.body["spec"]["config"] for each in told] == [
                {"x": 2},
                None,
            ]
            await shelf.put("c")
            await changes.until("c", there=True)

    async def test_a_watch_goes_on_after_any_change_and_misses_nothing(self, shelf: Shelf) -> None:
        page = await shelf.list()
        for name in "abc":
            await shelf.put(name)
        async with shelf.watch(page.revision) as changes:
            told = await changes.until("c", there=True)
        for each in told:
            left = {change.key.name for change in told[told.index(each) + 1 :]}
            async with shelf.watch(each.revision) as changes:
                await shelf.put("z", x=each.revision)
                assert {change.key.name for change in await changes.until("z", there=True)} >= left
            await shelf.store.delete([(shelf.key("z"), NONE)])

    async def test_a_watch_from_now_on_tells_what_comes(self, shelf: Shelf) -> None:
        await shelf.put("a")
        revision = (await shelf.put("a", x=1)).resource_version
        async with shelf.watch(int(revision)) as changes:
            await shelf.put("b")
            await changes.until("b", there=True)

    async def test_who_applies_has_a_name(self, shelf: Shelf) -> None:
        for manager in ("", "x" * 129):
            with pytest.raises(InvalidQuery) as error:
                await shelf.apply(shelf.body("a"), manager=manager)
            assert error.value.argument == "manager"

    async def test_each_error_is_one_of_a_store(self, shelf: Shelf) -> None:
        with pytest.raises(StoreError):
            await shelf.store.get(ObjectKey("bootes.io", "Cluster", shelf.namespace, ".."))
        with pytest.raises(StoreError):
            await shelf.store.delete([(ObjectKey("no.such.group", "None", shelf.namespace, "a"), NONE)])
