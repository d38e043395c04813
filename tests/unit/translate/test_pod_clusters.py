"""Clusters with Pods and DNS names: whole, and made anew with the Pods."""

from __future__ import annotations

from legation.envoy import codec
from tests.unit.translate.pipes import CLUSTER_PATH, at, cluster, json_of, listener, of, pod, translated

NAME = "tcp-echo.default.svc"


def test_a_name_beside_pods_makes_the_cluster_one_of_pods() -> None:
    """Envoy resolves the name, so it has to be told the Pods with the cluster."""
    translation = translated(listener(cluster=cluster(endpoints=[of(), at(NAME)])))
    assert not json_of(translation, "Cluster")
    (selection,) = translation.selections
    for pods in ((), (pod("10.0.0.1"), pod("10.0.0.2"))):
        draft = selection.draft([pods])
        assert draft.json["type"] == "STRICT_DNS"
        assert draft.path == CLUSTER_PATH
        hosts = [each["endpoint"]["address"] for each in draft.json["load_assignment"]["endpoints"][0]["lb_endpoints"]]
        assert [each["socket_address"]["address"] for each in hosts] == [*(each.address for each in pods), NAME]
        assert not codec.encode(draft.json, origin=None).findings


def test_what_that_costs_is_said() -> None:
    (selection,) = translated(listener(cluster=cluster(endpoints=[of(), at(NAME)]))).selections
    assert [each.code for each in selection.problems([(pod("10.0.0.1"),)])] == ["pods-beside-names"]
    assert [each.code for each in selection.problems([()])] == ["pods-beside-names", "no-ready-pods"]
