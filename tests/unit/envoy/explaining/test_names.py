"""From what a person writes to the type or field that is meant."""

from __future__ import annotations

import pytest

from legation.envoy.explaining.names import UnknownName, find, is_envoys

CLUSTER = "envoy.config.cluster.v3.Cluster"
HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"


def meant(name: str) -> str:
    found = find(name)
    return str((found.field or found.descriptor).full_name)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("cluster", CLUSTER),
        ("Cluster", CLUSTER),
        (CLUSTER, CLUSTER),
        ("cluster.connect_timeout", f"{CLUSTER}.connect_timeout"),
        ("Cluster.connectTimeout", f"{CLUSTER}.connect_timeout"),
        ("Cluster.outlier_detection.consecutive_5xx", "envoy.config.cluster.v3.OutlierDetection.consecutive_5xx"),
        ("Cluster.LbPolicy", f"{CLUSTER}.LbPolicy"),
        ("Cluster.lb_policy", f"{CLUSTER}.lb_policy"),
        ("Cluster.EdsClusterConfig.service_name", f"{CLUSTER}.EdsClusterConfig.service_name"),
        ("HttpConnectionManager", HCM),
        ("http_connection_manager.route_config", f"{HCM}.route_config"),
        (f"{HCM}.route_config", f"{HCM}.route_config"),
        ("listener.filter_chains[].filters.name", "envoy.config.listener.v3.Filter.name"),
        ("Router", "envoy.extensions.filters.http.router.v3.Router"),
        ("Route.match", "envoy.config.route.v3.Route.match"),
        ("Bootstrap.static_resources.clusters.name", f"{CLUSTER}.name"),
        ("TypedStruct", "xds.type.v3.TypedStruct"),
    ],
)
def test_a_name_means_what_most_people_mean(name: str, full: str) -> None:
    """A short name, a full one; fields in either spelling, and through lists."""
    assert meant(name) == full


@pytest.mark.parametrize(
    ("name", "candidate"),
    [
        ("cluster.conect_timeout", f"{CLUSTER}.connect_timeout"),
        ("Clutser", CLUSTER),
        ("Clutser.name", CLUSTER),
        ("HttpConectionManager", HCM),
        ("envoy.config.cluster.v3.Clustr", CLUSTER),
    ],
)
def test_a_slip_is_told_with_what_was_meant(name: str, candidate: str) -> None:
    """The nearest name first."""
    with pytest.raises(UnknownName) as unknown:
        find(name)
    assert unknown.value.candidates[0] == candidate


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "no name"),
        ("cluster.name.more", "holds no fields"),
        ("listener.filter_chains.filters.typed_config.route_config", "holds any type"),
        ("quite_something_else", "there is no type"),
    ],
)
def test_what_leads_nowhere_is_said_in_words(name: str, words: str) -> None:
    """No field below a value; what an Any holds nobody knows."""
    with pytest.raises(UnknownName, match=words):
        find(name)


def test_of_many_types_of_one_name_the_others_are_told() -> None:
    """Where none is likelier than the others, all are."""
    assert "envoy.extensions.filters.network.thrift_proxy.router.v3.Router" in find("Router").others
    with pytest.raises(UnknownName) as unknown:
        find("Config")
    assert len(unknown.value.candidates) > 1


def test_a_full_name_is_one_of_envoys() -> None:
    """Whatever kinds there are."""
    assert is_envoys(CLUSTER)
    assert not is_envoys("Cluster.spec")
