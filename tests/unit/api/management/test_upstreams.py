from __future__ import annotations

import pytest

from legation.api.management import upstreams
from legation.api.management.refused import Refused
from legation.management.v1 import management_pb2 as pb
from tests.unit.api.management.test_requests import violations


def test_what_is_said_is_in_the_manifest_and_nothing_else() -> None:
    request = pb.AddUpstreamRequest(name="next", hosts=[pb.Host(address="10.0.0.1", port=80)])
    assert upstreams.given(request).body == {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "Upstream",
        "metadata": {"name": "next"},
        "spec": {"hosts": [{"address": "10.0.0.1", "port": 80}]},
    }


def test_everything_is_in_its_place() -> None:
    request = pb.AddUpstreamRequest(
        name="next",
        namespace="shop",
        service=pb.ServicePort(name="web", port="80", namespace="others"),
        weight=20,
        base_weight=0,
        routes=[pb.RouteReference(configuration="all", virtual_host="a", route="b", cluster="c"), pb.RouteReference()],
        workload_labels={"tier": "front"},
    )
    request.cluster.update({"connect_timeout": "1s"})
    body = upstreams.given(request).body
    assert body["metadata"]["namespace"] == "shop"
    assert body["spec"] == {
        "service": {"name": "web", "port": 80, "namespace": "others"},
        "weight": 20,
        "baseWeight": 0,
        "routes": [{"configuration": "all", "virtualHost": "a", "name": "b", "cluster": "c"}, {}],
        "cluster": {"connect_timeout": "1s"},
        "workloadSelector": {"labels": {"tier": "front"}},
    }


def test_a_port_may_have_a_name() -> None:
    request = pb.AddUpstreamRequest(name="next", service=pb.ServicePort(name="web", port="http"))
    assert upstreams.given(request).body["spec"]["service"]["port"] == "http"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("spec.hosts[0].port", "hosts[0].port"),
        ("spec.baseWeight", "base_weight"),
        ("spec.routes[1].virtualHost", "routes[1].virtual_host"),
        ("spec.routes[1].name", "routes[1].route"),
        ("spec.routes[1].cluster", "routes[1].cluster"),
        ("spec.cluster.connect_timeout", "cluster.connect_timeout"),
        ("spec.workloadSelector.labels.tier", "workload_labels.tier"),
        ("metadata.name", "name"),
        ("spec", ""),
    ],
)
def test_fields_are_told_by_the_names_of_the_request(path: str, field: str) -> None:
    request = pb.AddUpstreamRequest(name="next", routes=[pb.RouteReference(), pb.RouteReference()])
    assert upstreams.given(request).field(path) == field


def test_a_name_is_needed_and_numbers_must_be_some() -> None:
    with pytest.raises(Refused) as caught:
        upstreams.given(pb.AddUpstreamRequest())
    assert "name" in violations(caught.value)
    request = pb.AddUpstreamRequest(name="next")
    request.cluster.fields["x"].number_value = float("nan")
    with pytest.raises(Refused) as caught:
        upstreams.given(request)
    assert "cluster.x" in violations(caught.value)
