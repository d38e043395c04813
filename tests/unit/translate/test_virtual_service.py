from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.envoy import codec
from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.translate.base import Translation
from legation.translate.pipeline import STEPS, step_for
from legation.translate.virtual_service import STEP
from tests.manifests import manifest
from tests.unit.translate.pipes import API_VERSION, at, cluster, listener, of, pod, translated, virtual_service


def raw(api_version: str = API_VERSION, **fields: Any) -> ManifestObject:
    return manifest("VirtualService", api_version=api_version, **fields)


def test_the_step_is_found_and_says_what_to_read_of_a_cluster() -> None:
    assert STEP in STEPS
    assert step_for(virtual_service().key) is STEP
    (kind,) = STEP.api_kinds
    assert kind.path() == "/apis/servicemesh.l7mp.io/v1/virtualservices"
    assert kind.has_status
    assert kind.finalizer == "l7mp.io/delete"


def test_what_it_may_hold() -> None:
    assert STEP.may_hold(raw()) == {CLUSTER, LISTENER, CLUSTER_LOAD_ASSIGNMENT}


def test_who_gets_it() -> None:
    """Whoever has every label, in the namespace of the object: l7mp took one label in any namespace for enough."""
    made = virtual_service(listener(), selector={"app": "edge", "tier": "front"})
    scope = Scope(namespace="media", labels=frozenset({("app", "edge"), ("tier", "front")}))
    assert {each.scope for each in STEP.translate(made).drafts} == {scope}


def test_clusters_come_first_in_the_order_of_the_listeners() -> None:
    names = [
        each.json.get("name", each.json.get("cluster_name"))
        for each in translated(
            listener("a", cluster=cluster("a-c")),
            listener("b", port=1, carrier="tcp", cluster=cluster("b-c", service_discovery="eds")),
            listener("c", port=2, cluster=cluster("c-c", endpoints=[of()])),
        ).drafts
    ]
    assert names == ["a-c", "b-c", "b-c", "c-c", "a", "b", "c"]


@pytest.mark.parametrize("spec", [{}, {"listeners": None}, {"listeners": []}])
def test_an_object_without_listeners_is_nothing(spec: dict[str, Any]) -> None:
    assert STEP.translate(raw(spec={"selector": {"app": "edge"}, **spec})) == Translation()


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({}, "no-spec", ()),
        ({"spec": None}, "no-spec", ()),
        ({"spec": []}, "invalid-spec", ("spec",)),
        ({"spec": {}}, "invalid-selector", ("spec",)),
        ({"spec": {"selector": {}}}, "invalid-selector", ("spec", "selector")),
        ({"spec": {"selector": "app"}}, "invalid-selector", ("spec", "selector")),
        ({"spec": {"selector": {"app": 1}}}, "invalid-selector", ("spec", "selector", "app")),
        ({"spec": {"selector": {"app": "x"}, "listener": []}}, "unknown-field", ("spec", "listener")),
        ({"spec": {"selector": {"app": "x"}, "listeners": {}}}, "invalid-virtual-service", ("spec", "listeners")),
        ({"api_version": "servicemesh.l7mp.io/v2", "spec": {}}, "unknown-version", ("apiVersion",)),
    ],
)
def test_what_is_refused(fields: Any, code: str, path: tuple[str, ...]) -> None:
    translation = STEP.translate(raw(**fields))
    assert [(each.code, each.path) for each in translation.problems] == [(code, path)]
    assert not translation.drafts


def test_one_listener_that_is_wrong_breaks_the_object() -> None:
    translation = STEP.translate(virtual_service(listener("a"), listener("b", port=0)))
    assert len(translation.problems) == 1
    assert not translation.drafts
    assert not translation.selections


def test_no_text_ends_in_a_full_stop_and_each_tells_where() -> None:
    endpoints = [at("?"), of(labels={}), at("a.b"), at("", host={})]
    bad = virtual_service(
        listener("a", cluster=cluster("", service_discovery="eds", endpoints=endpoints)),
        listener("a", port="1", cluster=cluster(health_check={"protocol": "TCP", "path": "x"}, hash_key=1)),
        {"name": "b"},
        5,
    )
    problems = STEP.translate(bad).problems
    assert len(problems) > 8
    for each in problems:
        assert each.object == bad.key
        assert each.place == bad.place
        assert each.path
        assert not each.message.endswith(".")
        assert not each.mend.endswith(".")


# Whatever stands there -----------------------------------------------------------------------------------------------

NAMES = [
    "selector",
    "listeners",
    "name",
    "udp",
    "tcp",
    "port",
    "address",
    "idle_timeout",
    "cluster",
    "hash_key",
    "host",
]
NAMES += ["service_discovery", "connect_timeout", "maglev_table_size", "initial_fetch_timeout", "health_check", "path"]
NAMES += ["endpoints", "interval", "protocol", "timeout", "healthy_threshold", "health_check_port", "deletionTimestamp"]
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["eds", "TCP"])
JSON = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(st.fixed_dictionaries({}, optional={"metadata": JSON, "spec": JSON, "status": JSON}))
def test_any_object_is_translated(body: dict[str, Any]) -> None:
    key = ObjectKey("servicemesh.l7mp.io", "VirtualService", "media", "any")
    STEP.translate(ManifestObject(key=key, api_version=API_VERSION, body=body))


@given(st.data())
def test_any_value_in_any_place_is_translated(data: st.DataObject) -> None:
    """Of an object that is good otherwise."""
    good = listener(cluster=cluster(health_check={"interval": 500, "protocol": "TCP"}, endpoints=[at("::1"), of()]))
    place: Any = {"selector": {"app": "edge"}, "listeners": [good, listener("b", carrier="tcp")]}
    spec = place
    while True:
        part = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[part], dict | list) or data.draw(st.booleans()):
            break
        place = place[part]
    place[part] = data.draw(JSON)
    translation = STEP.translate(raw(spec=spec))
    assert translation.problems or translation.drafts or not spec["listeners"]


TEXT = st.text(min_size=1, max_size=20)
NAME = TEXT.filter(lambda text: text.isprintable() and text not in {"*", "xds_cluster"})
PORT = st.integers(1, 65535)
TIME = st.integers(1, 2**31 - 1)
LABELS = st.dictionaries(TEXT, st.text(max_size=9), min_size=1, max_size=3)
IP = st.ip_addresses().map(str)


def maybe(**fields: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: st.none() | value for name, value in fields.items()}


def endpoints(hosts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {"name": st.text(max_size=5), "host": hosts, "port": PORT}
    endpoint = st.fixed_dictionaries(fields, optional=maybe(health_check_port=PORT))
    return st.lists(endpoint, min_size=1, max_size=4)


TIMES = maybe(timeout=TIME, healthy_threshold=TIME, unhealthy_threshold=TIME)
HEALTH_CHECK = st.fixed_dictionaries(
    {"interval": st.integers(100, 2**31 - 1), "protocol": st.just("TCP")}, optional=TIMES
) | st.fixed_dictionaries(
    {"interval": st.integers(100, 2**31 - 1), "protocol": st.just("HTTP")},
    optional={**TIMES, **maybe(path=st.sampled_from(["/", "/up", "/a?b=c&d=%20"]))},
)
HOSTS = st.fixed_dictionaries({"address": IP}) | st.fixed_dictionaries({"selector": LABELS})
ADDRESSES = st.fixed_dictionaries({"address": IP | st.sampled_from(["worker.shop.svc", "localhost"])})


def clusters(discovery: str, hosts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"name": NAME, "service_discovery": st.just(discovery), "hash_key": TEXT, "endpoints": endpoints(hosts)},
        optional=maybe(
            connect_timeout=TIME,
            initial_fetch_timeout=TIME,
            maglev_table_size=st.sampled_from([2, 3, 65537, 131071, 5_000_011]),
            health_check=HEALTH_CHECK,
        ),
    )


CLUSTER_FIELDS = clusters("eds", HOSTS) | clusters("strictdns", HOSTS) | clusters("strictdns", ADDRESSES)
CARRIED = st.fixed_dictionaries(
    {"port": PORT, "cluster": CLUSTER_FIELDS}, optional=maybe(address=IP, idle_timeout=TIME)
)


@given(carrier=st.sampled_from(["udp", "tcp"]), name=NAME, carried=CARRIED)
def test_what_is_good_is_what_envoy_takes(carrier: str, name: str, carried: Any) -> None:
    """By Envoy's own schema and its rules."""
    translation = STEP.translate(virtual_service({"name": name, carrier: carried}))
    assert not translation.problems
    pods = (pod("10.0.0.1"), pod("2001:db8::1"))
    made = [each.draft([pods for _ in each.selectors]) for each in translation.selections]
    for draft in (*translation.drafts, *made):
        encoded = codec.encode(draft.json)
        assert not encoded.findings
        assert encoded.resource is not None
