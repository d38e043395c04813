"""What an API server of Kubernetes does, as far as this project relies on it: one suite for the real one and the fake.

A module that has the fixture `api` makes a class of `KubernetesApi`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec
import pytest

from legation.clock import MonotonicClock
from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeGone, KubeNotFound
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.named_object import NamedObject
from legation.kube.reflector import Reflector
from legation.kube.watch import Change, Follow, Gone, ListPage, Put, Watch, WatchPolicy
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName

Json = dict[str, Any]

CONFIG_MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
SECRETS = ApiKind(group="", version="v1", kind="Secret", plural="secrets")
EAGER = WatchPolicy(absent_pause=0.05, first_pause=0.05)
PATIENCE = 30.0


class Api(Protocol):
    """An API server, and a namespace in which nobody else works."""

    client: Client
    """It may do everything."""
    stranger: Client
    """It may do nothing with Secrets."""
    unknown: Client
    """Its token is nobody's."""
    namespace: str
    things: ApiKind
    """A custom resource with the status subresource; spec.a and spec.b are integers, spec.any is anything."""
    short_watch: int
    """Seconds of a watch that are enough for a bookmark before its end."""

    async def install(self, kind: ApiKind) -> None:
        """Install a custom resource like the things."""
        ...

    async def remove(self, kind: ApiKind) -> None:
        """Remove it."""
        ...


class Hand:
    """Writes and reads things in the namespace of a test."""

    def __init__(self, api: Api, kind: ApiKind | None = None) -> None:
        self.api = api
        self.kind = kind or api.things
        self.path = self.kind.path(namespace=api.namespace)

    async def create(self, name: str, *, labels: dict[str, str] | None = None, **fields: Any) -> Json:
        metadata: Json = {"name": name, "labels": labels or {}}
        fields = fields or {"spec": {"a": 1}}
        value = {"apiVersion": self.kind.api_version, "kind": self.kind.kind, "metadata": metadata, **fields}
        return await objects.create(self.api.client, kind=self.kind, value=value, namespace=self.api.namespace)

    async def get(self, name: str) -> Json:
        return await objects.get(self.api.client, kind=self.kind, name=name, namespace=self.api.namespace)

    async def delete(self, name: str, *, uid: str = "") -> None:
        path = self.kind.path(namespace=self.api.namespace, name=name)
        options: Json = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid:
            options["preconditions"] = {"uid": uid}
        await self.api.client.request("DELETE", path, body=json.dumps(options).encode())

    async def patch(self, name: str, value: Json, *, subresource: str = "") -> Json:
        return await objects.merge_patch(
            self.api.client,
            kind=self.kind,
            name=name,
            value=value,
            namespace=self.api.namespace,
            subresource=subresource,
        )

    async def apply(
        self, name: str, value: Json, *, manager: str = "one", force: bool = False, subresource: str = ""
    ) -> Json:
        return await objects.apply(
            self.api.client,
            kind=self.kind,
            name=name,
            value=value,
            field_manager=manager,
            namespace=self.api.namespace,
            subresource=subresource,
            force=force,
        )

    async def put(self, value: Json) -> Json:
        path = self.kind.path(namespace=self.api.namespace, name=value["metadata"]["name"])
        found: Json = json.loads(await self.api.client.request("PUT", path, body=json.dumps(value).encode()))
        return found

    async def list(self, **params: str) -> Json:
        found: Json = json.loads(await self.api.client.request("GET", self.path, params=params))
        return found

    async def version(self) -> str:
        """Return the version that the whole is at."""
        version: str = (await self.list())["metadata"]["resourceVersion"]
        return version

    @contextlib.asynccontextmanager
    async def watch(self, **params: str) -> AsyncIterator[AsyncGenerator[tuple[str, Json]]]:
        """Give the events of a watch: what happened, and the object."""
        async with self.api.client.stream(self.path, params={"watch": "true", **params}) as lines:
            events = _events(lines)
            async with contextlib.aclosing(events):
                yield events


async def _events(lines: AsyncIterator[bytes]) -> AsyncGenerator[tuple[str, Json]]:
    async for line in lines:
        event = json.loads(line)
        yield event["type"], event["object"]


async def heard(events: AsyncIterator[tuple[str, Json]], number: int) -> list[tuple[str, str]]:
    """Return the next events in short: what happened to which object."""
    async with asyncio.timeout(PATIENCE):
        found = [await anext(events) for _ in range(number)]
    return [(kind, value["metadata"]["name"]) for kind, value in found]


def names(found: Json) -> list[str]:
    return [each["metadata"]["name"] for each in found["items"]]


@pytest.fixture
def things(api: Api) -> Hand:
    return Hand(api)


class KubernetesApi:
    """The suite."""

    # ------------------------------------------------------------------------------------------------------- objects

    async def test_what_is_created_gets_an_identity_and_a_first_generation(self, things: Hand) -> None:
        made = await things.create("a")
        metadata = made["metadata"]
        assert metadata["namespace"] == things.api.namespace
        assert metadata["uid"]
        assert metadata["resourceVersion"]
        assert metadata["creationTimestamp"].endswith("Z")
        assert metadata["generation"] == 1
        assert (await things.get("a"))["metadata"]["uid"] == metadata["uid"]

    async def test_a_name_may_be_generated(self, things: Hand) -> None:
        value = {"metadata": {"generateName": "a-"}, "apiVersion": things.kind.api_version, "kind": things.kind.kind}
        made = await objects.create(things.api.client, kind=things.kind, value=value, namespace=things.api.namespace)
        assert made["metadata"]["name"].startswith("a-")
        assert len(made["metadata"]["name"]) > 2

    async def test_a_name_is_taken_once(self, things: Hand) -> None:
        await things.create("a")
        with pytest.raises(KubeConflict) as refusal:
            await things.create("a")
        assert refusal.value.reason == "AlreadyExists"

    async def test_what_is_not_there_is_not_found(self, things: Hand) -> None:
        with pytest.raises(KubeNotFound) as refusal:
            await things.get("a")
        assert refusal.value.reason == "NotFound"
        assert f'{things.kind} "a" not found' in str(refusal.value)
        with pytest.raises(KubeNotFound):
            await things.delete("a")
        with pytest.raises(KubeNotFound):
            await things.apply("a", {"status": {}}, subresource="status")

    async def test_an_update_must_be_of_the_newest_version(self, things: Hand) -> None:
        old = await things.create("a")
        await things.put({**old, "spec": {"a": 2}})
        with pytest.raises(KubeConflict) as refusal:
            await things.put({**old, "spec": {"a": 3}})
        assert refusal.value.reason == "Conflict"
        assert "the object has been modified" in str(refusal.value)
        with pytest.raises(KubeConflict):
            await things.patch("a", {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "spec": {}})
        unversioned = {**old, "metadata": {"name": "a"}}
        with pytest.raises(KubeError) as refused:
            await things.put(unversioned)
        assert refused.value.status == 422

    async def test_a_merge_patch_changes_what_it_names(self, things: Hand) -> None:
        await things.create("a", labels={"x": "1", "y": "1"}, spec={"a": 1, "b": 1})
        patched = await things.patch("a", {"metadata": {"labels": {"x": None}}, "spec": {"b": 2}})
        assert patched["spec"] == {"a": 1, "b": 2}
        assert patched["metadata"]["labels"] == {"y": "1"}

    async def test_what_changes_nothing_makes_no_version(self, things: Hand) -> None:
        made = await things.create("a", spec={"a": 1})
        assert (await things.patch("a", {"spec": {"a": 1}}))["metadata"] == made["metadata"]

    async def test_status_and_the_rest_are_written_apart(self, things: Hand) -> None:
        made = await things.create("a", spec={"a": 1}, status={"x": 1})
        assert "status" not in made

        patched = await things.patch("a", {"spec": {"a": 5}, "status": {"x": 2}}, subresource="status")
        assert patched["status"] == {"x": 2}
        assert patched["spec"] == {"a": 1}

        patched = await things.patch("a", {"spec": {"a": 3}, "status": {"x": 4}})
        assert patched["status"] == {"x": 2}
        assert patched["spec"] == {"a": 3}

    async def test_a_generation_counts_what_its_owner_wants(self, things: Hand) -> None:
        await things.create("a")
        patched = await things.patch("a", {"status": {"x": 1}}, subresource="status")
        assert patched["metadata"]["generation"] == 1
        patched = await things.patch("a", {"metadata": {"labels": {"x": "1"}}})
        assert patched["metadata"]["generation"] == 1
        patched = await things.patch("a", {"spec": {"a": 2}})
        assert patched["metadata"]["generation"] == 2

    async def test_a_config_map_has_no_generation(self, api: Api) -> None:
        made = await Hand(api, CONFIG_MAPS).create("a", data={"x": "1"})
        assert "generation" not in made["metadata"]

    async def test_a_deletion_waits_for_finalizers(self, things: Hand) -> None:
        await things.create("a")
        await things.patch("a", {"metadata": {"finalizers": ["example.com/one"]}})
        await things.delete("a")
        metadata = (await things.get("a"))["metadata"]
        assert metadata["deletionTimestamp"]
        assert metadata["generation"] == 2
        await things.delete("a")
        assert (await things.get("a"))["metadata"]["resourceVersion"] == metadata["resourceVersion"]
        await things.patch("a", {"metadata": {"finalizers": None}})
        with pytest.raises(KubeNotFound):
            await things.get("a")

    async def test_a_finalizer_may_go_but_none_may_come_while_an_object_is_deleted(self, things: Hand) -> None:
        await things.create("a")
        await things.patch("a", {"metadata": {"finalizers": ["example.com/one", "example.com/two"]}})
        await things.delete("a")
        with pytest.raises(KubeError) as refusal:
            await things.patch("a", {"metadata": {"finalizers": ["example.com/one", "example.com/three"]}})
        assert refusal.value.status == 422
        before = (await things.get("a"))["metadata"]
        await things.patch("a", {"metadata": {"finalizers": ["example.com/two"]}})
        last = {"metadata": {"resourceVersion": before["resourceVersion"], "finalizers": []}}
        with pytest.raises(KubeConflict):
            await things.patch("a", last)
        last["metadata"]["resourceVersion"] = (await things.get("a"))["metadata"]["resourceVersion"]
        await things.patch("a", last)
        with pytest.raises(KubeNotFound):
            await things.get("a")

    async def test_who_deletes_may_say_which_object_is_meant(self, things: Hand) -> None:
        made = await things.create("a")
        with pytest.raises(KubeConflict):
            await things.delete("a", uid="another")
        await things.delete("a", uid=made["metadata"]["uid"])

    # --------------------------------------------------------------------------------------------- server-side apply

    async def test_what_is_applied_is_made_or_changed(self, things: Hand) -> None:
        made = await things.apply("a", {"spec": {"a": 1}})
        assert made["metadata"]["generation"] == 1
        changed = await things.apply("a", {"spec": {"a": 2}})
        assert changed["spec"] == {"a": 2}
        same = await things.apply("a", {"spec": {"a": 2}})
        assert same["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]

    async def test_a_dry_run_says_what_would_be_and_changes_nothing(self, things: Hand) -> None:
        async def tried(value: Json, *, manager: str = "one") -> Json:
            api = things.api
            return await objects.apply(
                api.client,
                kind=things.kind,
                name="a",
                value=value,
                field_manager=manager,
                namespace=api.namespace,
                dry_run=True,
            )

        assert (await tried({"spec": {"a": 1}}))["spec"] == {"a": 1}
        with pytest.raises(KubeNotFound):
            await things.get("a")
        made = await things.apply("a", {"spec": {"a": 1}})
        assert (await tried({"spec": {"a": 2}}))["spec"] == {"a": 2}
        with pytest.raises(KubeConflict):
            await tried({"spec": {"a": 2}}, manager="two")
        await objects.delete(
            things.api.client, kind=things.kind, name="a", namespace=things.api.namespace, dry_run=True
        )
        assert (await things.get("a"))["metadata"] == made["metadata"]
        with pytest.raises(KubeConflict):
            await things.apply("a", {"spec": {"a": 3}}, manager="two")

    async def test_a_conflict_names_each_field_and_its_owner(self, things: Hand) -> None:
        await things.apply("a", {"spec": {"a": 1, "b": 1}})
        with pytest.raises(KubeConflict) as refusal:
            await things.apply("a", {"spec": {"a": 2, "b": 2}}, manager="two")
        causes = sorted((each.reason, each.field, each.message) for each in refusal.value.causes)
        assert causes == [
            ("FieldManagerConflict", ".spec.a", 'conflict with "one"'),
            ("FieldManagerConflict", ".spec.b", 'conflict with "one"'),
        ]

    async def test_what_is_no_longer_applied_goes_but_not_what_others_have(self, things: Hand) -> None:
        await things.apply("a", {"spec": {"a": 1, "b": 1}, "metadata": {"labels": {"x": "1"}}})
        await things.apply("a", {"spec": {"a": 1}}, manager="two")
        changed = await things.apply("a", {}, manager="one")
        assert changed["spec"] == {"a": 1}
        assert not changed["metadata"].get("labels")

    async def test_a_field_of_another_is_taken_by_force_alone(self, things: Hand) -> None:
        await things.apply("a", {"spec": {"a": 1}})
        with pytest.raises(KubeConflict) as refusal:
            await things.apply("a", {"spec": {"a": 2}}, manager="two")
        assert refusal.value.reason == "Conflict"
        assert 'conflict with "one"' in str(refusal.value)
        assert ".spec.a" in str(refusal.value)

        assert (await things.apply("a", {"spec": {"a": 2}}, manager="two", force=True))["spec"] == {"a": 2}
        with pytest.raises(KubeConflict):
            await things.apply("a", {"spec": {"a": 3}})

    async def test_a_status_that_is_applied_leaves_the_rest_alone(self, things: Hand) -> None:
        await things.apply("a", {"spec": {"a": 1}})
        changed = await things.apply("a", {"status": {"x": 1, "y": 1}}, subresource="status")
        assert changed["status"] == {"x": 1, "y": 1}
        changed = await things.apply("a", {"status": {"x": 2}}, subresource="status")
        assert changed["status"] == {"x": 2}
        assert changed["spec"] == {"a": 1}
        assert changed["metadata"]["generation"] == 1
        assert (await things.apply("a", {"spec": {"a": 2}}))["status"] == {"x": 2}

    # --------------------------------------------------------------------------------------------------------- lists

    async def test_a_list_comes_in_pages_of_one_moment(self, things: Hand) -> None:
        for name in "abcde":
            await things.create(name)
        first = await things.list(limit="2")
        await things.create("f")
        await things.delete("c")
        second = await things.list(limit="2", **{"continue": first["metadata"]["continue"]})
        third = await things.list(limit="2", **{"continue": second["metadata"]["continue"]})

        assert [names(first), names(second), names(third)] == [["a", "b"], ["c", "d"], ["e"]]
        assert not third["metadata"].get("continue")
        versions = {each["metadata"]["resourceVersion"] for each in (first, second, third)}
        assert len(versions) == 1
        assert names(await things.list()) == ["a", "b", "d", "e", "f"]

    async def test_a_list_can_be_of_all_namespaces(self, things: Hand) -> None:
        await things.create("a")
        found = json.loads(await things.api.client.request("GET", things.kind.path()))
        assert things.api.namespace in {each["metadata"]["namespace"] for each in found["items"]}

    async def test_built_in_objects_do_not_repeat_their_kind_in_a_list(self, things: Hand) -> None:
        await things.create("a")
        config_maps = Hand(things.api, CONFIG_MAPS)
        await config_maps.create("a", data={"x": "1"})
        found = await config_maps.list()
        assert found["kind"] == "ConfigMapList"
        assert all("kind" not in each for each in found["items"])
        assert [each["kind"] for each in (await things.list())["items"]] == [things.kind.kind]

    async def test_labels_select(self, things: Hand) -> None:
        await things.create("a", labels={"app": "web", "tier": "front"})
        await things.create("b", labels={"app": "web"})
        await things.create("c", labels={"app": "db"})
        for selector, expected in {
            "app=web": ["a", "b"],
            "app!=web": ["c"],
            "app=web,tier": ["a"],
            "!tier": ["b", "c"],
            "app in (web, db),tier notin (front)": ["b", "c"],
        }.items():
            assert names(await things.list(labelSelector=selector)) == expected

    async def test_fields_select(self, things: Hand) -> None:
        await things.create("a")
        await things.create("b")
        assert names(await things.list(fieldSelector="metadata.name=b")) == ["b"]
        secrets = Hand(things.api, SECRETS)
        await secrets.create("a", type="Opaque")
        await secrets.create("b", type="example.com/other")
        assert names(await secrets.list(fieldSelector="type=Opaque")) == ["a"]
        with pytest.raises(KubeError) as refusal:
            await things.list(fieldSelector="spec.a=1")
        assert refusal.value.status == 400

    # ------------------------------------------------------------------------------------------------------- watches

    async def test_a_watch_tells_what_happens_after_its_version(self, things: Hand) -> None:
        await things.create("a")
        async with things.watch(resourceVersion=await things.version()) as events:
            await things.create("b")
            await things.patch("a", {"spec": {"a": 2}})
            await things.delete("b")
            assert await heard(events, 3) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]

    async def test_a_watch_goes_on_from_the_version_of_any_event(self, things: Hand) -> None:
        start = await things.version()
        await things.create("a")
        await things.delete("a")
        await things.create("b")
        async with things.watch(resourceVersion=start) as events:
            async with asyncio.timeout(PATIENCE):
                _, first = await anext(events)
                _, deleted = await anext(events)
        assert int(deleted["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])
        for value, left in ((first, [("DELETED", "a"), ("ADDED", "b")]), (deleted, [("ADDED", "b")])):
            async with things.watch(resourceVersion=value["metadata"]["resourceVersion"]) as events:
                assert await heard(events, len(left)) == left

    async def test_a_watch_without_a_version_begins_with_all_that_is_there(self, things: Hand) -> None:
        await things.create("a")
        async with things.watch() as events:
            assert await heard(events, 1) == [("ADDED", "a")]

    async def test_a_watch_of_a_name_tells_of_that_one_alone(self, things: Hand) -> None:
        await things.create("b")
        async with things.watch(resourceVersion=await things.version(), fieldSelector="metadata.name=a") as events:
            await things.patch("b", {"spec": {"a": 2}})
            await things.create("a")
            await things.delete("b")
            await things.patch("a", {"spec": {"a": 2}})
            await things.delete("a")
            await things.create("a")
            assert await heard(events, 4) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "a")]

    @pytest.mark.parametrize("there", [True, False])
    async def test_a_watch_of_a_name_without_a_version_begins_with_what_is_there(
        self, things: Hand, *, there: bool
    ) -> None:
        await things.create("b")
        if there:
            await things.create("a")
        async with things.watch(fieldSelector="metadata.name=a") as events:
            if not there:
                await things.create("a")
            assert await heard(events, 1) == [("ADDED", "a")]
            await things.delete("a")
            assert await heard(events, 1) == [("DELETED", "a")]

    async def test_a_watch_of_a_kind_that_is_not_there_is_not_found(self, api: Api) -> None:
        kind = ApiKind(group=f"{api.namespace}.example.com", version="v1", kind="Other", plural="others")
        params = {"watch": "true", "fieldSelector": "metadata.name=a"}
        with pytest.raises(KubeNotFound) as refusal:
            async with api.client.stream(kind.path(namespace=api.namespace), params=params):
                pass
        # That of an object names it.
        assert refusal.value.reason == ""
        with pytest.raises(KubeNotFound) as refusal:
            await api.client.request("GET", kind.path(namespace=api.namespace, name="a"))
        assert refusal.value.reason == ""

    async def test_a_watch_of_labels_tells_who_joins_and_leaves(self, things: Hand) -> None:
        await things.create("a", labels={"app": "web"})
        await things.create("b", labels={"app": "db"})
        async with things.watch(resourceVersion=await things.version(), labelSelector="app=web") as events:
            await things.patch("b", {"metadata": {"labels": {"app": "web"}}})
            await things.patch("b", {"spec": {"a": 2}})
            await things.patch("a", {"metadata": {"labels": {"app": "db"}}})
            await things.patch("a", {"spec": {"a": 2}})
            await things.delete("b")
            assert await heard(events, 4) == [("ADDED", "b"), ("MODIFIED", "b"), ("DELETED", "a"), ("DELETED", "b")]

    async def test_a_watch_ends_in_time_and_says_before_how_far_it_was(self, things: Hand) -> None:
        async with (
            asyncio.timeout(PATIENCE),
            things.watch(
                resourceVersion=await things.version(),
                allowWatchBookmarks="true",
                timeoutSeconds=str(things.api.short_watch),
            ) as events,
        ):
            await things.create("a")
            found = [each async for each in events]
        # The real one says it once or twice.
        first, *rest = [kind for kind, _ in found]
        assert first == "ADDED"
        assert set(rest) == {"BOOKMARK"}
        assert int(found[1][1]["metadata"]["resourceVersion"]) >= int(found[0][1]["metadata"]["resourceVersion"])

    async def test_a_version_that_is_too_old_is_said_to_be_gone(self, things: Hand) -> None:
        await things.create("a")
        try:
            async with things.watch(resourceVersion="1") as events, asyncio.timeout(PATIENCE):
                kind, status = await anext(events)
        except KubeGone:
            return
        assert kind == "ERROR"
        assert status["code"] == 410
        assert status["reason"] == "Expired"

    async def test_a_streamed_list_says_where_its_first_state_ends(self, things: Hand) -> None:
        await things.create("a")
        await things.create("b")
        params = {
            "sendInitialEvents": "true",
            "resourceVersionMatch": "NotOlderThan",
            "allowWatchBookmarks": "true",
        }
        async with things.watch(**params) as events, asyncio.timeout(PATIENCE):
            assert sorted(await heard(events, 2)) == [("ADDED", "a"), ("ADDED", "b")]
            kind, bookmark = await anext(events)
            assert kind == "BOOKMARK"
            assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
            await things.create("c")
            assert await heard(events, 1) == [("ADDED", "c")]

    async def test_a_streamed_list_must_be_asked_for_rightly(self, things: Hand) -> None:
        with pytest.raises(KubeError) as refusal:
            async with things.watch(sendInitialEvents="true", allowWatchBookmarks="true"):
                pass
        assert refusal.value.status == 422

    # ------------------------------------------------------------------------------------------ kinds, rights, itself

    async def test_discovery_tells_which_kinds_there_are(self, things: Hand) -> None:
        client, version = things.api.client, things.kind.api_version
        found = json.loads(await client.request("GET", "/apis"))
        assert found["kind"] == "APIGroupList"
        versions = {version["groupVersion"] for group in found["groups"] for version in group["versions"]}
        assert {version, "coordination.k8s.io/v1"} <= versions
        assert "v1" not in versions
        found = json.loads(await client.request("GET", f"/apis/{version}"))
        assert (found["kind"], found["groupVersion"]) == ("APIResourceList", version)
        assert {each["name"] for each in found["resources"]} >= {things.kind.plural, f"{things.kind.plural}/status"}
        with pytest.raises(KubeNotFound):
            await client.request("GET", "/apis/nobody.test/v1")

    @pytest.mark.parametrize("alone", [True, False], ids=["group of its own", "group of others"])
    async def test_a_kind_that_is_not_installed_appears_and_disappears(self, api: Api, *, alone: bool) -> None:
        group = f"{api.namespace}.example.com" if alone else api.things.group
        kind = ApiKind(group=group, version="v1", kind="Other", plural="others")
        with pytest.raises(KubeNotFound):
            await Hand(api, kind).list()
        async with reflecting(api, kind) as seen:
            await seen.until(lambda: seen.reflector.synced and not seen.reflector.installed)

            await api.install(kind)
            await Hand(api, kind).create("a")
            await seen.until(lambda: seen.reflector.installed and bool(seen.reflector.objects))

            await api.remove(kind)
            await seen.until(lambda: not seen.reflector.objects)
            await seen.until(lambda: not seen.reflector.installed)

    async def test_who_has_no_right_is_told_which(self, api: Api) -> None:
        with pytest.raises(KubeForbidden, match='cannot list resource "secrets" in API group "" in the namespace'):
            await api.stranger.request("GET", SECRETS.path(namespace=api.namespace))
        with pytest.raises(KubeForbidden, match="at the cluster scope"):
            await api.stranger.request("GET", SECRETS.path())
        with pytest.raises(KubeForbidden, match='cannot watch resource "secrets"'):
            async with api.stranger.stream(SECRETS.path(namespace=api.namespace), params={"watch": "true"}):
                pass

    async def test_who_is_nobody_is_turned_away(self, api: Api) -> None:
        with pytest.raises(KubeError) as refusal:
            await api.unknown.request("GET", CONFIG_MAPS.path(namespace=api.namespace))
        assert refusal.value.status == 401
        assert refusal.value.reason == "Unauthorized"

    # ----------------------------------------------------------------------------------- what this project makes of it

    @pytest.mark.parametrize("stream_first", [True, False], ids=["streams", "pages"])
    async def test_a_reflector_has_what_the_server_has(self, things: Hand, *, stream_first: bool) -> None:
        for name in "abc":
            await things.create(name)
        policy = WatchPolicy(page=2, stream_first=stream_first)
        async with reflecting(things.api, things.kind, policy=policy) as seen:
            await seen.until(lambda: seen.reflector.current)
            assert seen.values() == {"a": 1, "b": 1, "c": 1}
            await things.patch("a", {"spec": {"a": 2}})
            await things.delete("b")
            await things.create("d")
            await seen.until(lambda: "d" in seen.values())
            assert seen.values() == {"a": 2, "c": 1, "d": 1}
            await things.delete("d")
            await things.create("d", spec={"a": 7})
            await seen.until(lambda: seen.values().get("d") == 7)
            assert seen.replayed == seen.reflector.objects

    @pytest.mark.parametrize("stream_first", [True, False], ids=["streams", "pages"])
    async def test_an_object_that_is_nested_too_deep_stops_no_other(self, things: Hand, *, stream_first: bool) -> None:
        client, kind = things.api.client, {"apiVersion": things.kind.api_version, "kind": things.kind.kind}
        await things.create("a")
        await client.request("POST", things.path, body=deep({**kind, "metadata": {"name": "b"}, "spec": {"a": 1}}))
        async with reflecting(things.api, things.kind, policy=WatchPolicy(stream_first=stream_first)) as seen:
            await seen.until(lambda: seen.reflector.current)
            assert seen.unreadable() == ({"b"} if TOO_DEEP else set())
            assert seen.values()["a"] == 1

            patch = deep({"spec": {"a": 2}})
            await client.request("PATCH", f"{things.path}/a", body=patch, content_type="application/merge-patch+json")
            await things.create("c")
            await seen.until(lambda: "c" in seen.values())
            assert seen.unreadable() == ({"a", "b"} if TOO_DEEP else set())
            assert seen.values()["a"] == (1 if TOO_DEEP else 2)
            assert (await things.apply("a", {"status": {"x": 1}}, subresource="status"))["status"] == {"x": 1}

            await client.request("DELETE", f"{things.path}/b")
            await client.request(
                "PATCH",
                f"{things.path}/a",
                body=b'{"spec": {"a": 3, "any": null}}',
                content_type="application/merge-patch+json",
            )
            await seen.until(lambda: seen.values() == {"a": 3, "c": 1})
            assert not seen.unreadable()

    async def test_one_object_is_kept_by_its_name(self, things: Hand) -> None:
        await things.create("a")
        await things.create("b")
        async with keeping(things.api, things.kind) as kept:
            await kept.until(lambda: kept.object.current and kept.object.object == 1)
            await things.patch("a", {"spec": {"a": 2}})
            await kept.until(lambda: kept.object.object == 2)
            await things.delete("a")
            await kept.until(lambda: kept.object.object is None)
            await things.create("a", spec={"a": 7})
            await kept.until(lambda: kept.object.object == 7)
            assert kept.object.current

    async def test_one_object_of_a_kind_that_appears_and_disappears(self, api: Api) -> None:
        kind = ApiKind(group=f"{api.namespace}.example.com", version="v1", kind="Other", plural="others")
        async with keeping(api, kind) as kept:
            await kept.until(lambda: kept.object.current)
            assert kept.object.asked
            await api.install(kind)
            await Hand(api, kind).create("a")
            await kept.until(lambda: kept.object.current and kept.object.object == 1)
            await api.remove(kind)
            await kept.until(lambda: kept.object.object is None)
            await kept.until(lambda: kept.object.current)

    async def test_a_delete_that_nobody_heard_of_is_seen_all_the_same(self, things: Hand) -> None:
        await things.create("a")
        await things.create("b")
        driver = Driven(things)
        await driver.until_current()
        await things.delete("a")
        # As if it had been away for so long that the server has forgotten.
        driver.watch.ended(now=0.0)
        driver.watch.resource_version = "1"
        changes = await driver.until_current()
        assert [each.key.name for each in changes if isinstance(each, Gone)] == ["a"]
        assert {key.name for key in driver.watch.objects} == {"b"}


class Body(msgspec.Struct):
    a: int


class Thing(msgspec.Struct):
    spec: Body


def decode(raw: msgspec.Raw) -> int:
    return msgspec.json.decode(raw, type=Thing).spec.a


def deep(value: Json) -> bytes:
    """Return a thing whose spec.any is nested deep."""
    value["spec"]["any"] = "<deep>"
    return json.dumps(value).replace('"<deep>"', "[" * DEPTH + "]" * DEPTH).encode()


def is_too_deep() -> bool:
    """Say whether this Python cannot read that: some can."""
    try:
        msgspec.json.decode(deep({"spec": {}}))
    except RecursionError:
        return True
    return False


DEPTH = 3000
TOO_DEEP = is_too_deep()


class Driven:
    """A watch that a test drives by hand, over a client."""

    def __init__(self, things: Hand) -> None:
        self.watch = Watch(things.kind, decode=decode, namespace=things.api.namespace)
        self._client = things.api.client

    async def until_current(self) -> list[Change[int]]:
        """Drive it until it stands and 410, if it comes, was heard; return what changed."""
        changes: list[Change[int]] = []
        lists = 0
        async with asyncio.timeout(PATIENCE):
            while not (self.watch.current and lists):
                match self.watch.next(0.0, 0.0):
                    case ListPage(path, params):
                        self.watch.page(await self._client.request("GET", path, params=params), now=0.0)
                        changes += self.watch.digest(1000, now=0.0)
                        lists += 1
                    case Follow(path, params):
                        lists += "sendInitialEvents" in params
                        changes += await self._follow(path, dict(params))
        return changes

    async def _follow(self, path: str, params: dict[str, str]) -> list[Change[int]]:
        changes: list[Change[int]] = []
        wants_state = "sendInitialEvents" in params
        try:
            async with self._client.stream(path, params=params) as lines:
                self.watch.opened(now=0.0)
                async for line in lines:
                    changes += self.watch.line(line, now=0.0)
                    if not self.watch.following or (wants_state and self.watch.current):
                        break
        except KubeError as error:
            self.watch.failed(error, now=0.0)
        return changes


class Seen:
    """A reflector that runs, and all that it told."""

    def __init__(self, api: Api, kind: ApiKind, policy: WatchPolicy) -> None:
        self.replayed: dict[NamespacedName, int] = {}
        self._told = asyncio.Event()
        self.reflector = Reflector(
            api.client,
            kind,
            decode=decode,
            changed=self._changed,
            clock=MonotonicClock(),
            chance=random.Random(1).random,
            namespace=api.namespace,
            policy=policy,
        )

    def values(self) -> dict[str, int]:
        return {key.name: value for key, value in self.reflector.objects.items()}

    def unreadable(self) -> set[str]:
        return {key.name for key in self.reflector.unreadable}

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._told.clear()
                await self._told.wait()

    def _changed(self, changes: Sequence[Change[int]]) -> None:
        for each in changes:
            match each:
                case Put(key, value):
                    self.replayed[key] = value
                case Gone(key, before):
                    assert self.replayed.pop(key, None) == before
        self._told.set()


class Kept:
    """One object that is kept by its name."""

    def __init__(self, api: Api, kind: ApiKind) -> None:
        self._told = asyncio.Event()
        self.object = NamedObject(
            api.client,
            kind,
            namespace=api.namespace,
            name="a",
            decode=decode,
            changed=self._told.set,
            clock=MonotonicClock(),
            chance=random.Random(1).random,
            policy=EAGER,
        )

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._told.clear()
                await self._told.wait()


@contextlib.asynccontextmanager
async def keeping(api: Api, kind: ApiKind) -> AsyncIterator[Kept]:
    kept = Kept(api, kind)
    task = asyncio.create_task(kept.object.run())
    try:
        yield kept
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.asynccontextmanager
async def reflecting(api: Api, kind: ApiKind, *, policy: WatchPolicy = EAGER) -> AsyncIterator[Seen]:
    seen = Seen(api, kind, policy)
    task = asyncio.create_task(seen.reflector.run())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.wait([task])
