from __future__ import annotations

from typing import Any

import pytest

from legation.model.resource_types import CLUSTER
from legation.translate.virtual_hosts import every_virtual_host, virtual_hosts

HOST = {"name": "shop", "domains": ["*"]}
V3 = "type.googleapis.com/envoy.config.route.v3.VirtualHost"


def paths(value: Any) -> list[Any]:
    return [each.path for each in virtual_hosts(value, {"shop"})]


@pytest.mark.parametrize("spelling", ["virtual_hosts", "virtualHosts"])
def test_hosts_are_found_wherever_they_stand(spelling: str) -> None:
    routes = {"name": "main", spelling: [{"name": "other"}, HOST]}
    assert paths(routes) == [(spelling, 1)]
    assert paths({"resources": [{"name": "x"}, routes, routes]}) == [
        ("resources", 1, spelling, 1),
        ("resources", 2, spelling, 1),
    ]


def test_hosts_in_a_listener_are_found() -> None:
    manager = {"typed_config": {"route_config": {"virtual_hosts": [HOST]}}}
    listener = {"name": "l", "filter_chains": [{"filters": [{"name": "tcp"}, manager]}]}
    assert paths(listener) == [("filter_chains", 0, "filters", 1, "typed_config", "route_config", "virtual_hosts", 0)]


@pytest.mark.parametrize("name", ["shop", "main/shop", "a/b/shop"])
def test_a_host_by_itself_is_called_by_what_stands_behind_the_last_slash(name: str) -> None:
    assert paths({"@type": V3, "name": name}) == [()]
    assert paths({"resources": [{"@type": V3.replace("config.route.v3", "api.v2.route"), "name": name}]})


def test_names_are_equal_letter_by_letter() -> None:
    hosts = [{"name": each} for each in ("Shop", "shop.default", "main/shop", None, 1, ["shop"])]
    assert not paths({"virtual_hosts": hosts})
    assert not paths({"@type": V3})


@pytest.mark.parametrize(
    "value",
    [None, 1, "shop", [], {}, {"virtual_hosts": HOST}, {"virtual_hosts": "shop"}, {"virtual_hosts": [1, ["shop"]]}],
    ids=repr,
)
def test_what_is_of_another_shape_holds_none(value: Any) -> None:
    assert not paths(value)


def test_what_never_holds_hosts_is_not_looked_at() -> None:
    assert not paths({"@type": CLUSTER.url, "metadata": {"virtual_hosts": [HOST]}})


def test_nobody_asked_for_is_nobody_found() -> None:
    assert not list(virtual_hosts({"virtual_hosts": [HOST]}, ()))


def test_of_all_hosts_it_is_told_which_configuration_they_are_of() -> None:
    value = {"a": {"name": "main", "virtual_hosts": [HOST, {}]}, "b": {"@type": V3, "name": "main/x/shop"}}
    found = [(each.configuration, each.name) for each in every_virtual_host(value)]
    assert found == [("main", "shop"), ("main", ""), ("main/x", "shop")]
    assert [each.configuration for each in every_virtual_host({"virtual_hosts": [HOST]})] == [""]
