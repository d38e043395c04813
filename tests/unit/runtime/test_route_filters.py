"""What routes say for filters that nobody has."""

from __future__ import annotations

from typing import Any

from legation.model.node import Scope
from legation.model.objects import show_path
from legation.model.problems import Level, Problem
from legation.runtime.check import check
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.unit.envoy.configs import ADS, ROUTER, ROUTES, TYPE, hcm, listener, resource_of, routes
from tests.unit.runtime.assembled import assembly

CORS = {"name": "cors", "typed_config": {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.Cors"}}
POLICY = {"@type": f"{TYPE}envoy.extensions.filters.http.cors.v3.CorsPolicy"}


def item(json: dict[str, Any], name: str, **labels: str) -> Item:
    scope = Scope(namespace="shop", labels=frozenset(labels.items()))
    of = manifest(name=name, namespace="shop")
    return Item(resource=resource_of(json), scope=scope, manifest=of, json=json, path=("spec", "config"))


def taker(*filters: dict[str, Any], name: str = "edge", **labels: str) -> Item:
    rds = {"route_config_name": "web", "config_source": ADS}
    return item(listener(hcm(*filters, ROUTER, rds=rds), name=name), name, **labels)


def configuring(*names: str, **labels: str) -> Item:
    config = routes({"cluster": "a"}, typedPerFilterConfig=dict.fromkeys(names, POLICY))
    return item({"@type": ROUTES, **config}, "routes", **labels)


def told(*items: Item) -> list[Problem]:
    return [each for each in check(assembly(items)) if each.code == "unknown-filter"]


def test_a_name_that_no_listener_knows_is_told_with_its_place() -> None:
    (problem,) = told(taker(CORS), configuring("cors", "cros"))

    assert problem.level is Level.WARNING
    assert problem.object is not None
    assert problem.object.name == "routes"
    assert show_path(problem.path) == "spec.config.virtual_hosts[0].typedPerFilterConfig.cros"
    assert '"cors"' in problem.mend


def test_one_listener_that_knows_it_is_enough() -> None:
    assert told(taker(name="bare"), taker(CORS), configuring("cors")) == []


def test_routes_that_nobody_takes_are_told_of_nothing() -> None:
    assert told(configuring("cors")) == []
    assert told(taker(app="edge"), configuring("cors", app="web")) == []
