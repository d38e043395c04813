"""What is kept of Pods: who the Envoy in each is, where it speaks from, and whether it may be sent traffic."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legation.model.cluster import Cluster, Pod, ReadyPod
from legation.sources.kubernetes.pods import PODS, PodReader, read_pod
from tests.unit.sources.kubernetes.api_objects import Told, metadata, pod, raw


def read(value: dict[str, Any]) -> Pod:
    return read_pod(raw(value)).pod


def ready(name: str = "edge-1", *addresses: str, is_ready: bool = True, **more: Any) -> dict[str, Any]:
    """A Pod that serves, or one that will."""
    found = pod(name, *(addresses or ("10.0.0.1",)), **more)
    found["status"]["conditions"] = [
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "True" if is_ready else "False", "reason": "x"},
    ]
    return found


def tell(told: Told, number: int, *, is_ready: bool, namespace: str = "shop") -> bool:
    """Tell of one of many Pods."""
    name, address = f"edge-{number:05}", f"10.0.{number // 256}.{number % 256}"
    return told.put("Pod", ready(name, address, namespace=namespace, is_ready=is_ready))


def test_what_matching_needs_is_kept_and_no_more() -> None:
    found = read(pod("edge-1", "10.0.0.1", labels={"app": "edge", "pod-template-hash": "x"}))
    assert found == Pod(
        namespace="shop",
        name="edge-1",
        uid="uid-of-edge-1",
        labels=frozenset({("app", "edge"), ("pod-template-hash", "x")}),
        addresses=frozenset({"10.0.0.1"}),
    )


def test_the_service_account_is_kept_for_proofs() -> None:
    found = pod("edge-1", "10.0.0.1")
    found["spec"] = {"serviceAccountName": "edge", "containers": []}
    assert read(found).service_account == "edge"
    assert read(pod("edge-1", "10.0.0.1")).service_account == ""


def test_every_address_is_kept_in_its_one_spelling() -> None:
    found = read(pod("edge-1", "10.0.0.1", "FD00:0:0::1", "::ffff:10.0.0.3"))
    assert found.addresses == {"10.0.0.1", "fd00::1", "10.0.0.3"}


@pytest.mark.parametrize(
    "status", [{}, {"podIP": "", "podIPs": None}, {"podIPs": []}, {"phase": "Pending"}, {"podIP": "not one"}]
)
def test_a_pod_without_an_address_has_none(status: dict[str, Any]) -> None:
    assert read({"metadata": metadata("edge-1"), "status": status}).addresses == frozenset()
    assert read({"metadata": metadata("edge-1", labels=None)}).labels == frozenset()


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_speaks_from_nowhere(phase: str) -> None:
    """Its addresses stand in its status for ever, and another Pod has them by now."""
    assert read(pod("edge-1", "10.0.0.1", phase=phase)).addresses == frozenset()


def test_what_is_no_pod_is_not_read() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"`\$\.metadata\.labels\[\.\.\.\]`"):
        read(pod("edge-1", labels={"app": 3}))


def test_pods_are_watched_in_the_namespaces_that_are_read_without_a_selector() -> None:
    (watched,) = PodReader(namespaces=("shop", "bank")).watched
    assert (watched.kind, watched.namespaces) == (PODS, ("shop", "bank"))
    assert (watched.label_selector, watched.field_selector) == ("", "")


def test_each_pod_stands_under_its_two_node_ids() -> None:
    reader = PodReader()
    assert Told(reader).put("Pod", pod("edge-1", "10.0.0.1"), pod("web.v2", "10.0.0.2"))
    pods = reader.apply(Cluster()).pods
    assert pods.keys() == {"edge-1.shop", "uid-of-edge-1", "web.v2.shop", "uid-of-web.v2"}
    assert pods["edge-1.shop"] is pods["uid-of-edge-1"]


def test_a_change_of_its_conditions_is_none() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    before = reader.apply(Cluster()).pods
    changed = pod("edge-1", "10.0.0.1", resourceVersion="8")
    changed["status"]["conditions"] += [{"type": "PodScheduled", "status": "True"}]
    assert not told.put("Pod", changed)
    assert reader.apply(Cluster()).pods["edge-1.shop"] is before["edge-1.shop"]
    assert told.put("Pod", pod("edge-1", "10.0.0.1", labels={"app": "edge"}))
    assert before["edge-1.shop"].labels == frozenset()


def test_a_pod_that_is_gone_is_known_under_neither_id() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"), pod("edge-2", "10.0.0.2"))
    assert told.gone("Pod", "edge-1")
    assert reader.apply(Cluster()).pods.keys() == {"edge-2.shop", "uid-of-edge-2"}
    assert not told.gone("Pod", "never-read")


def test_a_pod_that_is_made_anew_under_its_name_has_another_uid() -> None:
    """A watch tells first that the old one is gone."""
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    told.gone("Pod", "edge-1")
    told.put("Pod", pod("edge-1", "10.0.0.9", uid="again"))
    assert reader.apply(Cluster()).pods.keys() == {"edge-1.shop", "again"}


def test_a_pod_that_was_made_anew_while_nobody_watched_is_not_known_under_its_old_uid() -> None:
    """A list tells only of the new one."""
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    assert told.put("Pod", pod("edge-1", "10.0.0.1", uid="again"))
    assert reader.apply(Cluster()).pods.keys() == {"edge-1.shop", "again"}
    assert told.gone("Pod", "edge-1")
    assert reader.apply(Cluster()).pods == {}


# ------------------------------------------------------------------------------------------------------------ ready


def test_what_is_kept_of_a_pod_that_serves() -> None:
    found = read_pod(raw(ready("edge-1", "FD00:0::1", "10.0.0.1", labels={"app": "edge"}))).ready
    assert found == ReadyPod(name="edge-1", labels=frozenset({("app", "edge")}), address="fd00::1")


@pytest.mark.parametrize(
    "value",
    [
        ready(is_ready=False),
        pod("edge-1"),
        ready(deletionTimestamp="2030-01-01T00:00:00Z"),
        ready(phase="Succeeded"),
        ready(phase="Failed"),
        {"metadata": metadata("edge-1"), "status": {"podIP": "10.0.0.1", "conditions": None}},
        {"metadata": metadata("edge-1"), "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready"}]}},
        {"metadata": metadata("edge-1")},
    ],
    ids=["not ready", "no address", "terminating", "succeeded", "failed", "no conditions", "no status", "new"],
)
def test_a_pod_that_does_not_serve(value: dict[str, Any]) -> None:
    assert read_pod(raw(value)).ready is None


def test_ready_pods_stand_by_namespace_and_name() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", ready("b"), ready("a"), ready("c", is_ready=False), ready("d", namespace="bank"))
    found = reader.apply(Cluster()).ready
    assert {name: [each.name for each in pods] for name, pods in found.items()} == {"shop": ["a", "b"], "bank": ["d"]}
    assert told.gone("Pod", "d", "bank")
    assert reader.apply(Cluster()).ready.keys() == {"shop"}


@pytest.mark.parametrize("becomes", [{"is_ready": False}, {"deletionTimestamp": "2030-01-01T00:00:00Z"}])
def test_readiness_moves_no_client(becomes: dict[str, Any]) -> None:
    """Who is where is looked at when the Pods are another object: that happens far less often."""
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", ready("edge-1"), ready("edge-2", "10.0.0.2"), ready("edge-3", namespace="bank"))
    before = reader.apply(Cluster())
    assert told.put("Pod", ready("edge-1", **becomes))
    after = reader.apply(Cluster())
    assert after.pods is before.pods
    assert after.ready is not before.ready
    assert [each.name for each in after.ready["shop"]] == ["edge-2"]
    assert after.ready["shop"][0] is before.ready["shop"][1]
    assert after.ready["bank"] is before.ready["bank"]
    assert len(before.ready["shop"]) == 2


def test_a_pod_without_traffic_that_moves_leaves_those_that_serve_as_they_are() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", ready("edge-1"), ready("edge-2", is_ready=False))
    before = reader.apply(Cluster())
    assert told.put("Pod", ready("edge-2", "10.0.0.9", is_ready=False))
    after = reader.apply(Cluster())
    assert after.ready is before.ready
    assert after.pods is not before.pods


def test_who_was_unready_for_a_moment_that_nobody_saw_is_no_news() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", ready("edge-1"))
    before = reader.apply(Cluster())
    assert told.put("Pod", ready("edge-1", is_ready=False))
    told.put("Pod", ready("edge-1"))
    after = reader.apply(Cluster())
    assert (after.ready, after.pods) == (before.ready, before.pods)
    assert after.ready is before.ready
    assert after.pods is before.pods


def test_of_many_pods_the_namespace_of_the_one_that_changed_is_looked_at() -> None:
    reader = PodReader()
    told = Told(reader)
    for number in range(2000):
        tell(told, number, is_ready=True, namespace=f"shop-{number % 20}")
    before = reader.apply(Cluster())
    assert not tell(told, 7, is_ready=True, namespace="shop-7")
    assert reader.apply(Cluster()).ready is before.ready
    assert tell(told, 7, is_ready=False, namespace="shop-7")
    after = reader.apply(Cluster())
    assert after.pods is before.pods
    assert [name for name, pods in after.ready.items() if pods is not before.ready[name]] == ["shop-7"]
    assert len(after.ready["shop-7"]) == 99


def test_a_pod_that_is_gone_serves_no_more() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", ready("edge-1"))
    told.gone("Pod", "edge-1")
    told.put("Pod", ready("edge-1", "10.0.0.9", uid="again"))
    assert [each.address for each in reader.apply(Cluster()).ready["shop"]] == ["10.0.0.9"]
    told.gone("Pod", "edge-1")
    assert reader.apply(Cluster()).ready == {}


@pytest.mark.parametrize(
    ("volume", "wants"),
    [
        ({"name": "a", "configMap": {"name": "legation-ca"}}, True),
        ({"name": "a", "projected": {"sources": [{"secret": {}}, {"configMap": {"name": "legation-ca"}}]}}, True),
        ({"name": "legation-ca", "projected": {"sources": [{"configMap": {"name": "other"}}]}}, False),
        ({"name": "legation-ca", "emptyDir": {}}, False),
    ],
)
@pytest.mark.parametrize(("phase", "goes_on"), [("Pending", True), ("Succeeded", False)])
def test_who_wants_to_know_whom_to_trust_is_seen_by_its_volumes(
    volume: dict[str, object], phase: str, *, wants: bool, goes_on: bool
) -> None:
    value = {**pod("edge-1"), "spec": {"volumes": [volume]}, "status": {"phase": phase}}
    assert read_pod(raw(value), authority="legation-ca").pod.wants_authority is (wants and goes_on)
    assert not read_pod(raw(value)).pod.wants_authority
