"""What is kept of Pods: who the Envoy in each is, and where it speaks from."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from legation.model.cluster import Pod
from legation.sources.kubernetes.pods import PODS, PodReader, read_pod
from tests.unit.sources.kubernetes.api_objects import Told, metadata, pod, raw


def read(value: dict[str, Any]) -> Pod:
    return read_pod(raw(value))


def test_what_matching_needs_is_kept_and_no_more() -> None:
    found = read(pod("edge-1", "10.0.0.1", labels={"app": "edge", "pod-template-hash": "x"}))
    assert found == Pod(
        namespace="shop",
        name="edge-1",
        uid="uid-of-edge-1",
        labels=frozenset({("app", "edge"), ("pod-template-hash", "x")}),
        addresses=frozenset({"10.0.0.1"}),
    )


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
    pods = reader.value()
    assert pods.keys() == {"edge-1.shop", "uid-of-edge-1", "web.v2.shop", "uid-of-web.v2"}
    assert pods["edge-1.shop"] is pods["uid-of-edge-1"]


def test_a_change_of_its_conditions_is_none() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    before = reader.value()
    changed = pod("edge-1", "10.0.0.1", resourceVersion="8")
    changed["status"]["conditions"] = []
    assert not told.put("Pod", changed)
    assert reader.value()["edge-1.shop"] is before["edge-1.shop"]
    assert told.put("Pod", pod("edge-1", "10.0.0.1", labels={"app": "edge"}))
    assert before["edge-1.shop"].labels == frozenset()


def test_a_pod_that_is_gone_is_known_under_neither_id() -> None:
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"), pod("edge-2", "10.0.0.2"))
    assert told.gone("Pod", "edge-1")
    assert reader.value().keys() == {"edge-2.shop", "uid-of-edge-2"}
    assert not told.gone("Pod", "never-read")


def test_a_pod_that_is_made_anew_under_its_name_has_another_uid() -> None:
    """A watch tells first that the old one is gone."""
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    told.gone("Pod", "edge-1")
    told.put("Pod", pod("edge-1", "10.0.0.9", uid="again"))
    assert reader.value().keys() == {"edge-1.shop", "again"}


def test_a_pod_that_was_made_anew_while_nobody_watched_is_not_known_under_its_old_uid() -> None:
    """A list tells only of the new one."""
    reader = PodReader()
    told = Told(reader)
    told.put("Pod", pod("edge-1", "10.0.0.1"))
    assert told.put("Pod", pod("edge-1", "10.0.0.1", uid="again"))
    assert reader.value().keys() == {"edge-1.shop", "again"}
    assert told.gone("Pod", "edge-1")
    assert reader.value() == {}
