"""EnvoyMachine behaves as the real one was seen to behave."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from legation.model.resource import Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    RUNTIME,
    ResourceType,
)
from legation.protocol.messages import DeltaResponse, Response, SotwRequest, SotwResponse
from legation.testing import EnvoyMachine, Fault, Said
from tests.small_world import cluster, endpoints, listener, resource, route, static_cluster

variants = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])


def response(
    row: ResourceType,
    resources: Iterable[Resource] = (),
    *,
    nonce: str,
    delta: bool,
    removed: tuple[str, ...] = (),
) -> Response:
    """Return a response whose version is `v<nonce>`."""
    listed = tuple(resources)
    if delta:
        return DeltaResponse(type=row, version=f"v{nonce}", nonce=nonce, listed=listed, removed=removed)
    return SotwResponse(type=row, version=f"v{nonce}", nonce=nonce, listed=listed)


def show(said: Iterable[Said]) -> list[str]:
    """Return what was said in short: `Cluster * version=v1 nonce=1`, `Cluster +a -b nonce=-`."""
    return [_show(each) for each in said]


def _show(said: Said) -> str:
    request = said.request
    if request is None:
        return f"close {said.stream}"
    if isinstance(request, SotwRequest):
        what = f"{','.join(request.names) or '*'} version={request.version or '-'}"
    else:
        signs = [f"+{name}" for name in request.subscribe] + [f"-{name}" for name in request.unsubscribe]
        signs += [f"has {name}@{version}" for name, version in request.initial_versions.items()]
        what = " ".join(signs) or "."
    error = f" error={request.error}" if request.error is not None else ""
    return f"{request.type.name} {what} nonce={request.nonce or '-'}{error}"


def started(*, delta: bool, **options: object) -> EnvoyMachine:
    """Return an Envoy that serves listener l, route r and cluster a, and has answered everything."""
    envoy = EnvoyMachine(delta=delta, **options)  # type: ignore[arg-type] # handed on as they are
    envoy.connect()
    envoy.receive(response(CLUSTER, [cluster("a")], nonce="1", delta=delta))
    envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="2", delta=delta))
    envoy.receive(response(LISTENER, [listener("l", routes="r")], nonce="3", delta=delta))
    envoy.receive(response(ROUTE_CONFIGURATION, [route("r", clusters="a")], nonce="4", delta=delta))
    assert envoy.holds(LISTENER) == {"l": "1"}
    assert not envoy.serving_violations()
    return envoy


def test_sotw_start_asks_for_clusters_endpoints_listeners_routes_in_turn() -> None:
    envoy = EnvoyMachine()
    assert show(envoy.connect()) == ["Cluster * version=- nonce=-"]
    assert show(envoy.receive(response(CLUSTER, [cluster("a")], nonce="1", delta=False))) == [
        "ClusterLoadAssignment a version=- nonce=-",
        "Cluster * version=v1 nonce=1",
    ]
    assert envoy.holds(CLUSTER) == {}
    assert envoy.warming(CLUSTER) == {"a": "1"}
    assert show(envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="2", delta=False))) == [
        "Listener * version=- nonce=-",
        "ClusterLoadAssignment a version=v2 nonce=2",
    ]
    assert show(envoy.receive(response(LISTENER, [listener("l", routes="r")], nonce="3", delta=False))) == [
        "RouteConfiguration r version=- nonce=-",
        "Listener * version=v3 nonce=3",
    ]
    assert envoy.warming(LISTENER) == {"l": "1"}
    assert show(envoy.receive(response(ROUTE_CONFIGURATION, [route("r")], nonce="4", delta=False))) == [
        "RouteConfiguration r version=v4 nonce=4"
    ]
    assert envoy.holds(LISTENER) == {"l": "1"}


def test_sotw_changed_cluster_asks_for_its_endpoints_again_and_the_ack_waits_for_them() -> None:
    envoy = started(delta=False)
    assert show(envoy.receive(response(CLUSTER, [cluster("a", 2)], nonce="5", delta=False))) == [
        "ClusterLoadAssignment a version=v2 nonce=2"
    ]
    assert envoy.holds(CLUSTER) == {"a": "1"}
    assert show(envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="6", delta=False))) == [
        "Cluster * version=v5 nonce=5",
        "ClusterLoadAssignment a version=v6 nonce=6",
    ]
    assert envoy.holds(CLUSTER) == {"a": "2"}


def test_delta_changed_cluster_says_nothing_and_the_ack_waits_for_endpoints() -> None:
    envoy = started(delta=True)
    more = response(CLUSTER, [cluster("a", 2), cluster("b")], nonce="5", delta=True)
    assert show(envoy.receive(more)) == ["ClusterLoadAssignment +b nonce=-"]
    assert show(envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("b")], nonce="6", delta=True))) == [
        "ClusterLoadAssignment . nonce=6"
    ]
    assert envoy.holds(CLUSTER) == {"a": "1", "b": "1"}
    assert show(envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="7", delta=True))) == [
        "Cluster . nonce=5",
        "ClusterLoadAssignment . nonce=7",
    ]
    assert envoy.holds(CLUSTER) == {"a": "2", "b": "1"}


def test_sotw_withheld_answers_become_one_and_delta_gives_each() -> None:
    for delta, said in ((False, ["Cluster * version=v6 nonce=6"]), (True, ["Cluster . nonce=5", "Cluster . nonce=6"])):
        envoy = started(delta=delta)
        envoy.receive(response(CLUSTER, [cluster("a", 2)], nonce="5", delta=delta))
        envoy.receive(response(CLUSTER, [cluster("a", 3)], nonce="6", delta=delta))
        warm = envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="7", delta=delta))
        assert show(warm)[:-1] == said


@variants
def test_fetch_timeout_lets_a_cluster_serve_and_speaks_the_withheld_ack(*, delta: bool) -> None:
    envoy = started(delta=delta)
    assert not [
        said
        for said in show(envoy.receive(response(CLUSTER, [cluster("a", 2)], nonce="5", delta=delta)))
        if said.startswith("Cluster ")
    ]
    assert [said.split("nonce=")[1] for said in show(envoy.give_up_waiting())] == ["5"]
    assert envoy.holds(CLUSTER) == {"a": "2"}


@variants
def test_a_cluster_with_health_checks_warms_until_they_pass(*, delta: bool) -> None:
    envoy = started(delta=delta)
    envoy.receive(response(CLUSTER, [cluster("a"), cluster("b", warms_within=1.0)], nonce="5", delta=delta))
    envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("b")], nonce="6", delta=delta))
    assert envoy.warming(CLUSTER) == {"b": "1"}
    assert [said.request.type for said in envoy.finish_health_checks() if said.request] == [CLUSTER]
    assert envoy.holds(CLUSTER) == {"a": "1", "b": "1"}


@variants
def test_listener_predecessor_serves_until_the_routes_are_there_and_then_drains(*, delta: bool) -> None:
    envoy = started(delta=delta, drains=True)
    envoy.receive(response(LISTENER, [listener("l", 2, routes="s")], nonce="5", delta=delta))
    assert envoy.holds(LISTENER) == {"l": "1"}
    envoy.receive(response(ROUTE_CONFIGURATION, [route("s", clusters="a")], nonce="6", delta=delta))
    assert envoy.holds(LISTENER) == {"l": "2"}
    assert envoy.holds(ROUTE_CONFIGURATION) == {"r": "1", "s": "1"}
    said = show(envoy.finish_draining())
    assert said == (["RouteConfiguration -r nonce=-"] if delta else ["RouteConfiguration s version=v6 nonce=6"])
    assert envoy.holds(ROUTE_CONFIGURATION) == {"s": "1"}


@variants
def test_a_part_is_refused_and_the_good_part_taken(*, delta: bool) -> None:
    envoy = started(delta=delta, judge=lambda each: Fault("malformed IP address") if each.name == "bad" else None)
    said = envoy.receive(
        response(CLUSTER, [cluster("a"), static_cluster("bad"), static_cluster("good")], nonce="5", delta=delta)
    )
    assert envoy.holds(CLUSTER) == {"a": "1", "good": "1"}
    (request,) = [each.request for each in said]
    assert request is not None
    assert request.error == "Error adding/updating cluster(s) bad: malformed IP address"
    assert request.nonce == "5"
    assert not isinstance(request, SotwRequest) or request.version == "v1"


@variants
@pytest.mark.parametrize("row", [CLUSTER, ROUTE_CONFIGURATION], ids=["constraint of a cluster", "bad route"])
def test_the_whole_response_is_refused(row: ResourceType, *, delta: bool) -> None:
    envoy = started(
        delta=delta, judge=lambda each: Fault("no", whole=each.type is CLUSTER) if each.version == "9" else None
    )
    make = cluster if row is CLUSTER else route
    if row is ROUTE_CONFIGURATION:
        envoy.receive(
            response(LISTENER, [listener("l", routes="r"), listener("m", routes="s")], nonce="5", delta=delta)
        )
    (said,) = envoy.receive(response(row, [make("r", 2), make("s", 9)], nonce="6", delta=delta))
    assert said.request is not None
    assert said.request.error == f"no in {row.name} s"
    assert envoy.holds(row) == ({"a": "1"} if row is CLUSTER else {"r": "1"})


def test_sotw_absence_removes_clusters_and_listeners_but_not_endpoints_and_routes() -> None:
    envoy = started(delta=False)
    envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, nonce="5", delta=False))
    envoy.receive(response(ROUTE_CONFIGURATION, nonce="6", delta=False))
    assert envoy.holds(CLUSTER_LOAD_ASSIGNMENT) == {"a": "1"}
    assert envoy.holds(ROUTE_CONFIGURATION) == {"r": "1"}
    said = show(envoy.receive(response(CLUSTER, nonce="7", delta=False)))
    assert said == ["ClusterLoadAssignment * version=v5 nonce=5", "Cluster * version=v7 nonce=7"]
    assert envoy.holds(CLUSTER) == {}
    assert envoy.serving_violations() == ["RouteConfiguration r (1) lacks Cluster a"]
    envoy.receive(response(LISTENER, nonce="8", delta=False))
    assert envoy.holds(LISTENER) == {}
    assert envoy.serving_violations() == []


def test_delta_removal_of_a_route_is_ignored_and_of_unknown_endpoints_ends_the_warming() -> None:
    envoy = started(delta=True)
    envoy.receive(response(ROUTE_CONFIGURATION, removed=("r",), nonce="5", delta=True))
    assert envoy.holds(ROUTE_CONFIGURATION) == {"r": "1"}
    envoy.receive(response(CLUSTER, [cluster("b")], nonce="6", delta=True))
    envoy.receive(response(CLUSTER_LOAD_ASSIGNMENT, removed=("b",), nonce="7", delta=True))
    assert envoy.holds(CLUSTER) == {"a": "1", "b": "1"}


def test_sotw_reconnect_says_versions_and_names() -> None:
    envoy = started(delta=False)
    assert show(envoy.connect()) == [
        "Cluster * version=v1 nonce=-",
        "ClusterLoadAssignment a version=v2 nonce=-",
        "Listener * version=v3 nonce=-",
        "RouteConfiguration r version=v4 nonce=-",
    ]


def test_delta_reconnect_says_what_it_has() -> None:
    envoy = started(delta=True)
    assert show(envoy.connect()) == [
        "Cluster has a@1 nonce=-",
        "ClusterLoadAssignment +a has a@1 nonce=-",
        "Listener has l@1 nonce=-",
        "RouteConfiguration +r has r@1 nonce=-",
    ]


@variants
def test_runtime_layers_come_before_clusters(*, delta: bool) -> None:
    envoy = EnvoyMachine(delta=delta, layers=["base"])
    assert [said.request.type for said in envoy.connect() if said.request] == [RUNTIME]
    said = envoy.receive(response(RUNTIME, [resource(RUNTIME, "base")], nonce="1", delta=delta))
    assert [each.request.type for each in said if each.request] == [CLUSTER, RUNTIME]


def test_separate_streams_ack_clusters_at_once_and_have_a_stream_for_each_name() -> None:
    envoy = EnvoyMachine(separate=True)
    envoy.connect()
    said = envoy.receive(response(CLUSTER, [cluster("a"), cluster("b")], nonce="1", delta=False), "Cluster")
    assert [each.stream for each in said] == ["ClusterLoadAssignment/a", "ClusterLoadAssignment/b", "Cluster"]
    envoy.receive(
        response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("a")], nonce="1", delta=False), "ClusterLoadAssignment/a"
    )
    said = envoy.receive(
        response(CLUSTER_LOAD_ASSIGNMENT, [endpoints("b")], nonce="1", delta=False), "ClusterLoadAssignment/b"
    )
    assert [each.stream for each in said] == ["Listener", "ClusterLoadAssignment/b"]
    said = envoy.receive(response(CLUSTER, [cluster("b", 2)], nonce="2", delta=False), "Cluster")
    assert show(said) == [
        "ClusterLoadAssignment b version=- nonce=-",
        "close ClusterLoadAssignment/b",
        "close ClusterLoadAssignment/a",
        "Cluster * version=v2 nonce=2",
    ]


@variants
def test_a_copy_goes_its_own_way(*, delta: bool) -> None:
    envoy = started(delta=delta)
    twin = envoy.copy()
    assert twin.key() == envoy.key()
    twin.receive(response(CLUSTER, [cluster("a", 2)], nonce="5", delta=delta))
    assert twin.key() != envoy.key()
    assert envoy.warming(CLUSTER) == {}
