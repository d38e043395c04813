from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2

from legation.api.management import requests
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from legation.sources.stored.names import name_faults

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"


def violations(refused: Refused) -> dict[str, str]:
    found = error_details_pb2.BadRequest()
    assert any(each.Unpack(found) for each in refused.status.details)
    return {each.field: each.description for each in found.field_violations}


def of_object(**body: Any) -> pb.Item:
    found = pb.Item()
    found.object.update(body)
    return found


def of_json(**json: Any) -> pb.Item:
    found = pb.Item()
    found.resource.json.update({"@type": CLUSTER, **json})
    return found


def one(item: pb.Item) -> requests.Given:
    return requests.given([item])[0]


def refusal(*items: pb.Item) -> dict[str, str]:
    with pytest.raises(Refused) as caught:
        requests.given(items)
    return violations(caught.value)


def test_an_object_is_taken_as_it_is() -> None:
    found = one(of_object(kind="Cluster", spec={"port": 1}))
    assert found.body == {"kind": "Cluster", "spec": {"port": 1}}
    assert found.field("spec.port") == "items[0].object.spec.port"
    assert found.field("") == "items[0].object"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"kind": "A", "large": 9007199254740993}', id="json"),
        pytest.param("kind: A\nlarge: 9007199254740993\n", id="yaml"),
        pytest.param("# a note\n---\nkind: A\nlarge: 9007199254740993\n", id="yaml with a head"),
        pytest.param('{"kind": "\\u0041", "large": 9007199254740993}', id="json with escapes"),
        pytest.param("{kind: A, large: 9007199254740993}", id="yaml in braces"),
    ],
)
def test_a_text_keeps_large_numbers(text: str) -> None:
    assert one(pb.Item(text=text)).body == {"kind": "A", "large": 9007199254740993}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param('{"kind": "A", "kind": "B"}', "twice", id="twice"),
        pytest.param('{"a": "\\ud800"}', "line 1", id="half a character"),
        pytest.param("[" * 5000 + "]" * 5000, "nested", id="deep"),
        pytest.param('{"a": ' * 5000 + "1" + "}" * 5000, "nested", id="deep maps"),
    ],
)
def test_what_json_should_not_say_is_refused(text: str, says: str) -> None:
    assert says in refusal(pb.Item(text=text))["items[0].text"]


def test_what_cannot_be_read_is_told_of_every_item() -> None:
    nothing = pb.Item()
    endless = pb.Item()
    endless.object.fields["n"].number_value = float("inf")
    found = refusal(pb.Item(text="kind: [A"), nothing, pb.Item(text="- a"), endless, pb.Item(resource=pb.RawResource()))
    assert list(found) == ["items[0].text", "items[1]", "items[2].text", "items[3].object.n", "items[4].resource"]
    assert found["items[0].text"].startswith("line ")


def test_none_and_too_many_are_refused() -> None:
    assert "items" in refusal()
    assert "send several" in refusal(*[pb.Item()] * (requests.MOST_ITEMS + 1))["items"]


def test_a_resource_becomes_an_object() -> None:
    item = of_json(name="web")
    item.resource.namespace = "shop"
    item.resource.workload_labels["tier"] = "front"
    found = one(item)
    assert found.body == {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "EnvoyResources",
        "metadata": {"name": "cluster-web", "namespace": "shop"},
        "spec": {
            "resources": [{"@type": CLUSTER, "name": "web"}],
            "workloadSelector": {"labels": {"tier": "front"}},
        },
    }
    assert found.field("spec.resources[0].lb_policy") == "items[0].resource.json.lb_policy"
    assert found.field("spec.resources[0]") == "items[0].resource.json"
    assert found.field("metadata.name") == "items[0].resource.object_name"
    assert found.field("spec.workloadSelector.labels.tier") == "items[0].resource.workload_labels.tier"


def test_a_message_becomes_its_json() -> None:
    packed = AnyMessage()
    packed.Pack(Cluster(name="web", connect_timeout=Duration(seconds=2)))
    found = one(pb.Item(resource=pb.RawResource(message=packed)))
    assert found.body["spec"]["resources"] == [{"@type": CLUSTER, "name": "web", "connect_timeout": "2s"}]


def test_a_message_that_cannot_be_read_is_refused() -> None:
    broken = AnyMessage(type_url=CLUSTER, value=b"\xff")
    unknown = AnyMessage(type_url="type.googleapis.com/some.Thing", value=b"")
    items = [pb.Item(resource=pb.RawResource(message=each)) for each in (broken, unknown)]
    assert list(refusal(*items)) == ["items[0].resource.message", "items[1].resource.message"]


def test_names_of_objects_are_such_that_kubernetes_takes_them_and_all_differ() -> None:
    names = ["web", "Web", "a/b", "a.b", "a_b", "x" * 300, "x" * 301, "outbound|80||web", "-", "ä", ""]
    found = [one(of_json(name=each)).body for each in names]
    assert len({each["metadata"]["name"] for each in found}) == len(names)
    assert not [fault for each in found for fault in name_faults(each)]
    # The same one has the same name every time.
    assert one(of_json(name="a/b")).body["metadata"] == found[2]["metadata"]
