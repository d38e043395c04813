from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routes, told
from tests.unit.envoy.lints.test_access import config


def hosts(*domains: tuple[str, ...]) -> dict[str, Any]:
    return routes(*(host(route(), name=f"host-{index}", domains=each) for index, each in enumerate(domains)))


DUPLICATE = "error duplicate-domain"


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        ([("a.example", "a.example")], [f"{DUPLICATE} virtual_hosts[0].domains[1]"]),
        ([("a.example",), ("b.example", "A.Example")], [f"{DUPLICATE} virtual_hosts[1].domains[1]"]),
        ([("*",), ("*",), ("*",)], [f"{DUPLICATE} virtual_hosts[{index}].domains[0]" for index in (1, 2)]),
        ([("*", "*")], [f"{DUPLICATE} virtual_hosts[0].domains[1]"]),
        ([("*.example",), ("*.EXAMPLE",)], [f"{DUPLICATE} virtual_hosts[1].domains[0]"]),
        ([("a.*",), ("a.*",)], [f"{DUPLICATE} virtual_hosts[1].domains[0]"]),
        ([("a.example", "a.example:80"), ("*.example", "a.*"), ("*",)], []),
        ([("a.*.example",)], ["warning odd-domain virtual_hosts[0].domains[0]"]),
        ([("**",)], []),
    ],
)
def test_a_domain_is_that_of_one_virtual_host(domains: list[tuple[str, ...]], expected: list[str]) -> None:
    assert told(hosts(*domains)) == expected


def test_names_tell_virtual_hosts_apart() -> None:
    one, other = (host(route(), name="shop", domains=(domain,)) for domain in ("a.example", "b.example"))

    assert told(routes(one, other)) == ["warning duplicate-virtual-host virtual_hosts[1].name"]
    assert told(routes(one, {**other, "name": "blog"})) == []


@pytest.mark.parametrize(
    ("domain", "fine"),
    [
        ("*", True),
        ("a.example:8080", True),
        ("[::1]", True),
        ("http://a.example", False),
        ("a.example/b", False),
        ("a b", False),
    ],
)
def test_domains_that_no_request_has(domain: str, *, fine: bool) -> None:
    assert told(routes(host(route(), domains=(domain,)))) == (
        [] if fine else ["warning odd-domain virtual_hosts[0].domains[0]"]
    )


def test_a_host_has_routes_or_a_matcher() -> None:
    matcher = {"on_no_match": {"action": config("envoy.config.route.v3.Route", match={"prefix": "/"}, route={})}}
    del matcher["on_no_match"]["action"]["@type"]
    matcher["on_no_match"]["action"]["typed_config"]["route"] = {"cluster": "web"}

    assert told(routes(host(matcher=matcher))) == []
    assert told(routes(host(route(), matcher=matcher))) == ["error either-or virtual_hosts[0].matcher"]
