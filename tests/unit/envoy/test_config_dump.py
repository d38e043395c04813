"""An Envoy's dump, read into resources that can be compared."""

from __future__ import annotations

from typing import Any

import pytest

from legation.envoy.config_dump import DumpState, NoDump, normal, read_dump

ADMIN = "type.googleapis.com/envoy.admin.v3"
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


def dump(kind: str, **lists: Any) -> dict[str, Any]:
    return {"configs": [{"@type": f"{ADMIN}.{kind}", **lists}]}


def cluster(name: str, **fields: Any) -> dict[str, Any]:
    return {"@type": CLUSTER, "name": name, **fields}


def test_what_the_bootstrap_has_is_told_apart_from_what_was_sent() -> None:
    found = read_dump(
        dump(
            "ClustersConfigDump",
            version_info="7",
            static_clusters=[{"cluster": cluster("mine"), "last_updated": "2030-01-01T00:00:00Z"}],
            dynamic_active_clusters=[{"version_info": "7", "cluster": cluster("web")}],
            dynamic_warming_clusters=[{"version_info": "8", "cluster": cluster("new")}],
        )
    )
    assert [(each.name, each.state, each.version) for each in found] == [
        ("mine", DumpState.STATIC, ""),
        ("web", DumpState.ACTIVE, "7"),
        ("new", DumpState.WARMING, "8"),
    ]


def test_a_listener_that_was_refused_is_told_in_words_that_hold_no_content() -> None:
    entry = {
        "name": "front",
        "active_state": {"version_info": "1", "listener": {"@type": LISTENER, "name": "front"}},
        "error_state": {
            "failed_configuration": {"@type": LISTENER, "name": "front"},
            "details": 'cannot bind 192.0.2.1:9\nname: "front" {',
        },
    }
    active, refused = read_dump(dump("ListenersConfigDump", dynamic_listeners=[entry]))
    assert (active.state, active.json) == (DumpState.ACTIVE, {"@type": LISTENER, "name": "front"})
    assert (refused.state, refused.name, refused.details) == (DumpState.REFUSED, "front", "cannot bind 192.0.2.1:9")


def test_two_spellings_of_one_message_are_equal() -> None:
    one = {"@type": CLUSTER, "name": "web", "connectTimeout": "1.500s", "lb_policy": "ROUND_ROBIN", "type": 3}
    other = {"@type": CLUSTER, "connect_timeout": "1.5s", "name": "web", "type": "EDS"}
    assert normal(one) == normal(other)
    assert normal(one) != normal({**other, "type": "STATIC"})


def test_a_secret_is_a_mark_on_both_sides() -> None:
    """Envoy writes its mark into bytes as base64."""
    theirs = {"name": "word", "generic_secret": {"secret": {"inline_bytes": "W3JlZGFjdGVkXQ=="}}}
    ours = {"name": "word", "generic_secret": {"secret": {"inline_bytes": "b3BlbiBzZXNhbWU="}}}
    (found,) = read_dump(dump("SecretsConfigDump", dynamic_active_secrets=[{"name": "word", "secret": theirs}]))
    assert found.json == normal({"@type": SECRET, **ours})


def test_assignments_are_equal_if_their_hosts_are() -> None:
    def host(port: int, **more: Any) -> dict[str, Any]:
        return {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": port}}}, **more}

    ours = {"@type": ASSIGNMENT, "cluster_name": "web", "endpoints": [{"lb_endpoints": [host(1), host(2)]}]}
    theirs: dict[str, Any] = {
        "@type": ASSIGNMENT,
        "cluster_name": "web",
        "policy": {"overprovisioning_factor": 140},
        "endpoints": [
            {
                "locality": {},
                "lb_endpoints": [
                    host(2, health_status="HEALTHY", load_balancing_weight=1),
                    host(1, health_status="UNHEALTHY", load_balancing_weight=1, metadata={}),
                ],
            }
        ],
    }
    assert normal(ours) == normal(theirs)
    theirs["endpoints"][0]["lb_endpoints"][0]["load_balancing_weight"] = 2
    assert normal(ours) != normal(theirs)


@pytest.mark.parametrize("other", [None, [], {}, {"configs": 1}, "text"])
def test_what_is_no_dump_is_told(other: Any) -> None:
    with pytest.raises(NoDump):
        read_dump(other)


@pytest.mark.parametrize(
    "odd", [None, 1, {"@type": 1}, {"@type": f"{ADMIN}.ClustersConfigDump", "static_clusters": [1]}]
)
def test_what_is_not_known_in_a_dump_is_passed_over(odd: Any) -> None:
    assert read_dump({"configs": [odd]}) == ()
