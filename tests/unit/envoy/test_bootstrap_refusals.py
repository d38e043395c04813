"""What keeps Envoy from starting, though each part is right. All of it is tried in tests/envoy/test_validate.py."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import types
from legation.envoy.bootstrap_refusals import refusals
from legation.envoy.reader import read
from legation.model.objects import show_path

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ADS = {"ads_config": {"grpc_services": [{"envoy_grpc": {"cluster_name": "x"}}]}, "cds_config": {"ads": {}}}
BY_ADS = {"name": "x", "type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}
BY_FILE = {"name": "x", "type": "EDS", "eds_cluster_config": {"eds_config": {"path_config_source": {"path": "a"}}}}
X = {"name": "x", "type": "STATIC"}


def told(**json: Any) -> list[str]:
    message: Any = types.message_class("envoy.config.bootstrap.v3.Bootstrap")()
    _, findings = read(message, json)
    assert findings == []
    return [show_path(each.path) for each in refusals(message)]


def listener(action: dict[str, Any], **routes: Any) -> dict[str, Any]:
    hosts = [{"name": "a", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": action}]}]
    manager = {"@type": HCM, "route_config": {"virtual_hosts": hosts, **routes}}
    return {"filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}]}


def test_layers_have_names_of_their_own_and_one_is_for_the_admin() -> None:
    layers = [{"name": "a"}, {"name": "a"}, {"name": "b", "admin_layer": {}}, {"name": "c", "admin_layer": {}}]
    assert told(layered_runtime={"layers": layers}) == [
        "layered_runtime.layers[1]",
        "layered_runtime.layers[3].admin_layer",
    ]
    assert told(layered_runtime={"layers": layers[1:3]}) == []


def test_resource_monitors_have_names_of_their_own() -> None:
    typed = {"@type": "type.googleapis.com/envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig"}
    limit = {**typed, "max_heap_size_bytes": "1"}
    monitors = [{"name": each, "typed_config": limit} for each in ("a", "b", "a")]
    assert told(overload_manager={"resource_monitors": monitors}) == ["overload_manager.resource_monitors[2]"]


@pytest.mark.parametrize(
    ("clusters", "dynamic", "expected"),
    [
        ([X], ADS, []),
        ([], ADS, ["dynamic_resources.ads_config"]),
        ([BY_ADS], ADS, [
            "dynamic_resources.ads_config"
        ]),
        ([BY_FILE], ADS, []),
        ([], {"cds_config": {"api_config_source": {"cluster_names": ["x"]}}}, [
            "dynamic_resources.cds_config.api_config_source"
        ]),
        ([], {"ads_config": {"grpc_services": [{"google_grpc": {"target_uri": "a"}}]}}, []),
    ],
)  # fmt: skip
def test_a_control_plane_is_asked_through_a_cluster_that_is_there_first(
    clusters: list[Any], dynamic: dict[str, Any], expected: list[str]
) -> None:
    """With its endpoints: in a file they are there, too."""
    assert told(static_resources={"clusters": clusters}, dynamic_resources=dynamic) == expected


@pytest.mark.parametrize(
    ("action", "inside"),
    [
        ({"cluster": "gone"}, "cluster"),
        ({"weighted_clusters": {"clusters": [{"name": "x"}, {"name": "gone"}]}}, "weighted_clusters.clusters[1].name"),
        ({"cluster": "x", "request_mirror_policies": [{"cluster": "gone"}]}, "request_mirror_policies[0].cluster"),
    ],
)
def test_a_route_in_a_static_listener_goes_to_a_static_cluster(action: dict[str, Any], inside: str) -> None:
    """Even where clusters are asked for: listeners come first."""
    above = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0]"
    static = {"clusters": [X], "listeners": [listener(action)]}
    assert told(static_resources=static, dynamic_resources=ADS) == [f"{above}.routes[0].route.{inside}"]
    assert told(static_resources={"clusters": [X], "listeners": [listener(action, validate_clusters=False)]}) == []


def test_what_nobody_can_know_is_not_refused() -> None:
    """A cluster that a request names; one that is there; no cluster at all."""
    for action in ({"cluster_header": "x-cluster"}, {"cluster": "x"}, {}):
        assert told(static_resources={"clusters": [X], "listeners": [listener(action)]}) == []


def test_the_cluster_that_envoy_is_in_is_static() -> None:
    assert told(cluster_manager={"local_cluster_name": "x"}) == ["cluster_manager.local_cluster_name"]
    assert told(cluster_manager={"local_cluster_name": "x"}, static_resources={"clusters": [X]}) == []
