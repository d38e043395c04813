from __future__ import annotations

import random
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from legation.envoy.codec import encode
from legation.model.cluster import Cluster, Endpoint, NamespacedName, Service, ServicePort, Slice, SlicePort
from legation.translate.by_name import Made
from legation.translate.endpoint_slices import MAKER

NAME = "shop/echo:http"
maybe = st.sampled_from([None, True, False])


def endpoints(kind: str) -> st.SearchStrategy[tuple[Endpoint, ...]]:
    """Few addresses, zones and targets, so that they collide."""
    address = st.integers(1, 6).map("10.0.0.{}".format if kind == "IPv4" else "fd00::{}".format)
    one = st.builds(
        Endpoint,
        addresses=address.map(lambda text: (text,)),
        ready=maybe,
        serving=maybe,
        terminating=st.booleans(),
        zone=st.sampled_from(["", "a", "b"]),
        target=st.sampled_from(["", "p", "q", "r"]),
    )
    return st.lists(one, max_size=6).map(tuple)


def slices(kind: str) -> st.SearchStrategy[Slice]:
    ports = st.sampled_from([8080, 9090]).map(lambda number: (SlicePort(name="http", number=number),))
    return st.builds(Slice, name=st.just("x"), address_type=st.just(kind), ports=ports, endpoints=endpoints(kind))


many_slices = st.lists(st.sampled_from(["IPv4", "IPv6"]).flatmap(slices), max_size=6).map(tuple)
families = st.sampled_from([(), ("IPv4",), ("IPv6", "IPv4")])


def make(held: tuple[Slice, ...], preferred: tuple[str, ...], *, publish: bool = False) -> Made:
    port = ServicePort(name="http", number=80)
    service = Service(
        namespace="shop", name="echo", ports=(port,), slices=held, families=preferred, publish_not_ready=publish
    )
    target = MAKER.target(NAME)
    assert target is not None
    return MAKER.make(NAME, target, Cluster(services={NamespacedName("shop", "echo"): service}), now=0)


def lb_endpoints(made: Made) -> list[dict[str, Any]]:
    assert made.json is not None
    return [item for locality in made.json["endpoints"] for item in locality["lb_endpoints"]]


def sockets(item: dict[str, Any]) -> list[tuple[str, int]]:
    addresses = [item["endpoint"], *item["endpoint"].get("additional_addresses", ())]
    shown = [each["address"]["socket_address"] for each in addresses]
    return [(each["address"], each["port_value"]) for each in shown]


@given(many_slices, families, st.randoms(use_true_random=False))
def test_order_never_matters(held: tuple[Slice, ...], preferred: tuple[str, ...], chance: random.Random) -> None:
    """Neither that of the slices nor that of the endpoints in a slice."""
    shuffled = [
        Slice(
            name=each.name,
            address_type=each.address_type,
            ports=each.ports,
            endpoints=tuple(chance.sample(each.endpoints, len(each.endpoints))),
        )
        for each in chance.sample(held, len(held))
    ]

    assert make(tuple(shuffled), preferred) == make(held, preferred)


@given(held=many_slices, preferred=families, publish=st.booleans())
def test_each_address_that_may_get_requests_is_there_once(
    *, held: tuple[Slice, ...], preferred: tuple[str, ...], publish: bool
) -> None:
    """And no other; the codec has nothing to say about it."""
    made = make(held, preferred, publish=publish)
    assert made.json is not None
    encoded = encode(made.json)
    assert not encoded.findings
    assert encoded.resource is not None

    def counts(endpoint: Endpoint) -> bool:
        ending = bool(endpoint.serving) and endpoint.terminating
        return publish or endpoint.ready is not False or ending

    expected = {
        (endpoint.addresses[0], port.number)
        for each in held
        for port in each.ports
        for endpoint in each.endpoints
        if counts(endpoint)
    }
    assert Counter(socket for item in lb_endpoints(made) for socket in sockets(item)) == Counter(expected)


@given(many_slices, families)
def test_two_addresses_of_one_endpoint_are_of_two_families(held: tuple[Slice, ...], preferred: tuple[str, ...]) -> None:
    """The preferred one first; and they belong to one target."""
    first_is_six = preferred[:1] == ("IPv6",)
    targets: dict[str, set[str]] = {}
    for endpoint in (endpoint for each in held for endpoint in each.endpoints):
        targets.setdefault(endpoint.addresses[0], set()).add(endpoint.target)

    for item in lb_endpoints(make(held, preferred)):
        if len(found := sockets(item)) > 1:
            (first, _), (second, _) = found
            assert (":" in first, ":" in second) == (first_is_six, not first_is_six)
            assert (targets[first] & targets[second]) - {""}


@given(many_slices, families)
def test_somebody_healthy_is_there_if_anybody_is(held: tuple[Slice, ...], preferred: tuple[str, ...]) -> None:
    """Never an assignment of DRAINING endpoints alone, and no other state is ever sent."""
    states = [item.get("health_status") for item in lb_endpoints(make(held, preferred))]

    assert set(states) <= {None, "DRAINING"}
    assert not states or None in states
