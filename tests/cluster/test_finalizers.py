"""Objects that clients of l7mp delete: one replica takes their finalizer off, once, and Envoys wait for nobody."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cluster.admin import Object, reference
from tests.cluster.manifests import EDGE
from tests.cluster.replica import Replica
from tests.cluster.stage import Stage
from tests.envoy.world import GRACES

pytestmark = pytest.mark.timeout(120)

STATUS = ("--status", "on", *GRACES)
TOGETHER = ("--replica-service", "legation")
OURS, OTHER = "l7mp.io/delete", "example.com/other"
PORT = 11_000


def pipe(namespace: str, *listeners: str, finalizers: Sequence[str] = (), name: str = "pipe") -> Object:
    """Return an object with listeners that lead to the same host."""
    made = reference("servicemesh.l7mp.io/v1", "VirtualService", name, namespace)
    made["metadata"]["finalizers"] = list(finalizers)
    host = {"name": "media", "host": {"address": "127.0.0.1"}, "port": 1234}
    told = [
        {
            "name": each,
            "udp": {
                "port": PORT + number,
                "cluster": {
                    "name": each,
                    "service_discovery": "strictdns",
                    "hash_key": "call",
                    "endpoints": [host],
                },
            },
        }
        for number, each in enumerate(listeners)
    ]
    return made | {"spec": {"selector": EDGE, "listeners": told}}


async def removed(*names: str, by: Sequence[Replica]) -> None:
    """Wait until these replicas have taken it off these objects: the object is gone before they hear of that."""

    async def told() -> bool:
        return sum(len(removals(each)) for each in by) >= len(names)

    await by[0].until(told, f"finalizers off {names}")
    assert sorted(name for each in by for name in removals(each)) == sorted(names)


def removals(replica: Replica) -> list[str]:
    """Return the objects whose finalizer it took off, by its log."""
    return [each["name"] for each in replica.lines() if each["event"] == "finalizer removed"]


async def test_one_of_two_replicas_takes_it_off_once(stage: Stage) -> None:
    """An object that has it is edited like any other. When who took it off has ended, the other one does."""
    one, two = await stage.serve(*STATUS, *TOGETHER), await stage.serve(*STATUS, *TOGETHER)
    stage.join(one, two)
    edge = await stage.envoy()
    stage.apply(pipe(stage.namespace, "first", finalizers=[OURS]))
    await edge.listeners("first")
    first = pipe(stage.namespace, "first", "second", finalizers=[OURS])
    stage.apply(first)
    await edge.listeners("first", "second")
    await stage.condition(first, "Programmed", "True")
    stage.admin.delete(first)
    await stage.until_gone(first)
    await edge.listeners()
    await removed("pipe", by=[one, two])

    leader, other = (one, two) if removals(one) else (two, one)
    again = pipe(stage.namespace, "again", finalizers=[OURS], name="again")
    stage.apply(again)
    await edge.listeners("again")
    assert await leader.stop() == 0
    stage.admin.delete(again)
    await stage.until_gone(again)
    await edge.listeners()
    await removed("again", by=[other])
    await removed("pipe", "again", by=[one, two])
    await other.no_problem(stage.namespace)
    for each in (one, two):
        assert {"warning", "error"}.isdisjoint(line["level"] for line in each.lines() if "finalizer" in str(line))


async def test_an_object_that_waits_for_others_is_gone_for_envoys(stage: Stage) -> None:
    """It keeps their finalizers, and its status is not written any more. Without any there is nothing to do."""
    replica = await stage.serve(*STATUS)
    edge = await stage.envoy()
    waiting = pipe(stage.namespace, "waiting", finalizers=[OTHER, OURS])
    stage.apply(waiting)
    await edge.listeners("waiting")
    await stage.condition(waiting, "Programmed", "True")
    stage.admin.delete(waiting)
    await edge.listeners()

    async def ours_is_off() -> bool:
        return bool(stage.admin.get(waiting)["metadata"]["finalizers"] == [OTHER])

    await replica.until(ours_is_off, "our finalizer off")
    plain = pipe(stage.namespace, "plain", name="plain")
    stage.apply(plain)
    await stage.condition(plain, "Programmed", "True")
    left = stage.admin.get(waiting)
    assert left["status"]["conditions"][0]["observedGeneration"] < left["metadata"]["generation"]
    stage.admin.delete(plain)
    await edge.listeners()
    freed = reference("servicemesh.l7mp.io/v1", "VirtualService", "pipe", stage.namespace)
    freed["metadata"]["finalizers"] = None
    stage.admin.patch(freed)
    await stage.until_gone(waiting)
    await removed("pipe", by=[replica])
