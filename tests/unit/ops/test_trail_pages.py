"""The pages that say where resources come from, asked without a network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from legation.envoy import codec
from legation.model.delivery import Deliveries as Counts
from legation.model.node import Node, Peer, Workload
from legation.model.objects import ManifestObject, ObjectKey, Place
from legation.model.replicas import ReplicaRecords
from legation.model.resource_types import ResourceType
from legation.model.trail import (
    AskedNode,
    Blamed,
    Chosen,
    EnvoyRefusal,
    KnownEnvoy,
    NodeResources,
    SentResource,
    SentState,
    SentTo,
    Spread,
    Traced,
    TracedObject,
    Wanted,
    any_object,
    every,
)
from legation.ops.admin import admin_app
from legation.ops.replicas import replicas_app
from tests.manifests import manifest

if TYPE_CHECKING:
    import httpx2

PASSWORD = "open sesame"
KEY = ObjectKey("legation.dev", "EnvoyResources", "shop", "word")
JSON = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
    "name": "word",
    "generic_secret": {"secret": {"inline_string": PASSWORD}},
}


def secret() -> Traced:
    resource = codec.encode(JSON, origin=KEY).resource
    assert resource is not None
    return Traced(
        resource=resource,
        namespace="shop",
        labels=frozenset({("app", "edge")}),
        place=Place("word.yaml", 7, 3),
        path=("spec", "resources", 0),
        amended_by=(ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", "split"),),
        made_of=("Service shop/web",),
    )


def the_object() -> ManifestObject:
    return manifest(
        "EnvoyResources", "word", api_version="legation.dev/v1alpha1", namespace="shop", spec={"resources": [JSON]}
    )


ENVOY = KnownEnvoy(
    node=Node(id="edge"),
    peer=Peer(address="ipv4:127.0.0.1:1", transport="grpc"),
    group="shop/app=edge",
    waits=False,
    workload=Workload(namespace="shop", labels=frozenset({("app", "edge")})),
)


def counts(*, epoch: str = "", since: int = 0) -> Counts:
    return Counts(epoch=epoch, number=since, whole=True)


class Answers:
    """Knows one of everything, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def objects(self, wanted: Wanted = any_object) -> Iterable[TracedObject]:
        made = TracedObject(manifest=the_object(), place=Place("word.yaml", 1, 1), served=True, resources=())
        return (each for each in (made,) if wanted(each.manifest.key))

    def resources(self, chosen: Chosen = every) -> Iterable[Traced]:
        return (each for each in (secret(),) if chosen(each.resource.type.name, each.resource.name))

    def of_node(self, asked: AskedNode, chosen: Chosen = every) -> NodeResources | str:
        self.asked.append(asked)
        if asked.id == "nobody":
            return "nobody knows a Pod"
        found = self.resources(chosen)
        return NodeResources(group="shop", workload=ENVOY.workload, connected=True, resources=found)

    def envoys(self) -> Iterable[KnownEnvoy]:
        return (ENVOY,)

    def sent(self, node_id: str, chosen: Chosen = every) -> Iterator[SentTo]:
        if node_id != ENVOY.node.id or not chosen("Secret", "word"):
            return
        traced = secret()
        sent = SentResource(
            type=traced.resource.type,
            name="word",
            state=SentState.ACCEPTED,
            wanted=traced,
            held=traced.resource,
            sent=traced.resource,
            since=1.23456,
            origin=KEY,
        )
        yield SentTo(envoy=ENVOY, connected_for=2.0, resources=(sent,))

    def blame_resource(self, row: ResourceType, name: str) -> Iterable[Blamed]:
        self.asked.append((row.name, name))
        refusal = EnvoyRefusal(node="edge", version="1", words="too blue")
        spread = Spread(concerned=2, accepted=1, refused=1, versions={"1": 1}, refusals=(refusal,), behind=("edge",))
        return (Blamed(type=row, name=name, traced=secret(), spread=spread),)

    def blame_object(self, kind: str, namespace: str, name: str) -> Iterable[tuple[TracedObject, Iterable[Blamed]]]:
        self.asked.append((kind, namespace, name))
        return ((next(iter(self.objects())), self.blame_resource(secret().resource.type, "word")),)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def client(answers: Answers) -> TestClient:
    told = {"l7mp_matching": "any"}
    app = admin_app(
        proxies=tuple,
        problems=tuple,
        turned_away=tuple,
        bind="localhost",
        inquiry=answers,
        replica="pod-0",
        settings=told,
    )
    return TestClient(app, base_url="http://localhost:18001")


def get(client: TestClient, path: str) -> Any:
    response: httpx2.Response = client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


PAGES = (
    "/resources",
    "/resources?node=edge",
    "/objects",
    "/envoys",
    "/sent?node=edge&config=1",
    "/blame?type=secret&name=word",
    "/blame?object=EnvoyResources shop/word",
)


def test_the_index_names_every_page(client: TestClient) -> None:
    text = client.get("/").text
    assert all(page.partition("?")[0] in text for page in PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_which_replica_it_speaks_for_and_shows_no_secret(client: TestClient, page: str) -> None:
    assert get(client, page)["replica"] == "pod-0"
    assert PASSWORD not in client.get(page).text


def test_what_a_node_gets_leads_to_its_objects(client: TestClient, answers: Answers) -> None:
    page = get(client, "/resources?node=edge&label=app=edge&label=a=b=c&namespace=shop")
    assert answers.asked == [AskedNode(id="edge", namespace="shop", labels={"app": "edge", "a": "b=c"})]
    (found,) = page["resources"]
    version = found.pop("version")
    assert len(version) == 24
    assert found == {
        "type": "Secret",
        "name": "word",
        "namespace": "shop",
        "labels": {"app": "edge"},
        "object": "EnvoyResources shop/word",
        "file": "word.yaml",
        "line": 7,
        "column": 3,
        "path": "spec.resources[0]",
        "stale": False,
        "amended_by": ["TrafficSplit shop/split"],
        "made_of": ["Service shop/web"],
        "json": {**JSON, "generic_secret": {"secret": {"inline_string": "[redacted]"}}},
    }
    assert (page["group"], page["connected"], page["labels"]) == ("shop", True, {"app": "edge"})


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=secrets", 1),
        ("type=cluster", 0),
        ("name=word", 1),
        ("name=other", 0),
        ("only=Secret/word&only=Cluster/x", 1),
        ("only=Cluster/word", 0),
    ],
)
def test_only_what_is_asked_for_is_shown(client: TestClient, query: str, count: int) -> None:
    assert len(get(client, f"/resources?{query}")["resources"]) == count
    assert len(get(client, f"/resources?node=edge&{query}")["resources"]) == count


def test_without_the_content_it_is_short(client: TestClient) -> None:
    assert "json" not in get(client, "/resources?config=0")["resources"][0]


@pytest.mark.parametrize(
    ("page", "status", "words"),
    [
        ("/resources?node=nobody", 404, "nobody knows a Pod"),
        ("/resources?node=edge&label=app", 400, "label=app is not label=KEY=VALUE"),
        ("/resources?node=", 400, "say node="),
        ("/resources?type=x", 400, "'x' is no type; the types are Cluster, "),
        ("/sent", 400, "say node="),
        ("/blame", 400, "say type="),
        ("/blame?type=cluster", 400, "say name="),
    ],
)
def test_a_question_that_is_none_is_answered_in_words(client: TestClient, page: str, status: int, words: str) -> None:
    response = client.get(page)
    assert response.status_code == status
    assert words in response.json()["error"]


def test_objects_are_found_by_kind_namespace_and_name(client: TestClient) -> None:
    (found,) = get(client, "/objects?kind=envoyresources&namespace=shop&name=word")["objects"]
    assert (found["object"], found["line"], found["served"]) == ("EnvoyResources shop/word", 1, True)
    assert found["body"]["metadata"]["name"] == "word"
    assert get(client, "/objects?kind=Cluster")["objects"] == []


def test_an_envoy_is_shown_with_what_it_was_sent(client: TestClient) -> None:
    envoy, sent = get(client, "/sent?node=edge")["sent"]
    assert envoy["envoy"]["connected_for"] == 2.0
    assert (sent["state"], sent["since"], sent["version"]) == ("accepted", 1.235, sent["accepted"])
    assert "json" not in sent
    assert get(client, "/sent?node=other")["sent"] == []


def test_blame_is_asked_by_resource_or_by_object(client: TestClient, answers: Answers) -> None:
    (found,) = get(client, "/blame?type=secret&name=word")["blame"]
    assert found["envoys"] == {
        "concerned": 2,
        "accepted": 1,
        "refused": 1,
        "versions": {"1": 1},
        "refusals": [{"node": "edge", "version": "1", "reason": "too blue"}],
        "behind": ["edge"],
    }
    (one,) = get(client, "/blame?object=EnvoyResources word")["blame"]
    assert [each["name"] for each in one["blamed"]] == ["word"]
    get(client, "/blame?object=EnvoyResources%20shop/word")
    assert answers.asked[1] == ("EnvoyResources", "", "word")
    assert answers.asked[3] == ("EnvoyResources", "shop", "word")


def test_who_compares_is_told_what_objects_mean_here(client: TestClient) -> None:
    page = get(client, "/envoys")
    assert page["settings"] == {"l7mp_matching": "any"}
    assert page["envoys"][0]["labels"] == {"app": "edge"}


@pytest.fixture
def among_others(answers: Answers) -> TestClient:
    """The admin port of a replica that has two others, of which one is silent and one has the same Envoys."""

    async def others(path: str, name: str, params: Mapping[str, str]) -> ReplicaRecords:
        asked = "&".join(f"{key}={value}" for key, value in params.items())
        app = replicas_app(deliveries=counts, proxies=tuple, turned_away=tuple, inquiry=answers)
        page = TestClient(app, base_url="http://10.0.0.2:18003").get(f"{path}?{asked}").json()
        return ReplicaRecords(records={"10.0.0.2": tuple(page[name])}, silent=("10.0.0.3",))

    app = admin_app(
        proxies=tuple,
        problems=tuple,
        turned_away=tuple,
        bind="localhost",
        inquiry=answers,
        replica="pod-0",
        others=others,
    )
    return TestClient(app, base_url="http://localhost:18001")


def test_what_the_envoys_of_all_replicas_have_is_added_up(among_others: TestClient) -> None:
    page = get(among_others, "/blame?type=secret&name=word")
    assert page["replicas"] == {"asked": 3, "answered": 2, "silent": ["10.0.0.3"]}
    (found,) = page["blame"]
    assert (found["envoys"]["concerned"], found["envoys"]["accepted"], found["envoys"]["versions"]) == (4, 2, {"1": 2})
    assert found["envoys"]["behind"] == ["edge", "edge"]
    (one,) = get(among_others, "/blame?object=EnvoyResources shop/word")["blame"]
    assert [each["envoys"]["refused"] for each in one["blamed"]] == [2]


def test_the_envoys_of_all_replicas_are_told_together(among_others: TestClient) -> None:
    page = get(among_others, "/envoys")
    assert [(each["node"], each.get("replica")) for each in page["envoys"]] == [("edge", None), ("edge", "10.0.0.2")]
    assert page["replicas"]["answered"] == 2


def test_no_content_goes_over_the_internal_port(answers: Answers) -> None:
    """It is not kept from everybody as the admin port is."""
    app = replicas_app(deliveries=counts, proxies=tuple, turned_away=tuple, inquiry=answers)
    client = TestClient(app, base_url="http://10.0.0.2:18003")
    assert client.get("/resources").status_code == client.get("/objects").status_code == 404
    assert client.get("/sent?node=edge").status_code == 404
    text = client.get("/blame?object=EnvoyResources shop/word").text + client.get("/blame?type=secret&name=word").text
    assert "generic_secret" not in text
