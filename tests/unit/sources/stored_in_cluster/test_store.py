"""Objects in a cluster where something is in the way: what is told then, and what was done by then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from legation.errors import (
    Compacted,
    FieldConflicts,
    InvalidObjects,
    ObjectNotFound,
    PartlyStored,
    StoreForbidden,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.model.stored import Outcome
from legation.sources.stored_in_cluster import watching
from legation.sources.stored_in_cluster.store import ClusterObjects
from legation.testing import FakeKube, ManualClock
from tests.conformance.object_store import NONE, PATIENCE, Shelf

CLUSTERS = ApiKind(group="bootes.io", version="v1", kind="Cluster", plural="clusters")
LISTENERS = ApiKind(group="bootes.io", version="v1", kind="Listener", plural="listeners")
SPLITS = ApiKind(
    group="split.smi-spec.io", version="v1alpha4", kind="TrafficSplit", plural="trafficsplits", older=("v1",)
)
OLD_SPLITS = ApiKind(group="split.smi-spec.io", version="v1", kind="TrafficSplit", plural="trafficsplits")
MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps", selector="legation.dev/xds=true")

SECRETS = ApiKind(group="", version="v1", kind="Secret", plural="secrets")


@pytest.fixture
async def kube() -> AsyncIterator[FakeKube]:
    async with FakeKube() as kube:
        kube.install(CLUSTERS)
        yield kube


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def shelf(kube: FakeKube, clock: ManualClock) -> AsyncIterator[Shelf]:
    kinds = (CLUSTERS, LISTENERS, SPLITS, MAPS)
    store = ClusterObjects(kube.connection, kinds=kinds, namespaces=("shop",), clock=clock)
    yield Shelf(store=store, namespace="shop", other="other")
    await store.aclose()


# ------------------------------------------------------------------------------------------------------ all, or which


async def test_what_was_stored_before_somebody_else_was_faster_is_named(shelf: Shelf, kube: FakeKube) -> None:
    def interfere() -> None:
        # The dry runs are over when the first object is written.
        kube.forestall_next(lambda: kube.refuse_next(409, verb="patch"), verb="patch")

    bodies = [shelf.body(name) for name in "abc"]
    before = kube.count("patch")

    def check(applied: object) -> None:
        assert kube.count("patch") == before + 3
        interfere()

    with pytest.raises(PartlyStored) as error:
        await shelf.store.apply(bodies, manager="one", check=check)
    assert error.value.done == (shelf.key("a"),)
    assert isinstance(error.value.cause, VersionConflict)
    assert "1 of the objects were stored before that, and are still: Cluster shop/a" in str(error.value)
    assert await shelf.names() == ["a"]
    applied = await shelf.apply(*bodies)
    assert [each.outcome for each in applied] == [Outcome.UNCHANGED, Outcome.CREATED, Outcome.CREATED]


async def test_where_none_was_stored_it_is_said_as_it_is(shelf: Shelf, kube: FakeKube) -> None:
    with pytest.raises(StoreUnavailable, match="the test wants a 503"):
        await shelf.store.apply([shelf.body("a")], manager="one", check=lambda _: kube.refuse_next(503, verb="patch"))
    assert await shelf.names() == []


async def test_whether_it_is_stored_is_not_known_when_the_connection_breaks(shelf: Shelf, kube: FakeKube) -> None:
    with pytest.raises(StoreUnavailable, match="not known") as error:
        await shelf.store.apply([shelf.body("a")], manager="one", check=lambda _: kube.cut_next(verb="patch"))
    assert error.value.may_be_done
    assert str(shelf.key("a")) in str(error.value)
    assert await shelf.names() == ["a"]


async def test_nothing_is_stored_when_the_connection_breaks_at_the_trial(shelf: Shelf, kube: FakeKube) -> None:
    kube.cut_next(verb="patch")
    with pytest.raises(StoreUnavailable) as error:
        await shelf.put("a")
    assert not error.value.may_be_done
    assert await shelf.names() == []


async def test_the_object_is_named_of_which_nobody_knows_whether_it_is_stored(shelf: Shelf, kube: FakeKube) -> None:
    bodies = [shelf.body(name) for name in "abc"]

    def check(_: object) -> None:
        kube.forestall_next(lambda: kube.cut_next(verb="patch"), verb="patch")

    with pytest.raises(PartlyStored) as error:
        await shelf.store.apply(bodies, manager="one", check=check)
    assert error.value.done == (shelf.key("a"),)
    assert f"{shelf.key('b')}: the API server" in str(error.value)
    assert "not known" in str(error.value)


async def test_whether_it_is_deleted_is_not_known_when_the_connection_breaks(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.put("a")
    # The first is the trial.
    kube.forestall_next(lambda: kube.cut_next(verb="delete"), verb="delete")
    with pytest.raises(StoreUnavailable) as error:
        await shelf.store.delete([(shelf.key("a"), NONE)])
    assert error.value.may_be_done
    assert await shelf.names() == []


async def test_what_was_deleted_before_is_named(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.apply(shelf.body("a"), shelf.body("b"))
    # Two are tried, one is deleted, and the next finds the server gone.
    deletes = 0

    def count() -> None:
        nonlocal deletes
        deletes += 1
        if deletes == 3:
            kube.refuse_next(503, verb="delete")
        else:
            kube.forestall_next(count, verb="delete")

    kube.forestall_next(count, verb="delete")
    with pytest.raises(PartlyStored) as error:
        await shelf.store.delete([(shelf.key("a"), NONE), (shelf.key("b"), NONE)])
    assert error.value.done == (shelf.key("a"),)
    assert "1 of the objects were deleted before that" in str(error.value)
    assert await shelf.names() == ["b"]


async def test_what_came_in_the_place_of_what_was_looked_at_stays(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.put("a", x=1)

    def replace_it() -> None:
        kube.delete(CLUSTERS, "shop", "a")
        kube.put(shelf.body("a", x=2))

    # Between the dry run and the deletion itself.
    kube.forestall_next(lambda: kube.forestall_next(replace_it, verb="delete"), verb="delete")
    with pytest.raises(VersionConflict):
        await shelf.store.delete([(shelf.key("a"), NONE)])
    assert await shelf.config("a") == {"x": 2}


async def test_nothing_is_written_when_one_is_refused(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.put("a", x=1)
    version = (await shelf.list()).revision
    with pytest.raises(FieldConflicts):
        await shelf.apply(shelf.body("b"), shelf.body("a", x=2), manager="two")
    assert kube.get(CLUSTERS, "shop", "a")["spec"]["config"] == {"x": 1}
    assert (await shelf.list()).revision == version


# --------------------------------------------------------------------------------------------------- what is refused


async def test_the_rule_that_is_missing_is_named(shelf: Shelf, kube: FakeKube) -> None:
    kube.forbid("patch", "clusters")
    with pytest.raises(StoreForbidden) as error:
        await shelf.put("a")
    assert 'User "tests" cannot patch resource "clusters"' in error.value.reason
    assert 'verbs: ["patch"] on apiGroups: ["bootes.io"], resources: ["clusters"]' in error.value.mend
    kube.forbid("list", "clusters")
    with pytest.raises(StoreForbidden):
        await shelf.list()
    with pytest.raises(StoreForbidden):
        async with shelf.watch(None) as changes:
            await changes.ended()


async def test_a_kind_that_is_not_installed_is_told_and_lists_as_nothing(shelf: Shelf) -> None:
    await shelf.put("a")
    assert await shelf.names() == ["a"]
    with pytest.raises(ObjectNotFound):
        await shelf.store.get(shelf.key("a", kind="Listener"))
    with pytest.raises(InvalidObjects) as error:
        await shelf.apply(shelf.body("a", kind="Listener"))
    [fault] = error.value.faults
    assert (fault.path, fault.mend) == ("kind", "install it: legation crds | kubectl apply -f -")


async def test_a_404_of_somebody_on_the_way_is_not_taken_for_nothing(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.put("a")
    kube.intercept("/apis/bootes.io")
    for asking in (shelf.store.get(shelf.key("a")), shelf.list(), shelf.store.delete([(shelf.key("a"), NONE)])):
        with pytest.raises(StoreUnavailable):
            await asking


async def test_a_kind_is_read_in_the_version_that_there_is(shelf: Shelf, kube: FakeKube) -> None:
    kube.install(OLD_SPLITS)
    split = {
        "apiVersion": OLD_SPLITS.api_version,
        "kind": "TrafficSplit",
        "metadata": {"name": "a", "namespace": "shop"},
    }
    [applied] = await shelf.apply(split)
    assert applied.stored.body["apiVersion"] == OLD_SPLITS.api_version
    assert await shelf.store.get(applied.key) == applied.stored
    assert (await shelf.list(kind="TrafficSplit")).objects == (applied.stored,)
    assert await shelf.store.delete([(applied.key, NONE)])
    with pytest.raises(InvalidObjects) as error:
        await shelf.apply(split | {"apiVersion": "split.smi-spec.io/v9"})
    assert [each.path for each in error.value.faults] == ["apiVersion"]


async def test_what_nobody_would_read_is_not_stored(shelf: Shelf, kube: FakeKube) -> None:
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}
    kube.put(foreign)
    key = ObjectKey("", "ConfigMap", "shop", "a")
    with pytest.raises(ObjectNotFound):
        await shelf.store.get(key)
    with pytest.raises(ObjectNotFound):
        await shelf.store.delete([(key, NONE)])
    with pytest.raises(InvalidObjects) as error:
        await shelf.apply(foreign | {"data": {"x": "1"}})
    assert [each.path for each in error.value.faults] == ["metadata.labels"]
    elsewhere = shelf.body("a")
    elsewhere["metadata"]["namespace"] = "other"
    with pytest.raises(InvalidObjects) as error:
        await shelf.apply(elsewhere)
    assert [each.path for each in error.value.faults] == ["metadata.namespace"]
    labelled = {**foreign, "metadata": {"name": "b", "namespace": "shop", "labels": {"legation.dev/xds": "true"}}}
    await shelf.apply(labelled)
    [found] = (await shelf.list(kind="ConfigMap")).objects
    assert found.body["kind"] == "ConfigMap"


async def test_who_is_not_there_is_told(shelf: Shelf, kube: FakeKube) -> None:
    await kube.stop()
    for asking in (shelf.put("a"), shelf.list(), shelf.store.get(shelf.key("a"))):
        with pytest.raises(StoreUnavailable):
            await asking


async def test_a_list_that_is_too_old_to_go_on_is_told(shelf: Shelf, kube: FakeKube) -> None:
    await shelf.apply(*(shelf.body(name) for name in "abc"))
    page = await shelf.list(limit=1)
    await shelf.put("d")
    kube.compact()
    with pytest.raises(Compacted):
        await shelf.list(limit=1, token=page.next_token)


@pytest.mark.parametrize("namespace", ["shop/secrets?", "shop/secrets#", "../../../../api/v1/secrets?", "..", "%2e"])
async def test_what_is_no_namespace_leads_nowhere_else(kube: FakeKube, namespace: str) -> None:
    kube.install(MAPS)
    kube.install(SECRETS)
    labels = {"legation.dev/xds": "true"}
    metadata = {"name": "key", "namespace": "shop", "labels": labels}
    kube.put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"tls.key": "c2VjcmV0"}})
    store = ClusterObjects(kube.connection, kinds=(MAPS,))
    assert (await store.list(namespace=namespace)).objects == ()
    await store.aclose()


# ---------------------------------------------------------------------------------------------------------- watching


async def test_a_watch_outlives_its_connections(shelf: Shelf, kube: FakeKube) -> None:
    async with shelf.watch(None) as changes, asyncio.timeout(PATIENCE):
        for number, interrupt in enumerate((kube.drop, kube.end_watches, kube.bookmark)):
            await kube.wait(lambda: kube.watches == 2)
            await shelf.put(f"a{number}")
            await changes.until(f"a{number}", there=True)
            interrupt()
            await shelf.put(f"b{number}")
            await changes.until(f"b{number}", there=True)


async def test_a_watch_that_cannot_go_on_ends_with_the_reason(shelf: Shelf, kube: FakeKube) -> None:
    async with shelf.watch(None) as changes:
        await kube.wait(lambda: kube.watches == 2)
        await kube.stop()
        with pytest.raises(StoreUnavailable):
            await changes.ended()


async def test_a_bookmark_moves_the_token_on(shelf: Shelf, kube: FakeKube) -> None:
    start = (await shelf.list()).revision
    async with shelf.watch(start) as changes, asyncio.timeout(PATIENCE):
        await kube.wait(lambda: kube.watches == 2)
        await shelf.put("a")
        [told] = await changes.until("a", there=True)
        assert told.revision == start
        kube.bookmark()
        await shelf.put("b")
        *_, told = await changes.until("b", there=True)
    assert told.revision >= start


async def test_an_object_that_is_nested_too_deep_keeps_nobody_from_hearing_of_the_others(
    shelf: Shelf, kube: FakeKube
) -> None:
    async with shelf.watch(None) as changes:
        await kube.wait(lambda: kube.watches == 2)
        body = shelf.body("deep")
        for _ in range(5000):
            body["spec"] = {"a": body["spec"]}
        kube.put(body)
        await changes.until("deep", there=True)
        await shelf.put("a")
        await changes.until("a", there=True)
    assert await shelf.names() == ["a", "deep"]


async def test_a_fault_of_this_program_ends_a_watch(
    shelf: Shelf, kube: FakeKube, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(watching, "stored_object")
    async with shelf.watch(None) as changes:
        await kube.wait(lambda: kube.watches == 2)
        await shelf.put("a")
        with pytest.raises(NameError):
            await changes.ended()


async def test_a_kind_that_is_installed_later_is_told_as_a_whole(
    shelf: Shelf, kube: FakeKube, clock: ManualClock
) -> None:
    async with shelf.watch(None) as changes, asyncio.timeout(PATIENCE):
        await kube.wait(lambda: kube.watches == 2)
        kube.install(LISTENERS)
        await shelf.apply(shelf.body("l", kind="Listener"))
        while clock.sleepers < 2:  # noqa: ASYNC110 - the clock tells nobody that somebody sleeps
            await asyncio.sleep(0)
        clock.step(31)
        await changes.until("l", there=True)
        await shelf.apply(shelf.body("m", kind="Listener"))
        await changes.until("m", there=True)
