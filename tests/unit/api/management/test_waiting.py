from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2

from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.api.management.waiting import UNASKED, Meant, wait_accepted
from legation.errors import VersionConflict
from legation.management.v1 import management_pb2 as pb
from legation.model.node import Node, Workload
from legation.model.objects import ObjectKey
from legation.runtime.acceptance import Acceptance
from tests.fakes import FakeSource
from tests.manifests import cluster
from tests.unit.api.management.stores import FakePlane, FakeStore, stored
from tests.unit.api.management.test_requests import violations

KINDS = Kinds(())
EDGE = Node(id="edge")


def meant(*nodes: str, namespace: str = "", **labels: str) -> Meant:
    return Meant(nodes=frozenset(nodes), namespace=namespace, labels=frozenset(labels.items()))


def workload(namespace: str = "default", **labels: str) -> Workload:
    return Workload(namespace=namespace, labels=frozenset(labels.items()))


def test_who_is_meant() -> None:
    assert meant()(EDGE, None)
    assert meant("edge", "other")(EDGE, workload())
    assert not meant("other")(EDGE, workload())
    assert meant(namespace="shop", tier="front")(EDGE, workload("shop", tier="front", app="a"))
    assert not meant(namespace="shop")(EDGE, workload())
    assert not meant(tier="front")(EDGE, workload(tier="back"))


def test_of_whom_nothing_is_known_is_not_meant_by_what_is_known() -> None:
    assert not meant(namespace="shop")(EDGE, None)
    assert not meant(tier="front")(EDGE, None)


def reference(name: str, version: str = "") -> pb.ObjectReference:
    return pb.ObjectReference(group="bootes.io", kind="Cluster", name=name, resource_version=version)


async def test_what_is_stored_now_is_waited_for() -> None:
    plane, store = FakePlane(), FakeStore(stored("a", version=3), stored("b", version=3), stored("c", version=3))
    objects = [reference("a"), reference("b", "3"), reference("c", "1"), reference("gone", "2")]
    found = await wait_accepted(plane, store, KINDS, pb.WaitAcceptedRequest(objects=objects, at_least=2))
    assert found is plane.acceptance
    [asked] = plane.waited
    assert [(each.key.name, each.metadata["resourceVersion"]) for each in asked["versions"]] == [
        ("a", "3"),
        ("b", "3"),
        ("c", "3"),
    ]
    assert [each.name for each in asked["objects"]] == ["a", "b", "c", "gone"]
    assert (asked["at_least"], asked["timeout"]) == (2, UNASKED)


async def test_what_another_source_hides_is_not_waited_for() -> None:
    plane, own, it = FakePlane(), FakeSource(), stored("a", version=3)
    plane.foresight.elsewhere[it.key] = (FakeSource(), cluster("a", file="web.yaml", line=3))
    store = FakeStore(it)
    with pytest.raises(Refused, match=r"web\.yaml:3"):
        await wait_accepted(plane, store, KINDS, pb.WaitAcceptedRequest(objects=[reference("a", "3")]), own=own)
    await wait_accepted(plane, store, KINDS, pb.WaitAcceptedRequest(objects=[reference("a")]), own=own)
    assert [each["versions"] for each in plane.waited] == [[]]
    plane.foresight.elsewhere[it.key] = (own, it.manifest())
    await wait_accepted(plane, store, KINDS, pb.WaitAcceptedRequest(objects=[reference("a", "3")]), own=own)
    assert [len(each["versions"]) for each in plane.waited] == [0, 1]


async def test_what_nobody_ever_heard_of_is_not_found() -> None:
    plane, store, key = FakePlane(), FakeStore(), ObjectKey("bootes.io", "Cluster", "default", "typo")
    request = pb.WaitAcceptedRequest(objects=[reference("typo")])
    plane.acceptance = Acceptance()
    with pytest.raises(Refused) as caught:
        await wait_accepted(plane, store, KINDS, request)
    assert caught.value.status.code == code_pb2.NOT_FOUND
    # It was deleted here,
    assert await wait_accepted(plane, store, KINDS, request, gone={key}) is plane.acceptance
    # stored when it was asked for,
    versioned = pb.WaitAcceptedRequest(objects=[reference("typo", "7")])
    assert await wait_accepted(plane, store, KINDS, versioned) is plane.acceptance
    # or Envoys have it still.
    plane.acceptance = Acceptance(waiting=("edge",))
    assert await wait_accepted(plane, store, KINDS, request) is plane.acceptance


async def test_how_long_is_waited() -> None:
    plane = FakePlane()
    await wait_accepted(
        plane, FakeStore(), KINDS, pb.WaitAcceptedRequest(timeout=Duration(seconds=1, nanos=500_000_000))
    )
    assert plane.waited[0]["timeout"] == 1.5


@pytest.mark.parametrize("version", ["4", "never"])
async def test_a_version_that_is_not_there_is_not_waited_for(version: str) -> None:
    request = pb.WaitAcceptedRequest(objects=[reference("a", version)])
    with pytest.raises(VersionConflict):
        await wait_accepted(FakePlane(), FakeStore(stored("a", version=3)), KINDS, request)


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        pytest.param(pb.WaitAcceptedRequest(timeout=Duration(seconds=601)), "timeout", id="too long"),
        pytest.param(pb.WaitAcceptedRequest(timeout=Duration(seconds=-1)), "timeout", id="before now"),
        pytest.param(pb.WaitAcceptedRequest(at_least=-1), "at_least", id="fewer than nobody"),
        pytest.param(pb.WaitAcceptedRequest(objects=[reference("")]), "objects[0].name", id="no name"),
    ],
)
async def test_what_cannot_be_waited_for(request_: pb.WaitAcceptedRequest, field: str) -> None:
    with pytest.raises(Refused) as caught:
        await wait_accepted(FakePlane(), FakeStore(), KINDS, request_)
    assert field in violations(caught.value)
