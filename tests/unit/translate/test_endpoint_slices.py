from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from legation.model.cluster import Cluster, NamespacedName, Service, ServicePort, Slice, SlicePort
from legation.model.problems import Level
from legation.translate.by_name import Made, Target
from legation.translate.endpoint_slices import MAKER
from tests.unit.translate.clusters import a_slice, at, ending, made_by, service, unnamed

NAME = "shop/echo:http"


def make(cluster: Cluster, name: str = NAME) -> Made:
    return made_by(MAKER, cluster, name)


def localities(made: Made) -> list[tuple[str, list[str]]]:
    """Each zone with its endpoints, in short: address:port, second address, state."""
    assert made.json is not None
    assert not made.faults
    return [
        (each.get("locality", {}).get("zone", ""), [short(e) for e in each["lb_endpoints"]]) for each in all_of(made)
    ]


def all_of(made: Made) -> list[dict[str, Any]]:
    assert made.json is not None
    found = made.json["endpoints"]
    assert isinstance(found, list)
    return found


def short(lb_endpoint: Mapping[str, Any]) -> str:
    endpoint = lb_endpoint["endpoint"]
    addresses = [endpoint, *endpoint.get("additional_addresses", ())]
    shown = [each["address"]["socket_address"] for each in addresses]
    text = " + ".join(f"{each.get('protocol', '')}{each['address']}:{each['port_value']}" for each in shown)
    return " ".join([text, *([lb_endpoint["health_status"]] if "health_status" in lb_endpoint else [])])


def only_fault(made: Made, code: str) -> str:
    """Check that this is all that is wrong; return what is said of it."""
    (fault,) = made.faults
    assert fault.code == code
    assert fault.level is (Level.WARNING if made.json is not None else Level.ERROR)
    assert not fault.message.endswith(".")
    return f"{fault.message} ({fault.mend})"


@pytest.mark.parametrize(
    ("name", "rest"),
    [("shop/echo:http", "http"), ("shop/echo:80", "80"), ("shop/echo:9p", "9p"), ("shop/echo:a-b", "a-b")],
)
def test_a_name_is_a_namespace_a_service_and_a_port(name: str, rest: str) -> None:
    assert MAKER.target(name) == Target(kind="Service", namespace="shop", name="echo", rest=rest)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "echo",
        "shop/echo",
        "shop/echo:",
        "/echo:80",
        "shop/:80",
        "Shop/echo:80",
        "shop/echo.x:80",
        "shop/echo:80:80",
        "shop/a/echo:80",
        "shop/echo:-1",
        "shop/echo:a_b",
        " shop/echo:80",
        "shop/echo:80\n",
        "xdstp://shop/echo:80",
        f"{'a' * 64}/echo:80",
    ],
)
def test_other_names_are_nobodys_business(name: str) -> None:
    assert MAKER.target(name) is None


def test_the_whole_assignment() -> None:
    made = make(service(a_slice(at("10.0.0.2", zone="b"), at("10.0.0.1"))))

    def item(address: str) -> dict[str, Any]:
        return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 8080}}}}

    assert made == Made(
        json={
            "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
            "cluster_name": "shop/echo:http",
            "endpoints": [
                {"locality": {}, "load_balancing_weight": 1, "lb_endpoints": [item("10.0.0.1")]},
                {"locality": {"zone": "b"}, "load_balancing_weight": 1, "lb_endpoints": [item("10.0.0.2")]},
            ],
        }
    )


CONDITIONS: dict[str, tuple[bool | None, bool | None, bool, str | None]] = {
    "ready": (True, True, False, ""),
    "unknown": (None, None, False, ""),
    "unknown, serving": (None, True, False, ""),
    "ready, and serving was not said": (True, None, False, ""),
    "not ready": (False, False, False, None),
    "not ready, and serving was not said": (False, None, False, None),
    "not ready, serving, not ending": (False, True, False, None),
    "ending, serving": (False, True, True, " DRAINING"),
    "ending, not serving": (False, False, True, None),
    "ending, and serving was not said": (False, None, True, None),
}


@pytest.mark.parametrize(("ready", "serving", "terminating", "state"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_the_conditions_mean(
    *, ready: bool | None, serving: bool | None, terminating: bool, state: str | None
) -> None:
    """Beside an endpoint that is ready."""
    endpoint = at("10.0.0.2", ready=ready, serving=serving, terminating=terminating)
    expected = ["10.0.0.1:8080"] + ([] if state is None else [f"10.0.0.2:8080{state}"])

    assert localities(make(service(a_slice(at("10.0.0.1"), endpoint)))) == [("", expected)]


def test_if_none_is_ready_those_that_still_serve_get_the_requests() -> None:
    dead = at("10.0.0.3", ready=False)
    made = make(
        service(a_slice(ending("10.0.0.1", zone="a"), dead), a_slice(ending("10.0.0.2", zone="b"), name="echo-2"))
    )

    assert localities(made) == [("a", ["10.0.0.1:8080"]), ("b", ["10.0.0.2:8080"])]


def test_a_service_that_publishes_what_is_not_ready() -> None:
    endpoints = (at("10.0.0.1", ready=False), ending("10.0.0.2"), at("10.0.0.3", ready=False, terminating=True))
    made = make(service(a_slice(*endpoints), publish_not_ready=True))

    assert localities(made) == [("", ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"])]


def test_all_slices_are_merged_each_with_its_own_port() -> None:
    made = make(
        service(
            a_slice(at("10.0.0.9", zone="a"), name="echo-1"),
            a_slice(at("10.0.0.10", zone="a"), at("10.0.0.2", zone="b"), name="echo-2", number=9090),
            a_slice(at("10.0.0.3"), name="echo-3"),
        )
    )

    assert localities(made) == [
        ("", ["10.0.0.3:8080"]),
        ("a", ["10.0.0.9:8080", "10.0.0.10:9090"]),
        ("b", ["10.0.0.2:9090"]),
    ]


def test_a_slice_without_the_port_adds_nothing() -> None:
    """Pods that lack a named port have slices of their own."""
    others = Slice(
        name="echo-2", address_type="IPv4", ports=(SlicePort(name="admin", number=1),), endpoints=(at("10.0.0.2"),)
    )

    assert localities(make(service(a_slice(at("10.0.0.1")), others))) == [("", ["10.0.0.1:8080"])]


def test_a_slice_that_does_not_restrict_its_ports_serves_at_the_services_own() -> None:
    assert localities(make(service(a_slice(at("10.0.0.1"), number=None)))) == [("", ["10.0.0.1:80"])]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (at("10.0.0.1"), ending("10.0.0.1"), [("", ["10.0.0.1:8080", "10.0.0.9:8080"])]),
        (at("10.0.0.1", ready=False), ending("10.0.0.1"), [("", ["10.0.0.1:8080 DRAINING", "10.0.0.9:8080"])]),
        (at("10.0.0.1"), at("10.0.0.1", zone="a"), [("", ["10.0.0.9:8080"]), ("a", ["10.0.0.1:8080"])]),
    ],
    ids=["ready and ending", "dead and ending", "with a zone and without"],
)
def test_of_duplicates_the_best_counts(first: Any, second: Any, expected: Any) -> None:
    beside = at("10.0.0.9")
    for one, other in ((first, second), (second, first)):
        cluster = service(a_slice(one, beside), a_slice(other, name="echo-2"))
        assert localities(make(cluster)) == expected


def test_the_same_address_at_two_ports_is_two_endpoints() -> None:
    cluster = service(a_slice(at("10.0.0.1")), a_slice(at("10.0.0.1"), name="echo-2", number=81))

    assert localities(make(cluster)) == [("", ["10.0.0.1:81", "10.0.0.1:8080"])]


@pytest.mark.parametrize(
    ("families", "expected"),
    [
        ((), "10.0.0.1:8080 + fd00::1:8080"),
        (("IPv4", "IPv6"), "10.0.0.1:8080 + fd00::1:8080"),
        (("IPv6", "IPv4"), "fd00::1:8080 + 10.0.0.1:8080"),
    ],
    ids=["unknown", "four first", "six first"],
)
def test_an_endpoint_of_both_families_is_one(families: tuple[str, ...], expected: str) -> None:
    cluster = service(
        a_slice(at("10.0.0.1", target="pod-1", zone="a")),
        a_slice(at("fd00::1", target="pod-1", zone="a"), name="echo-2", kind="IPv6"),
        families=families,
    )

    assert localities(make(cluster)) == [("a", [expected])]


def test_who_has_no_fellow_in_the_other_family_stands_alone() -> None:
    cluster = service(
        a_slice(at("10.0.0.1", target="a"), at("10.0.0.2"), at("10.0.0.4", target="d")),
        a_slice(
            at("fd00::2"), at("fd00::3", target="c"), at("fd00::4", target="d", ready=False), name="six", kind="IPv6"
        ),
    )
    alone = ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.4:8080", "fd00::2:8080", "fd00::3:8080"]

    assert localities(make(cluster)) == [("", alone)]


def test_both_addresses_share_state_and_zone_and_each_has_its_slices_port() -> None:
    cluster = service(
        a_slice(at("10.0.0.1"), ending("10.0.0.2", target="b"), ending("10.0.0.3", target="c", zone="z")),
        a_slice(
            ending("fd00::2", target="b", zone="y"), at("fd00::3", target="c"), name="six", kind="IPv6", number=9090
        ),
    )

    assert localities(make(cluster)) == [
        ("", ["10.0.0.1:8080"]),
        ("y", ["10.0.0.2:8080 + fd00::2:9090 DRAINING"]),
        ("z", ["10.0.0.3:8080 + fd00::3:9090"]),
    ]


def test_addresses_are_the_same_in_any_spelling() -> None:
    cluster = service(a_slice(at("FD00:0::1"), at("fd00::1"), kind="IPv6"))

    assert localities(make(cluster)) == [("", ["fd00::1:8080"])]


DNS = (
    ServicePort(name="dns", number=53, protocol="UDP"),
    ServicePort(name="dns-tcp", number=53),
    ServicePort(name="metrics", number=9153),
    ServicePort(name="sip", number=5060, protocol="SCTP"),
    ServicePort(name="9153", number=1),
    ServicePort(name="sip-tcp", number=5061),
    ServicePort(name="sip-sctp", number=5061, protocol="SCTP"),
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("dns", ["UDP10.0.0.1:1053"]),
        ("dns-tcp", ["10.0.0.1:1054"]),
        ("metrics", ["10.0.0.1:1055"]),
        ("9153", ["10.0.0.1:1056"]),
        ("5061", ["10.0.0.1:1057"]),
    ],
    ids=["udp", "tcp", "a name", "a name that is a number", "a number of which Envoy speaks one"],
)
def test_a_port_is_found_by_its_name_then_by_its_number(asked: str, found: list[str]) -> None:
    ports = (
        SlicePort(name="dns", number=1053, protocol="UDP"),
        SlicePort(name="dns-tcp", number=1054),
        SlicePort(name="metrics", number=1055),
        SlicePort(name="9153", number=1056),
        SlicePort(name="sip-tcp", number=1057),
    )
    cluster = service(Slice(name="a", address_type="IPv4", ports=ports, endpoints=(at("10.0.0.1"),)), ports=DNS)

    assert localities(make(cluster, f"shop/echo:{asked}")) == [("", found)]


def test_a_port_without_a_name() -> None:
    cluster = service(unnamed(), ports=(ServicePort(number=80),))

    assert localities(make(cluster, "shop/echo:80")) == [("", ["10.0.0.1:8080"])]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ("53", "ambiguous-port", "port 53 of Service shop/echo is TCP and UDP (ask for it by its name: dns, dns-tcp)"),
        ("sip", "bad-protocol", "port sip of Service shop/echo is SCTP, which Envoy does not speak"),
        ("5060", "bad-protocol", "port 5060 of Service shop/echo is SCTP"),
        (
            "http",
            "no-port",
            "Service shop/echo has no port http (its ports are dns (53/UDP), dns-tcp (53), metrics (9153)",
        ),
        ("053", "no-port", "Service shop/echo has no port 053"),
    ],
)
def test_a_port_that_cannot_be_used(asked: str, code: str, words: str) -> None:
    made = make(service(a_slice(at("10.0.0.1")), ports=DNS), f"shop/echo:{asked}")

    assert made.json is None
    assert made.missing  # so that no Envoy keeps addresses which others will have
    assert words in only_fault(made, code)


def test_a_service_without_ports() -> None:
    assert "give the Service a port" in only_fault(make(service(ports=())), "no-port")


def test_a_service_with_very_many_ports() -> None:
    ports = tuple(ServicePort(number=number) for number in range(1, 101))

    assert only_fault(make(service(ports=ports)), "no-port").endswith("11, 12 and 88 more)")


def test_scaled_to_zero() -> None:
    """The controller leaves a slice without endpoints, and in some versions without ports."""
    made = make(service(a_slice(), Slice(name="echo-2", address_type="IPv4")))

    assert localities(made) == []


def test_no_service() -> None:
    made = make(Cluster())

    assert made.json is None
    assert made.missing
    assert only_fault(made, "no-service").startswith("there is no Service shop/echo (")


def test_no_service_although_slices_name_it() -> None:
    made = make(service(a_slice(at("10.0.0.1")), exists=False))

    assert made.json is None
    assert made.missing
    assert only_fault(made, "no-service").startswith("there is no Service shop/echo, although EndpointSlices name it")


def test_no_slices() -> None:
    made = make(service())

    assert all_of(made) == []
    assert "kubernetes.io/service-name: echo" in only_fault(made, "no-slices")


def test_no_slice_has_the_port() -> None:
    made = make(service(a_slice(at("10.0.0.1"), protocol="UDP"), unnamed()))

    assert all_of(made) == []
    words = only_fault(made, "no-slice-port")
    assert "has its port http (80)" in words
    assert "theirs are http (UDP), without a name (TCP)" in words


def test_host_names_are_refused_and_hold_up_nothing() -> None:
    names = a_slice(at("db.example"), name="echo-2", kind="FQDN")
    made = make(service(a_slice(at("10.0.0.1")), names))

    assert [short(each) for each in all_of(made)[0]["lb_endpoints"]] == ["10.0.0.1:8080"]
    words = only_fault(made, "fqdn-slice")
    assert "echo-2" in words
    assert "db.example" not in words


@pytest.mark.parametrize("address", ["10.0.0.256", "db.example", "", "fe80::1%eth0"])
def test_an_address_that_envoy_cannot_read_holds_up_nothing(address: str) -> None:
    made = make(service(a_slice(at(address), at("10.0.0.1"))))

    assert [short(each) for each in all_of(made)[0]["lb_endpoints"]] == ["10.0.0.1:8080"]
    assert "left out: 1" in only_fault(made, "bad-endpoint-address")


def test_the_basis_is_the_service_alone() -> None:
    """What else changes does not matter: the answer is the same while the Service is the same object."""
    target = MAKER.target(NAME)
    assert target is not None
    one = service(a_slice(at("10.0.0.1")))
    other = Cluster(services={**one.services, NamespacedName("shop", "db"): Service(namespace="shop", name="db")})

    assert MAKER.basis(target, one) is MAKER.basis(target, other) is not None
    assert MAKER.basis(target, Cluster()) is None


def test_a_locality_weighs_as_much_as_it_has_endpoints_for_requests() -> None:
    """So that all endpoints get alike many; and gRPC uses no locality without a weight."""
    draining = at("10.0.0.3", ready=False, serving=True, terminating=True, zone="b")
    made = make(service(a_slice(at("10.0.0.1", zone="a"), at("10.0.0.2", zone="a"), draining)))
    assert made.json is not None
    weights = [(each["locality"], each["load_balancing_weight"]) for each in made.json["endpoints"]]
    assert weights == [({"zone": "a"}, 2), ({"zone": "b"}, 1)]
