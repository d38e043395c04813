"""Upstreams: what is made of them, and every mistake told."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy import codec
from legation.model.node import Scope
from legation.model.objects import ManifestObject
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from legation.runtime.read import read
from legation.translate.shares import RoutePick, Share
from legation.translate.upstream import AMENDER, STEP
from tests.manifests import manifest
from tests.unit.translate.upstreams import HOSTS, upstream

LABELS = frozenset({("app", "edge")})


def drafts(object_: ManifestObject) -> list[Any]:
    """Return what an Upstream without problems makes; its codec takes it too."""
    found = STEP.translate(object_)
    assert found.problems == ()
    assert read(object_).problems == ()
    return [each.json for each in found.drafts]


def faults(object_: ManifestObject) -> list[tuple[str, tuple[Any, ...]]]:
    """Return code and path below spec of all that breaks an Upstream."""
    found = STEP.translate(object_)
    assert (found.drafts, found.notes) == ((), ())
    return [(each.code, each.path[1:]) for each in found.problems if each.level is Level.ERROR]


def socket(address: str, port: int = 8080, **more: Any) -> dict[str, Any]:
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}, **more}


def test_addresses_are_a_cluster_that_asks_for_them_and_their_assignment() -> None:
    hosts = [{"address": "10.0.0.1", "port": 8080}, {"address": "2001:DB8:0::1", "port": 8080}]
    cluster, assignment = drafts(upstream("v2", hosts=hosts))
    assert cluster == {
        "@type": CLUSTER.url,
        "name": "v2",
        "type": "EDS",
        "eds_cluster_config": {"eds_config": {"ads": {}, "resource_api_version": "V3"}},
    }
    assert assignment == {
        "@type": CLUSTER_LOAD_ASSIGNMENT.url,
        "cluster_name": "v2",
        "endpoints": [{"lb_endpoints": [socket("10.0.0.1"), socket("2001:db8::1")]}],
    }


def test_other_hosts_leave_the_cluster_as_it_is() -> None:
    """So nothing but endpoints is sent."""
    one, two = (drafts(upstream(hosts=HOSTS[:1] + more)) for more in ([], [{"address": "::1", "port": 1}]))
    assert (one[0] == two[0], one[1] == two[1]) == (True, False)


def test_a_dns_name_has_envoy_resolve_all() -> None:
    (cluster,) = drafts(upstream("v2", hosts=[*HOSTS, {"address": "v2.example.com", "port": 80}]))
    inline = {"cluster_name": "v2", "endpoints": [{"lb_endpoints": [socket("10.0.0.1"), socket("v2.example.com", 80)]}]}
    assert cluster == {"@type": CLUSTER.url, "name": "v2", "type": "STRICT_DNS", "load_assignment": inline}


def test_hosts_weigh_one_where_others_have_a_weight() -> None:
    _, assignment = drafts(upstream(hosts=[{**HOSTS[0], "weight": 3}, {"address": "10.0.0.2", "port": 1}]))
    (locality,) = assignment["endpoints"]
    assert [each["load_balancing_weight"] for each in locality["lb_endpoints"]] == [3, 1]


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ({"name": "reviews", "port": "http"}, "shop/reviews:http"),
        ({"name": "reviews", "port": 80}, "shop/reviews:80"),
        ({"name": "reviews", "port": "80", "namespace": "bank"}, "bank/reviews:80"),
    ],
)
def test_a_service_is_asked_for_by_its_name(service: Any, name: str) -> None:
    (cluster,) = drafts(upstream(namespace="shop", service=service))
    assert (cluster["type"], cluster["eds_cluster_config"]["service_name"]) == ("EDS", name)


def test_the_selector_says_who_gets_all_of_it() -> None:
    found = STEP.translate(upstream(workloadSelector={"labels": {"app": "edge"}}, weight=1, routes=[{"name": "r"}]))
    assert {each.scope for each in found.drafts} == {Scope(namespace="default", labels=LABELS)}
    (share,) = found.notes
    assert isinstance(share, Share)
    assert share.scope == Scope(namespace="default", labels=LABELS)


def test_a_share_is_said_of_routes() -> None:
    routes = [{"configuration": "a", "virtualHost": "b"}, {"name": "c", "cluster": "d", "configuration": ""}]
    found = STEP.translate(upstream("v2", weight=20, routes=routes))
    picks = (RoutePick(configuration="a", virtual_host="b"), RoutePick(route="c", cluster="d"))
    scope = Scope(namespace="default")
    assert found.notes == (Share(cluster="v2", scope=scope, weight=20, base_weight=100, picks=picks),)
    (share,) = STEP.translate(upstream(weight=1, baseWeight=0, routes=routes)).notes
    assert isinstance(share, Share)
    assert share.base_weight == 0


@pytest.mark.parametrize("spec", [{}, {"weight": 5}, {"routes": [{"name": "a"}]}, {"weight": 0, "routes": []}])
def test_without_weight_or_routes_there_is_the_cluster_alone(spec: Any) -> None:
    found = STEP.translate(upstream(**spec))
    assert (len(found.drafts), found.notes, found.problems) == (2, (), ())


def test_no_hosts_are_a_warning() -> None:
    found = STEP.translate(upstream(hosts=[]))
    assert [(each.code, each.level) for each in found.problems] == [("upstream-without-hosts", Level.WARNING)]
    assert found.drafts[1].json["endpoints"] == []
    assert not STEP.translate(upstream(hosts=[], cluster={"type": "STATIC"})).problems


@pytest.mark.parametrize(
    ("spec", "shares"),
    [
        ({"hosts": []}, False),
        ({"hosts": [], "cluster": {"type": "STRICT_DNS"}}, False),
        ({"hosts": [], "cluster": {"loadAssignment": {"policy": {}}}}, False),
        ({"cluster": {"load_assignment": {"endpoints": []}}}, False),
        ({"hosts": [], "cluster": {"load_assignment": {"endpoints": [{}]}}}, True),
        ({"cluster": {"load_assignment": {"endpoints": [{}]}}}, True),
        ({"cluster": {"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}}, True),
        ({"cluster": {"edsClusterConfig": {}}}, True),
        ({"service": {"name": "a", "port": 1}}, True),
    ],
    ids=str,
)
def test_an_upstream_that_has_no_hosts_says_nothing_of_routes(spec: Any, *, shares: bool) -> None:
    found = STEP.translate(upstream(weight=1, routes=[{"name": "r"}], **spec))
    assert bool(found.notes) == shares
    told = [each.message for each in found.problems]
    assert told == ([] if shares else ["there are no hosts, so it takes no share, and every request to it fails"])


def test_what_is_said_of_the_cluster_is_merged_over_what_is_made() -> None:
    over = {
        "connectTimeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "eds_cluster_config": {"serviceName": "x"},
        "type": None,
    }
    cluster, assignment = drafts(upstream(hosts=HOSTS, cluster=over))
    assert (cluster["connectTimeout"], cluster["lb_policy"], cluster["type"]) == ("1s", "LEAST_REQUEST", "EDS")
    assert cluster["eds_cluster_config"] == {
        "eds_config": {"ads": {}, "resource_api_version": "V3"},
        "serviceName": "x",
    }
    assert assignment["cluster_name"] == "x"


def test_another_source_of_endpoints_stands_in_place_of_ours() -> None:
    source = {"path_config_source": {"path": "/eds.yaml"}}
    (cluster,) = drafts(upstream(cluster={"edsClusterConfig": {"edsConfig": source}}))
    assert (cluster["type"], cluster["edsClusterConfig"]) == ("EDS", {"edsConfig": source})


@pytest.mark.parametrize("given", ["STATIC", 0])
def test_addresses_of_a_static_cluster_stand_in_it(given: Any) -> None:
    (cluster,) = drafts(upstream("v2", hosts=HOSTS, cluster={"type": given}))
    assert cluster["load_assignment"] == {"cluster_name": "v2", "endpoints": [{"lb_endpoints": [socket("10.0.0.1")]}]}


def test_an_assignment_of_ones_own_is_merged_over_the_hosts() -> None:
    own = {"policy": {"overprovisioning_factor": 100}}
    (cluster,) = drafts(upstream("v2", hosts=HOSTS, cluster={"loadAssignment": own}))
    assert (cluster["type"], cluster["loadAssignment"]["policy"]) == ("STATIC", own["policy"])
    assert cluster["loadAssignment"]["endpoints"] == [{"lb_endpoints": [socket("10.0.0.1")]}]
    endpoints = [{"lb_endpoints": [socket("10.0.0.9")]}]
    (alone,) = drafts(upstream("v2", cluster={"load_assignment": {"endpoints": endpoints}}))
    assert alone["load_assignment"] == {"cluster_name": "v2", "endpoints": endpoints}


def test_a_cluster_of_an_extension_has_no_type() -> None:
    typed = {"@type": "type.googleapis.com/envoy.extensions.clusters.dns.v3.DnsCluster"}
    over = {"cluster_type": {"name": "envoy.cluster.dns", "typed_config": typed}}
    (cluster,) = drafts(upstream("v2", hosts=[{"address": "a.example.com", "port": 80}], cluster=over))
    assert "type" not in cluster
    assert cluster["load_assignment"]["endpoints"] == [{"lb_endpoints": [socket("a.example.com", 80)]}]
    assert codec.encode(cluster, origin=None).resource is not None


def test_a_mistake_in_what_is_said_of_the_cluster_is_told_where_it_stands() -> None:
    (problem,) = read(upstream(hosts=HOSTS, cluster={"conect_timeout": "1s"})).problems
    assert problem.path == ("spec", "cluster", "conect_timeout")


NAME = {"address": "a.example.com", "port": 80}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"cluster": {}}, ()),
        ({"hosts": HOSTS, "service": {"name": "a", "port": 1}}, ()),
        ({"hosts": {}}, ("hosts",)),
        ({"hosts": ["10.0.0.1"]}, ("hosts", 0)),
        ({"hosts": [{"port": 1}]}, ("hosts", 0)),
        ({"hosts": [{"address": "", "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": 10, "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": "[::1]", "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": "fe80::1%eth0", "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": "10.0.0.256", "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": "10.0.0.1:80", "port": 1}]}, ("hosts", 0, "address")),
        ({"hosts": [{"address": "10.0.0.1"}]}, ("hosts", 0)),
        ({"hosts": [{"address": "10.0.0.1", "port": 0}]}, ("hosts", 0, "port")),
        ({"hosts": [{"address": "10.0.0.1", "port": 65536}]}, ("hosts", 0, "port")),
        ({"hosts": [{"address": "10.0.0.1", "port": "80"}]}, ("hosts", 0, "port")),
        ({"hosts": [{**HOSTS[0], "weight": 0}]}, ("hosts", 0, "weight")),
        ({"hosts": [{"address": "::1", "port": 1}, {"address": "0:0::1", "port": 1}]}, ("hosts", 1)),
        ({"service": "reviews"}, ("service",)),
        ({"service": {"name": "a"}}, ("service",)),
        ({"service": {"name": "A", "port": 1}}, ("service", "name")),
        ({"service": {"name": "a", "port": "Http"}}, ("service", "port")),
        ({"service": {"name": "a", "port": 0}}, ("service", "port")),
        ({"service": {"name": "a", "port": True}}, ("service", "port")),
        ({"service": {"name": "a", "port": 1, "namespace": "a/b"}}, ("service", "namespace")),
        ({"weight": -1}, ("weight",)),
        ({"weight": 0.5}, ("weight",)),
        ({"weight": 1_000_001}, ("weight",)),
        ({"baseWeight": "100"}, ("baseWeight",)),
        ({"routes": "all"}, ("routes",)),
        ({"routes": [{}]}, ("routes", 0)),
        ({"routes": [{"name": ""}]}, ("routes", 0)),
        ({"routes": [{"name": 1}]}, ("routes", 0, "name")),
        ({"routes": ["r"]}, ("routes", 0)),
        ({"hosts": HOSTS, "cluster": []}, ("cluster",)),
        ({"hosts": HOSTS, "cluster": {"name": "v2"}}, ("cluster", "name")),
        ({"hosts": HOSTS, "cluster": {"@type": LISTENER.url}}, ("cluster", "@type")),
        ({"hosts": [NAME], "cluster": {"type": "STATIC"}}, ("hosts", 0, "address")),
        ({"hosts": [NAME], "cluster": {"type": "EDS"}}, ("hosts", 0, "address")),
        ({"hosts": HOSTS, "cluster": {"type": "ORIGINAL_DST"}}, ("hosts",)),
        ({"hosts": [*HOSTS, NAME], "cluster": {"type": "LOGICAL_DNS"}}, ("hosts",)),
        ({"hosts": HOSTS, "cluster": {"type": "EDS", "loadAssignment": {}}}, ("cluster", "loadAssignment")),
        ({"service": {"name": "a", "port": 1}, "cluster": {"type": "STATIC"}}, ("cluster", "type")),
        ({"workloadSelector": []}, ("workloadSelector",)),
        ({"wieght": 1}, ("wieght",)),
        ({"hosts": [{**HOSTS[0], "wight": 1}]}, ("hosts", 0, "wight")),
        ({"routes": [{"name": "a", "virtual_host": "b"}]}, ("routes", 0, "virtual_host")),
    ],
    ids=str,
)
def test_each_mistake_is_told_where_it_stands(spec: Any, path: tuple[Any, ...]) -> None:
    assert [each for _, each in faults(upstream(**spec))] == [path]


def test_an_original_destination_needs_no_hosts() -> None:
    (cluster,) = drafts(upstream(cluster={"type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}))
    assert cluster["type"] == "ORIGINAL_DST"


def test_nothing_but_this_version_with_a_spec_is_understood() -> None:
    assert faults(manifest("Upstream", api_version="legation.dev/v2", spec={})) == [("unknown-version", ())]
    assert faults(manifest("Upstream", api_version="legation.dev/v1alpha1")) == [("no-spec", ())]


def test_an_upstream_may_hold_clusters_and_assignments_and_speak_of_routes() -> None:
    assert STEP.may_hold(upstream()) == {CLUSTER, CLUSTER_LOAD_ASSIGNMENT}
    assert ROUTE_CONFIGURATION in AMENDER.rows
    assert AMENDER.plan([]) is None
