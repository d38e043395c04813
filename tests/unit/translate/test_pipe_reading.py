from __future__ import annotations

from typing import Any

import pytest

from legation.model.objects import FieldPath
from legation.model.problems import Level
from legation.translate.virtual_service import STEP
from tests.unit.translate.pipes import at, cluster, json_of, listener, of, translated, virtual_service, wrong

INVALID = "invalid-virtual-service"
CHECK = {"interval": 500, "protocol": "TCP"}
AT: FieldPath = (0, "udp", "cluster")
ENDPOINT: FieldPath = (*AT, "endpoints", 0)


@pytest.mark.parametrize("carrier", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"port": None}, ()),
        ({"port": 0}, ("port",)),
        ({"port": 65536}, ("port",)),
        ({"port": "2000"}, ("port",)),
        ({"port": True}, ("port",)),
        ({"address": "localhost"}, ("address",)),
        ({"address": ""}, ("address",)),
        ({"address": 0}, ("address",)),
        ({"address": "fe80::1%eth0"}, ("address",)),
        ({"idle_timeout": 0}, ("idle_timeout",)),
        ({"idle_timeout": "60s"}, ("idle_timeout",)),
        ({"cluster": None}, ()),
        ({"cluster": "rtp-c"}, ("cluster",)),
    ],
)
def test_what_a_listener_cannot_be(carrier: str, fields: Any, path: FieldPath) -> None:
    assert wrong(listener(carrier=carrier, **fields)) == [(INVALID, (0, carrier, *path))]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": None}, ()),
        ({"name": ""}, ("name",)),
        ({"name": 5}, ("name",)),
        ({"service_discovery": None}, ()),
        ({"service_discovery": "EDS"}, ("service_discovery",)),
        ({"service_discovery": ["eds"]}, ("service_discovery",)),
        ({"hash_key": None}, ()),
        ({"hash_key": ""}, ("hash_key",)),
        ({"hash_key": 42}, ("hash_key",)),
        ({"connect_timeout": 0}, ("connect_timeout",)),
        ({"connect_timeout": "5s"}, ("connect_timeout",)),
        ({"connect_timeout": 2**31}, ("connect_timeout",)),
        ({"initial_fetch_timeout": -1}, ("initial_fetch_timeout",)),
        ({"maglev_table_size": 1}, ("maglev_table_size",)),
        ({"maglev_table_size": 65536}, ("maglev_table_size",)),
        ({"maglev_table_size": 9}, ("maglev_table_size",)),
        ({"maglev_table_size": 5_000_013}, ("maglev_table_size",)),
        ({"health_check": "TCP"}, ("health_check",)),
        ({"endpoints": None}, ()),
        ({"endpoints": []}, ()),
        ({"endpoints": {}}, ("endpoints",)),
        ({"endpoints": ["127.0.0.1"]}, ("endpoints", 0)),
    ],
)
def test_what_a_cluster_cannot_be(fields: Any, path: FieldPath) -> None:
    assert wrong(listener(cluster={**cluster(), **fields})) == [(INVALID, (*AT, *path))]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"interval": 99}, ("interval",)),
        ({"interval": None}, ()),
        ({"interval": "500ms"}, ("interval",)),
        ({"protocol": None}, ()),
        ({"protocol": "tcp"}, ("protocol",)),
        ({"protocol": "GRPC"}, ("protocol",)),
        ({"timeout": 0}, ("timeout",)),
        ({"healthy_threshold": 0}, ("healthy_threshold",)),
        ({"unhealthy_threshold": True}, ("unhealthy_threshold",)),
        ({"path": "/up"}, ("path",)),
        ({"protocol": "HTTP", "path": "up"}, ("path",)),
        ({"protocol": "HTTP", "path": "/up now"}, ("path",)),
        ({"protocol": "HTTP", "path": "/up\n"}, ("path",)),
        ({"protocol": "HTTP", "path": ""}, ("path",)),
    ],
)
def test_what_a_health_check_cannot_be(fields: Any, path: FieldPath) -> None:
    check = {**CHECK, **fields}
    assert wrong(listener(cluster=cluster(health_check=check))) == [(INVALID, (*AT, "health_check", *path))]


@pytest.mark.parametrize(
    ("endpoint", "code", "path"),
    [
        (at("127.0.0.1", name=None), INVALID, ()),
        (at("127.0.0.1", name=1), INVALID, ("name",)),
        (at("127.0.0.1", port=None), INVALID, ()),
        (at("127.0.0.1", port=0), INVALID, ("port",)),
        (at("127.0.0.1", health_check_port=0), INVALID, ("health_check_port",)),
        (at("127.0.0.1", health_check_port="1233"), INVALID, ("health_check_port",)),
        (at(""), INVALID, ("host", "address")),
        (at("10.0.0.256"), INVALID, ("host", "address")),
        (at("Worker.shop.svc"), INVALID, ("host", "address")),
        (at("127.0.0.1", host=None), INVALID, ()),
        (at("127.0.0.1", host={}), INVALID, ("host",)),
        (at("127.0.0.1", host=[]), INVALID, ("host",)),
        (at("127.0.0.1", host={"address": None}), INVALID, ("host",)),
        (at("127.0.0.1", host={"address": "127.0.0.1", "selector": {"app": "x"}}), INVALID, ("host",)),
        (of(labels={}), "invalid-selector", ("host", "selector")),
        (of(labels={"app": 1}), "invalid-selector", ("host", "selector", "app")),
    ],
)
def test_what_an_endpoint_cannot_be(endpoint: Any, code: str, path: FieldPath) -> None:
    assert wrong(listener(cluster=cluster(endpoints=[endpoint]))) == [(code, (*ENDPOINT, *path))]


@pytest.mark.parametrize(
    ("of_listener", "path"),
    [
        ({"name": "rtp"}, ()),
        ({"name": "rtp", "udp": None, "tcp": None}, ()),
        ({"name": "rtp", "udp": [], "tcp": None}, ("udp",)),
        ({**listener(), **listener(carrier="tcp")}, ()),
        ({"udp": listener()["udp"]}, ()),
        ({**listener(), "name": ["rtp"]}, ("name",)),
        ("rtp", ()),
    ],
)
def test_a_listener_has_a_name_and_one_protocol(of_listener: Any, path: FieldPath) -> None:
    assert wrong(of_listener)[0] == (INVALID, (0, *path))


def test_what_is_udp_and_tcp_is_told_so_once() -> None:
    both = {**listener(), "tcp": listener(carrier="tcp", cluster=cluster("other"))["tcp"]}
    assert wrong(both) == [(INVALID, (0,))]


@pytest.mark.parametrize("tcp", [{"port": 0}, {"port": 0, "cluster": None}])
def test_what_l7mp_wrote_beside_udp_says_nothing(tcp: Any) -> None:
    assert translated({**listener(), "tcp": tcp}) == translated(listener())


@pytest.mark.parametrize("tcp", [{"port": 1}, {"port": False}, {"port": 0, "cluster": cluster()}, {}])
def test_anything_else_beside_udp_is_meant(tcp: Any) -> None:
    assert (INVALID, (0,)) in wrong({**listener(), "tcp": tcp})


def test_tcp_alone_is_never_passed_over() -> None:
    assert wrong({"name": "rtp", "tcp": {"port": 0}}) == [(INVALID, (0, "tcp", "port")), (INVALID, (0, "tcp"))]


def with_field(level: str, field: dict[str, Any]) -> dict[str, Any]:
    """Return a listener with one field more at that level."""
    match level:
        case "listener":
            return {**listener(), **field}
        case "udp":
            return listener(**field)
        case "cluster":
            return listener(cluster={**cluster(), **field})
        case "health_check":
            return listener(cluster=cluster(health_check={**CHECK, **field}))
        case "endpoint":
            return listener(cluster=cluster(endpoints=[at("127.0.0.1", **field)]))
        case _:
            return listener(cluster=cluster(endpoints=[at("", host={"address": "127.0.0.1", **field})]))


@pytest.mark.parametrize(
    ("level", "path", "near"),
    [
        ("listener", (0,), "Udp"),
        ("udp", (0, "udp"), "prt"),
        ("cluster", AT, "hash-key"),
        ("health_check", (*AT, "health_check"), "intervall"),
        ("endpoint", ENDPOINT, "health_check_prt"),
        ("host", (*ENDPOINT, "host"), "addres"),
    ],
)
def test_fields_that_nobody_knows(level: str, path: FieldPath, near: str) -> None:
    """One that resembles a known one was meant to be it."""
    assert wrong(with_field(level, {near: 1})) == [("unknown-field", (*path, near))]
    translation = STEP.translate(virtual_service(with_field(level, {"whatever": 1})))
    assert [(each.code, each.path, each.level) for each in translation.problems] == [
        ("unknown-field", ("spec", "listeners", *path, "whatever"), Level.WARNING)
    ]
    assert len(translation.drafts) == 2


def test_all_that_is_wrong_is_told_at_once() -> None:
    first = listener("", port=0, cluster=cluster("", hash_key="", endpoints=[at("?", port=0), of(labels={})]))
    second = listener(cluster=cluster(health_check={"interval": 1, "protocol": "UDP"}))
    assert [path for _, path in wrong(first, second)] == [
        (0, "name"),
        (0, "udp", "port"),
        (*AT, "hash_key"),
        (*AT, "name"),
        (*ENDPOINT, "port"),
        (*ENDPOINT, "host", "address"),
        (*AT, "endpoints", 1, "host", "selector"),
        (1, "udp", "cluster", "health_check", "protocol"),
        (1, "udp", "cluster", "health_check", "interval"),
    ]


TWICE = "pipe-twice"


def test_two_listeners_of_one_name() -> None:
    assert wrong(listener(), listener(port=2001)) == [(TWICE, (1, "name"))]


@pytest.mark.parametrize(
    ("one", "other"), [("0.0.0.0", None), ("::1", "0:0::1"), ("10.0.0.1", "::ffff:10.0.0.1")], ids=str
)
def test_two_listeners_of_one_address(one: str, other: str | None) -> None:
    found = wrong(listener("a", address=one), listener("b", address=other))
    assert found == [(TWICE, (1, "udp", "port"))]


def test_what_cannot_be_read_collides_with_nothing() -> None:
    """It was told already, and is no name or port."""
    bad = listener("", port=0, cluster=cluster("", connect_timeout=1))
    other = listener("", port=0, cluster=cluster(""))
    assert {code for code, _ in wrong(bad, other)} == {INVALID}


def test_what_does_not_collide() -> None:
    """UDP and TCP have ports of their own, and an address is another for each of its ports."""
    translation = translated(
        listener("a"),
        listener("b", port=2001),
        listener("c", address="127.0.0.1"),
        listener("d", carrier="tcp", cluster=cluster("by-tcp")),
    )
    assert len(json_of(translation, "Listener")) == 4


def test_two_listeners_may_lead_to_one_cluster() -> None:
    """Each with a key of its own: it is the listener that hashes. What an endpoint is called is nothing to Envoy."""
    again = cluster(hash_key="call-2", endpoints=[at("127.0.0.1", name="another")])
    translation = translated(listener("a"), listener("b", port=2001, cluster=again))
    assert len(json_of(translation, "Cluster")) == 1
    keys = [each["listener_filters"][0]["typed_config"]["hash_policies"] for each in json_of(translation, "Listener")]
    assert keys == [[{"key": "call-1"}], [{"key": "call-2"}]]


@pytest.mark.parametrize(
    "fields",
    [
        {"service_discovery": "eds"},
        {"connect_timeout": 1},
        {"maglev_table_size": 3},
        {"health_check": CHECK},
        {"endpoints": [at("127.0.0.2")]},
        {"endpoints": [at("127.0.0.1", port=1)]},
        {"endpoints": [at("127.0.0.1"), at("127.0.0.2")]},
    ],
)
def test_a_cluster_cannot_be_two(fields: Any) -> None:
    translation = STEP.translate(virtual_service(listener("a"), listener("b", port=1, cluster=cluster(**fields))))
    (problem,) = translation.problems
    assert (problem.code, problem.path[2:]) == (TWICE, (1, "udp", "cluster", "name"))
    assert "spec.listeners[0].udp.cluster" in problem.message


def test_udp_and_tcp_share_no_cluster() -> None:
    assert wrong(listener("a"), listener("b", carrier="tcp")) == [(TWICE, (1, "tcp", "cluster", "name"))]


def test_no_name_among_addresses() -> None:
    """An assignment has addresses alone: Envoy refuses it as a whole for a name in it."""
    both = cluster(service_discovery="eds", endpoints=[at("127.0.0.1"), at("worker.shop.svc")])
    path = (*AT, "endpoints", 1, "host", "address")
    assert wrong(listener(cluster=both)) == [("dns-name-in-eds", path)]


@pytest.mark.parametrize("name", ["*", "xds_cluster", "a\x00b", "a\n"])
def test_names_that_no_cluster_can_have(name: str) -> None:
    assert wrong(listener(cluster=cluster(name))) == [("invalid-virtual-service", (*AT, "name"))]


def test_a_listener_has_a_name_that_can_be_seen() -> None:
    assert wrong(listener("a\tb")) == [("invalid-virtual-service", (0, "name"))]
