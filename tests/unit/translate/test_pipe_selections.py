from __future__ import annotations

from legation.envoy import codec
from legation.model.node import Scope
from legation.model.problems import Level
from legation.translate.virtual_service import STEP
from tests.unit.translate.pipes import (
    CLUSTER_PATH,
    at,
    cluster,
    json_of,
    listener,
    of,
    placed,
    pod,
    selection,
    translated,
    virtual_service,
)

WORKERS = Scope(namespace="media", labels=frozenset({("app", "worker")}))
OTHERS = Scope(namespace="media", labels=frozenset({("app", "other"), ("tier", "back")}))


def test_hosts_stand_in_the_order_of_the_endpoints() -> None:
    made = selection(of(), at("10.0.1.1"), of(labels={"tier": "back", "app": "other"}), at("10.0.1.2"))
    assert made.selectors == (WORKERS, OTHERS)
    assert placed(made, [pod("10.0.0.2"), pod("10.0.0.1")], [pod("10.0.0.3")]) == [
        "10.0.0.2:1234",
        "10.0.0.1:1234",
        "10.0.1.1:1234",
        "10.0.0.3:1234",
        "10.0.1.2:1234",
    ]


def test_without_pods_it_is_empty_and_there() -> None:
    """Else an Envoy would wait for it, and the last host would stay."""
    draft = selection(of()).draft([()])
    assert draft.json["endpoints"] == []
    assert codec.encode(draft.json).resource is not None


def test_a_selector_without_pods_is_told() -> None:
    made = selection(of(), at("10.0.1.1"), of(labels={"tier": "back", "app": "other"}))
    (problem,) = made.problems([(pod("10.0.0.1"),), ()])
    assert (problem.code, problem.level) == ("no-ready-pods", Level.WARNING)
    assert problem.path == (*CLUSTER_PATH, "endpoints", 2, "host", "selector")
    assert "app=other,tier=back" in problem.message
    assert "in the namespace media" in problem.mend
    assert "with --l7mp-matching any" in problem.mend
    assert not list(made.problems([(pod("10.0.0.1"),), (pod("10.0.0.1"),)]))


def test_the_same_is_said_again_by_an_equal_value() -> None:
    """What was made of the Pods is then taken over when a part of the object changes that is not about it."""
    one, other = (
        STEP.translate(virtual_service(listener(port=port, cluster=cluster(endpoints=[of()])))) for port in (2000, 2001)
    )
    assert one.selections == other.selections
    assert len({*one.selections, *other.selections}) == 1
    assert one.selections != translated(listener(cluster=cluster(endpoints=[of(port=1)]))).selections


# Pods and DNS names -------------------------------------------------------------------------------------------------

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
