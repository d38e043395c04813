"""Where resources come from and who has them, as plain JSON."""

from __future__ import annotations

import json

import pytest

from legation.envoy import codec
from legation.model.node import Node, Peer, Workload
from legation.model.objects import ObjectKey, Place
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.model.trail import (
    Blamed,
    EnvoyRefusal,
    KnownEnvoy,
    SentResource,
    SentState,
    SentTo,
    Spread,
    Traced,
    TracedObject,
)
from legation.ops import trail_json
from tests.manifests import manifest

KEY = ObjectKey("bootes.io", "Cluster", "shop", "web")
PASSWORD = "open sesame"
PEER = Peer(address="ipv4:127.0.0.1:1", transport="grpc")
ENVOY = KnownEnvoy(node=Node(id="edge"), peer=PEER, group="shop", waits=True, workload=None)


def cluster(timeout: str = "1s") -> Resource:
    json_form = {"@type": CLUSTER.url, "name": "web", "type": "STATIC", "connect_timeout": timeout}
    made = codec.encode(json_form, origin=KEY).resource
    assert made is not None
    return made


def traced(place: Place | None = None) -> Traced:
    return Traced(resource=cluster(), namespace="shop", place=place, path=("spec", "config"))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Cluster shop/web", ("Cluster", "shop", "web")),
        ("Cluster web", ("Cluster", "", "web")),
        ("  Cluster   shop/web ", ("Cluster", "shop", "web")),
        ("Cluster", ("Cluster", "", "")),
    ],
)
def test_an_object_is_asked_for_by_kind_and_name(asked: str, meant: tuple[str, str, str]) -> None:
    assert trail_json.asked_object(asked) == meant


def test_content_is_made_for_who_wants_it_alone() -> None:
    (without,) = trail_json.resources_json([traced()], content=False)
    (with_content,) = trail_json.resources_json([traced()], content=True)
    assert "json" not in without
    assert with_content["json"]["connect_timeout"] == "1s"
    assert with_content == without | {"json": with_content["json"]}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (None, (None, None, None)),
        (Place("web.yaml"), ("web.yaml", None, None)),
        (Place("web.yaml", 7, 3), ("web.yaml", 7, 3)),
    ],
)
def test_a_place_is_told_as_far_as_it_is_known(place: Place | None, told: tuple[str | int | None, ...]) -> None:
    found = trail_json.traced_json(traced(place))
    assert (found["file"], found["line"], found["column"]) == told


def test_an_object_is_shown_without_its_secrets() -> None:
    body = manifest("Cluster", "web", namespace="shop", spec={"config": {"name": "web", "password": PASSWORD}})
    thing = TracedObject(manifest=body, place=None, served=False, resources=((CLUSTER, "web"),))
    (found,) = trail_json.objects_json([thing])
    assert PASSWORD not in json.dumps(found)
    assert (found["object"], found["served"], found["resources"]) == ("Cluster shop/web", False, [["Cluster", "web"]])
    assert found["body"]["spec"]["config"]["name"] == "web"


def test_an_envoy_that_is_placed_nowhere_has_no_namespace() -> None:
    nowhere = trail_json.envoy_json(ENVOY)
    assert (nowhere["namespace"], nowhere["labels"], nowhere["waits"]) == (None, {}, True)
    workload = Workload(namespace="shop", labels=frozenset({("b", "2"), ("a", "1")}))
    placed = KnownEnvoy(node=ENVOY.node, peer=PEER, group="shop", waits=False, workload=workload)
    assert list(trail_json.envoy_json(placed)["labels"]) == ["a", "b"]


def sent(state: SentState, *, wanted: Traced | None, held: Resource | None, offered: Resource | None) -> SentResource:
    return SentResource(
        type=CLUSTER, name="web", state=state, wanted=wanted, held=held, sent=offered, since=1.23456, origin=KEY
    )


def test_of_what_an_envoy_was_sent_the_envoy_comes_first() -> None:
    one = sent(SentState.WAITING, wanted=traced(Place("web.yaml", 7, 3)), held=None, offered=cluster())
    envoy, found = trail_json.sent_json([SentTo(envoy=ENVOY, connected_for=2.0, resources=(one,))], content=False)
    assert envoy["envoy"]["connected_for"] == 2.0
    assert (found["node"], found["state"], found["since"], found["line"]) == ("edge", "waiting", 1.235, 7)
    assert (found["accepted"], found["sent"]) == (None, cluster().version)
    assert "json" not in found


def test_what_an_envoy_has_is_shown_rather_than_what_it_was_offered() -> None:
    one = sent(SentState.REFUSED, wanted=traced(), held=cluster("2s"), offered=cluster("3s"))
    _, found = trail_json.sent_json([SentTo(envoy=ENVOY, connected_for=2.0, resources=(one,))], content=True)
    assert found["json"]["connect_timeout"] == "2s"


def test_what_no_object_makes_any_more_has_the_same_keys() -> None:
    spread = Spread(
        concerned=2,
        accepted=1,
        refused=1,
        versions={"1": 1},
        refusals=(EnvoyRefusal(node="edge", version="1", words="no"),),
        behind=("edge",),
    )
    gone = trail_json.blamed_json(Blamed(type=CLUSTER, name="web", traced=None, spread=spread))
    there = trail_json.blamed_json(Blamed(type=CLUSTER, name="web", traced=traced(), spread=spread))
    assert gone.keys() == there.keys()
    assert (gone["version"], gone["object"], gone["name"]) == (None, None, "web")
    assert gone["envoys"]["refusals"] == [{"node": "edge", "version": "1", "reason": "no"}]
