"""From an API server to published states: when there is one, what is in it, and what is the same as before."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from legation.kube.endpoint_slices import SLICES
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level
from legation.sources.base import SourceState
from legation.sources.kubernetes.grants import GRANTS
from legation.sources.kubernetes.pods import PODS
from legation.sources.kubernetes.secrets import SECRETS
from legation.sources.kubernetes.services import SERVICES
from legation.sources.kubernetes.source import KubernetesSource
from legation.testing import FakeKube, ManualClock
from legation.translate.pipeline import API_KINDS
from legation.translate.traffic_split import SPLIT
from tests.unit.sources.kubernetes.api_objects import endpoint_slice, pod, service
from tests.unit.sources.rig import PATIENCE, Recorder, codes

CLUSTERS = next(each for each in API_KINDS if each.plural == "clusters")
WEB = ObjectKey("bootes.io", "Cluster", "shop", "web")
ECHO = NamespacedName("shop", "echo")
ALL = len(API_KINDS) + 4
"""Watches of one namespace, or of all, without Secrets."""


def of(kind: ApiKind, value: dict[str, Any]) -> dict[str, Any]:
    """Return the object as one gives it to the API server, which knows best what its UID and version are."""
    given = {name: each for name, each in value["metadata"].items() if name in {"name", "namespace", "labels"}}
    return {"apiVersion": kind.api_version, "kind": kind.kind, **value, "metadata": given}


def cluster(name: str = "web", *, namespace: str = "shop", label: str = "edge", **config: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"team": label}}
    return of(CLUSTERS, {"metadata": metadata, "spec": {"config": {"name": name, **config}}})


def secret(name: str = "token", *, namespace: str = "shop", value: bytes = b"hunter2") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return of(SECRETS, {"metadata": metadata, "type": "Opaque", "data": {"value": b64encode(value).decode()}})


class World(Recorder):
    """An API server, a source that reads it, and what that publishes. Its pauses end when the test lets time pass."""

    def __init__(self, kube: FakeKube) -> None:
        super().__init__()
        self.kube = kube
        self.clock = ManualClock()

    @asynccontextmanager
    async def reading(self, **how: Any) -> AsyncIterator[KubernetesSource]:
        """Read the API server, and go on at once."""
        source = KubernetesSource(self.kube.connection, clock=self.clock, chance=lambda: 0.5, kinds=API_KINDS, **how)
        task = asyncio.create_task(source.run(self))
        try:
            yield source
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()

    async def begun(self) -> SourceState:
        return await self.until(lambda _: True)

    async def passing(self, condition: Callable[[], bool], *, seconds: float = 1.0) -> None:
        """Let time pass until a condition holds."""
        async with asyncio.timeout(PATIENCE):
            pause = 0.001
            while not condition():
                await self.clock.advance(seconds)
                # The network has no manual clock. Where it is slow it gets more time, or all that it is asked would
                # take too long, again and again.
                await asyncio.sleep(pause)
                pause = min(1.02 * pause, 0.05)

    async def kube_has(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.kube.wait(condition)

    def put_usual(self) -> None:
        """A Cluster, a Pod, a Service with an endpoint, and a grant."""
        self.kube.put(cluster())
        self.kube.put(of(PODS, pod("edge-1", "10.0.0.1")))
        self.kube.put(of(SERVICES, service()))
        self.kube.put(of(SLICES, endpoint_slice("echo-a", "10.1.0.1")))
        spec = {"from": [{"group": "", "kind": "Pod", "namespace": "shop"}], "to": [{"group": "", "kind": "Service"}]}
        self.kube.put(of(GRANTS, {"metadata": {"name": "open", "namespace": "bank"}, "spec": spec}))


def pods_current(state: SourceState) -> bool:
    return state.cluster is not None and state.cluster.pods_current


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An API server that has all kinds that are read."""
    async with FakeKube() as kube:
        for kind in (*API_KINDS, GRANTS):
            kube.install(kind)
        yield World(kube)


async def test_the_first_state_holds_all_that_is_there(world: World) -> None:
    world.put_usual()
    async with world.reading() as source:
        state = await world.begun()
        assert state.objects.keys() == {WEB}
        assert state.problems == ()
        found = state.cluster
        assert found is not None
        assert len(found.pods) == 2
        assert found.pods["edge-1.shop"].addresses == {"10.0.0.1"}
        assert found.pods_current
        assert [len(each.endpoints) for each in found.services[ECHO].slices] == [1]
        assert len(found.grants) == 1
        assert found.secrets is None
        assert source.missing == ()
        assert source.name == f"cluster {world.kube.url}"
        assert world.kube.count(plural="secrets") == 0


async def test_an_empty_cluster_is_published_too(world: World) -> None:
    async with world.reading():
        state = await world.begun()
        assert (dict(state.objects), state.problems) == ({}, ())


async def test_nothing_is_published_before_every_kind_is_read_and_it_is_said_which_is_missing(world: World) -> None:
    world.put_usual()
    world.kube.hang_next(verb="watch", plural="pods")
    async with world.reading() as source:
        await world.kube_has(lambda: world.kube.watches == ALL - 1 and world.kube.hanging == 1)
        await world.passing(lambda: source.missing == ("pods in all namespaces are not listed yet",), seconds=0)
        assert not world.states
        world.kube.heal()
        await world.passing(lambda: not source.missing)
        state = await world.begun()
        assert state.objects.keys() == {WEB}


async def test_what_may_not_be_read_is_said_with_the_rule_that_it_takes(world: World) -> None:
    for verb in ("list", "watch"):
        world.kube.forbid(verb, "services")
    async with world.reading(namespaces=("shop",)) as source:
        await world.passing(lambda: len(source.missing) == 1 and "may not" in source.missing[0])
        (words,) = source.missing
        assert "services in namespace shop" in words
        assert 'a Role in namespace shop with the rule apiGroups: [""], resources: ["services"]' in words
        assert world.states == []
        for verb in ("list", "watch"):
            world.kube.allow(verb, "services")
        await world.passing(lambda: bool(world.states))


async def test_a_kind_that_is_not_installed_counts_as_empty_and_is_read_when_it_appears() -> None:
    async with FakeKube() as kube:
        world = World(kube)
        async with world.reading():
            await world.passing(lambda: bool(world.states), seconds=0)
            assert (dict(world.newest.objects), world.newest.problems) == ({}, ())
            kube.install(CLUSTERS)
            kube.put(cluster())
            await world.passing(lambda: WEB in world.newest.objects)


async def test_only_the_namespaces_that_are_named_are_asked_for(world: World) -> None:
    world.put_usual()
    world.kube.put(cluster(namespace="bank"))
    world.kube.put(cluster(namespace="elsewhere"))
    async with world.reading(namespaces=("shop", "bank")):
        state = await world.begun()
        assert {key.namespace for key in state.objects} == {"shop", "bank"}
        assert {each.namespace for each in world.kube.asked} == {"shop", "bank"}
        assert world.kube.count(plural="pods") == 2


async def test_a_selector_is_about_the_objects_and_not_about_pods_and_services(world: World) -> None:
    world.put_usual()
    world.kube.put(cluster("other", label="web"))
    async with world.reading(selector="team=edge"):
        state = await world.begun()
        assert state.objects.keys() == {WEB}
        assert state.cluster is not None
        assert len(state.cluster.pods) == 2
        selectors = {each.plural: each.params.get("labelSelector") for each in world.kube.asked}
        assert selectors == {
            **{each.plural: "team=edge" for each in API_KINDS},
            "configmaps": "legation.dev/xds=true,team=edge",
            **{each.plural: None for each in (PODS, SERVICES, SLICES, GRANTS)},
        }


async def test_secrets_are_read_where_they_may_be(world: World) -> None:
    for namespace in ("shop", "bank"):
        world.kube.put(secret(namespace=namespace))
    world.kube.put({**secret("release"), "type": "helm.sh/release.v1"})
    async with world.reading(namespaces=("shop", "bank"), secrets=True, secret_namespaces=("shop",)):
        state = await world.begun()
        assert state.cluster is not None
        assert state.cluster.secrets is not None
        assert state.cluster.secrets.keys() == {NamespacedName("shop", "token")}
        assert world.kube.count(plural="secrets") == 1
        assert "hunter2" not in repr(state)
        world.kube.put(secret(value=b"new"))
        state = await world.until(lambda each: value(each) == b"new")
        world.kube.put(of(PODS, pod("edge-1", "10.0.0.1")))
        later = await world.until(lambda each: bool(each.cluster and each.cluster.pods))
        assert later.cluster is not None
        assert state.cluster is not None
        assert later.cluster.secrets is state.cluster.secrets


def value(state: SourceState) -> bytes | None:
    assert state.cluster is not None
    found = (state.cluster.secrets or {}).get(NamespacedName("shop", "token"))
    return None if found is None else found.data["value"]


async def test_secrets_that_nobody_has_asked_for_keep_nobody_waiting(world: World) -> None:
    world.put_usual()
    world.kube.put(secret())
    for verb in ("list", "watch"):
        world.kube.forbid(verb, "secrets")
    async with world.reading(namespaces=("shop",), secrets=True, secrets_needed=False) as source:
        await world.passing(lambda: bool(world.states))
        assert source.missing == ()
        await world.passing(lambda: bool(world.newest.problems))
        (problem,) = world.newest.problems
        assert "may not" in problem.message
        assert 'resources: ["secrets"]' in problem.mend
        for verb in ("list", "watch"):
            world.kube.allow(verb, "secrets")
        await world.passing(lambda: value(world.newest) is not None)


async def test_our_own_keys_are_given_to_nobody(world: World) -> None:
    world.kube.put({**secret("authority"), "type": "legation.dev/tls"})
    world.kube.put({**secret("webhook"), "type": "legation.dev/webhook"})
    async with world.reading(namespaces=("shop",), secrets=True):
        state = await world.begun()
        assert state.cluster is not None
        assert state.cluster.secrets == {}


async def test_without_a_list_of_their_own_secrets_are_read_where_all_else_is(world: World) -> None:
    world.kube.put(secret())
    world.kube.put(secret(namespace="bank"))
    async with world.reading(namespaces=("shop",), secrets=True):
        state = await world.begun()
        assert state.cluster is not None
        assert (state.cluster.secrets or {}).keys() == {NamespacedName("shop", "token")}


async def test_a_change_is_published_and_all_else_is_the_same_as_before(world: World) -> None:
    world.put_usual()
    world.kube.put(cluster("other"))
    async with world.reading():
        first = await world.begun()
        world.kube.put(cluster(connect_timeout="1s"))
        second = await world.until(lambda state: state.objects[WEB] is not first.objects[WEB])
        assert second.cluster is first.cluster
        other = ObjectKey("bootes.io", "Cluster", "shop", "other")
        assert second.objects[other] is first.objects[other]
        world.kube.put(of(SLICES, endpoint_slice("echo-a", "10.1.0.2")))
        third = await world.until(lambda state: state.cluster is not second.cluster)
        assert third.objects is second.objects
        assert third.cluster is not None
        assert second.cluster is not None
        assert third.cluster.pods is second.cluster.pods
        assert third.cluster.grants is second.cluster.grants
        world.kube.delete(CLUSTERS, "shop", "web")
        fourth = await world.until(lambda state: WEB not in state.objects)
        assert fourth.cluster is third.cluster
        assert WEB in third.objects
        assert len(world.states) == 4


async def test_what_changes_without_the_owner_publishes_nothing(world: World) -> None:
    world.put_usual()
    async with world.reading() as source:
        await world.begun()
        status = {"conditions": [{"type": "Accepted"}]}
        world.kube.patch_status(CLUSTERS, "shop", "web", status)
        await world.passing(lambda: source.observed(WEB) == status, seconds=0)
        await world.clock.advance(0)
        assert len(world.states) == 1
        still = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}]
        world.kube.patch_status(PODS, "shop", "edge-1", {"conditions": still})
        world.kube.put(of(SERVICES, service(clusterIP="10.96.0.2")))
        world.kube.put(of(SERVICES, service("last")))
        await world.until(lambda state: bool(state.cluster and len(state.cluster.services) == 2))
        world.kube.patch_status(CLUSTERS, "shop", "web", {"conditions": []})
        world.kube.put(cluster("last"))
        await world.until(lambda state: len(state.objects) == 2)
        world.kube.patch_status(PODS, "shop", "edge-1", {"podIP": "10.0.0.3", "podIPs": []})
        await world.until(lambda state: state.cluster is not world.states[2].cluster)
        assert len(world.states) == 4


async def test_readiness_is_published_and_moves_nobody(world: World) -> None:
    world.put_usual()
    world.kube.put(of(PODS, pod("web-1", "10.0.0.2", namespace="bank")))
    async with world.reading():
        first = (await world.begun()).cluster
        assert first is not None
        assert {name: [each.address for each in pods] for name, pods in first.ready.items()} == {
            "shop": ["10.0.0.1"],
            "bank": ["10.0.0.2"],
        }
        world.kube.patch_status(PODS, "shop", "edge-1", {"conditions": []})
        second = (await world.until(lambda state: state.cluster is not first)).cluster
        assert second is not None
        assert second.pods is first.pods
        assert second.services is first.services
        assert second.ready.keys() == {"bank"}
        assert second.ready["bank"] is first.ready["bank"]


async def test_a_burst_is_few_states(world: World) -> None:
    """What is read in one piece is published in one."""
    async with world.reading():
        await world.begun()
        for number in range(200):
            world.kube.put(cluster(f"c-{number}"))
        await world.until(lambda state: len(state.objects) == 200)
        assert len(world.states) < 20


async def test_an_api_server_that_is_away_takes_nothing_away_and_is_told(world: World) -> None:
    world.put_usual()
    async with world.reading() as source:
        before = await world.begun()
        await world.kube.stop()
        words = "the cluster cannot be watched: the API server"
        await world.passing(lambda: [words in str(each) for each in world.newest.problems] == [True])
        away = world.newest
        assert away.objects is before.objects
        assert away.cluster is not None
        assert before.cluster is not None
        assert not away.cluster.pods_current
        assert away.cluster.pods is before.cluster.pods
        assert away.cluster.ready is before.cluster.ready
        assert away.cluster.services is before.cluster.services
        assert codes(away) == {"not-watched"}
        assert {each.level for each in away.problems} == {Level.WARNING}
        assert all("what was known of them stays" in each.mend for each in away.problems)
        assert source.missing == ()
        await world.clock.advance(3600)
        assert world.newest.objects is before.objects
        await world.kube.start()
        # One kind may be watched again before another.
        await world.passing(lambda: world.newest.problems == () and pods_current(world.newest), seconds=30)
        assert world.newest.objects is before.objects
        assert world.newest.cluster is not None
        assert world.newest.cluster.pods is before.cluster.pods
        assert world.newest.cluster.ready is before.cluster.ready


@pytest.mark.parametrize(("plural", "current"), [("pods", False), ("services", True)])
async def test_whether_pods_are_current_is_a_matter_of_their_own_watch(
    world: World, plural: str, *, current: bool
) -> None:
    world.put_usual()
    async with world.reading():
        await world.begun()
        for verb in ("list", "watch"):
            world.kube.forbid(verb, plural)
        world.kube.drop()
        words = f"may not watch {plural} in all namespaces"
        await world.passing(lambda: [words in str(each) for each in world.newest.problems] == [True])
        # Both watches were dropped; the other one may begin again later.
        await world.passing(lambda: pods_current(world.newest) is current)
        for verb in ("list", "watch"):
            world.kube.allow(verb, plural)
        await world.passing(lambda: not world.newest.problems and pods_current(world.newest))


async def test_what_was_deleted_while_the_api_server_was_away_is_gone_when_it_is_back(world: World) -> None:
    world.put_usual()
    async with world.reading():
        await world.begun()
        await world.kube.stop()
        await world.passing(lambda: codes(world.newest) == {"not-watched"})
        for kind, name in ((PODS, "edge-1"), (SLICES, "echo-a"), (CLUSTERS, "web")):
            world.kube.delete(kind, "shop", name)
        world.kube.compact()
        await world.kube.start()
        await world.passing(lambda: world.newest.problems == (), seconds=30)
        assert world.newest.cluster is not None
        assert dict(world.newest.objects) == {}
        assert dict(world.newest.cluster.pods) == {}
        assert world.newest.cluster.services[ECHO].slices == ()


async def test_an_object_that_cannot_be_read_is_told_and_stays_as_it_was(world: World) -> None:
    world.put_usual()
    async with world.reading():
        before = await world.begun()
        odd = of(PODS, pod("edge-1", "10.0.0.1"))
        odd["status"]["podIP"] = 7
        world.kube.put(odd)
        state = await world.until(lambda each: bool(each.problems))
        (problem,) = state.problems
        assert (problem.code, problem.level) == ("unreadable-object", Level.ERROR)
        assert problem.object == ObjectKey("", "Pod", "shop", "edge-1")
        assert "it is not what a Pod looks like" in str(problem)
        assert "$.status.podIP" in str(problem)
        assert state.cluster is before.cluster
        world.kube.put(of(PODS, pod("edge-1", "10.0.0.2")))
        mended = await world.until(lambda each: not each.problems)
        assert mended.cluster is not None
        assert mended.cluster.pods["edge-1.shop"].addresses == {"10.0.0.2"}


async def test_an_object_that_cannot_be_read_holds_up_nothing_else(world: World) -> None:
    world.put_usual()
    odd = of(SERVICES, service("odd"))
    odd["spec"]["ports"] = "all of them"
    world.kube.put(odd)
    async with world.reading():
        state = await world.begun()
        assert [each.object and each.object.name for each in state.problems] == ["odd"]
        assert state.objects.keys() == {WEB}
        world.kube.delete(SERVICES, "shop", "odd")
        await world.until(lambda each: not each.problems)


def test_an_object_of_a_cluster_stands_in_no_file() -> None:
    source = KubernetesSource(FakeKube().connection, kinds=())
    assert source.locate(None, ("spec",)) is None
    assert source.locate(Place("a.yaml", 3), ("spec",)) == Place("a.yaml", 3)


async def test_what_is_wrong_for_all_kinds_alike_is_told_once_before_anything_is_read(world: World) -> None:
    await world.kube.stop()
    async with world.reading() as source:
        await world.passing(lambda: len(source.missing) == 1)
        (words,) = source.missing
        assert words.startswith("the cluster cannot be watched: the API server")
        assert "refuses connections" in words
        await world.passing(lambda: [each.code for each in world.obstacles] == ["not-watched"])
        assert world.states == []
        await world.kube.start()
        await world.passing(lambda: bool(world.states))
        assert world.newest.problems == ()


WHO = "is it the API server that answers there?"
ON_THE_WAY = {
    "everything": ("/", ALL, WHO),
    "all groups": ("/apis/", sum(bool(each.group) for each in API_KINDS) + 2, "the cluster cannot be watched: "),
    "services": ("/api/v1/services", 1, f"though every API server has that; {WHO}"),
    "clusters": ("/apis/bootes.io/v1/clusters", 1, "though the API server tells that it has them"),
}
"""Where somebody on the way answers 404, how many watches that takes, and what is told."""


@pytest.mark.parametrize(("path", "taken", "words"), ON_THE_WAY.values(), ids=ON_THE_WAY)
async def test_a_404_of_somebody_on_the_way_takes_nothing_away_and_is_one_problem(
    world: World, path: str, taken: int, words: str
) -> None:
    world.put_usual()
    async with world.reading() as source:
        before = await world.begun()
        world.kube.intercept(path)
        world.kube.drop()
        await world.passing(lambda: codes(world.newest) == {"not-watched"})
        await world.passing(lambda: world.kube.watches == ALL - taken, seconds=60)
        world.kube.forget_asked()
        await world.passing(lambda: world.kube.count() > 5 * taken, seconds=60)
        await world.passing(lambda: [words in each.message for each in world.newest.problems] == [True])
        (problem,) = world.newest.problems
        assert "404" in problem.message
        assert "what was known of them stays" in problem.mend
        assert world.newest.objects is before.objects
        assert world.newest.cluster is not None
        assert before.cluster is not None
        for part in ("pods", "services", "grants"):
            assert getattr(world.newest.cluster, part) is getattr(before.cluster, part)
        assert source.missing == ()

        world.kube.heal()
        await world.passing(lambda: world.newest.problems == (), seconds=30)
        assert world.newest.objects is before.objects


@pytest.mark.parametrize(("path", "taken", "words"), ON_THE_WAY.values(), ids=ON_THE_WAY)
async def test_nothing_is_published_while_somebody_on_the_way_answers_404(
    world: World, path: str, taken: int, words: str
) -> None:
    world.put_usual()
    world.kube.intercept(path)
    async with world.reading() as source:
        await world.passing(lambda: world.kube.watches == ALL - taken)
        await world.passing(lambda: [words in each for each in source.missing] == [True])
        await world.passing(lambda: [words in each.message for each in world.obstacles] == [True])
        assert world.states == []
        world.kube.heal()
        await world.passing(lambda: bool(world.states))
        state = world.newest
        assert state.objects.keys() == {WEB}
        assert state.problems == ()


async def test_a_kind_that_is_uninstalled_takes_its_objects_with_it(world: World) -> None:
    world.put_usual()
    async with world.reading():
        await world.begun()
        world.kube.remove(CLUSTERS)
        await world.passing(lambda: dict(world.newest.objects) == {})
        await world.passing(lambda: world.newest.problems == ())


async def test_an_object_that_is_nested_too_deep_is_told_and_stays_as_it_was(world: World) -> None:
    world.put_usual()
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    async with world.reading():
        before = await world.begun()
        world.kube.put(cluster(metadata=deep))
        world.kube.put(cluster("last"))
        state = await world.until(lambda each: len(each.objects) == 2)
        assert state.objects[WEB] is before.objects[WEB]
        (problem,) = state.problems
        assert problem.object == WEB
        assert problem.message == "it is not what a Cluster looks like: it is nested more than 200 levels deep"


def split(version: str) -> dict[str, Any]:
    backends = [{"service": "web", "weight": 1}]
    return {
        "apiVersion": f"{SPLIT.group}/{version}",
        "kind": SPLIT.kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"service": "web", "backends": backends},
    }


async def test_a_kind_is_read_in_the_newest_version_that_is_served(world: World) -> None:
    """And in another one when that is served no longer."""
    old = replace(SPLIT, version="v1alpha2")
    world.kube.remove(SPLIT)
    world.kube.install(old)
    world.kube.put(split("v1alpha2"))
    key = ObjectKey(SPLIT.group, SPLIT.kind, "shop", "web")
    async with world.reading():
        state = await world.begun()
        assert state.objects[key].api_version == "split.smi-spec.io/v1alpha2"
        assert state.problems == ()
        world.kube.install(SPLIT)
        world.kube.put(split("v1alpha4"))
        world.kube.remove(old)
        world.kube.drop()
        await world.passing(lambda: key in world.states[-1].objects and _version(world, key) == "v1alpha4")
        assert world.states[-1].objects.keys() == {key}


def _version(world: World, key: ObjectKey) -> str:
    return world.states[-1].objects[key].api_version.rpartition("/")[2]


async def test_of_config_maps_only_those_with_the_label_are_read(world: World) -> None:
    for name, labels in (("ours", {"legation.dev/xds": "true"}), ("other", {})):
        metadata = {"name": name, "namespace": "shop", "labels": labels}
        world.kube.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {}})
    async with world.reading():
        state = await world.begun()
        assert [key.name for key in state.objects] == ["ours"]
