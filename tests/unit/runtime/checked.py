"""Resources of objects, and what of them does not fit together."""

from __future__ import annotations

from legation.model.node import Scope
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.runtime.check import check
from legation.runtime.item import Item
from tests.manifests import manifest
from tests.unit.runtime.assembled import assembly


def item(of: Resource, name: str = "it", *, namespace: str = "shop", line: int = 1, **labels: str) -> Item:
    return Item(
        resource=of,
        scope=Scope(namespace=namespace, labels=frozenset(labels.items())),
        manifest=manifest(name=name, namespace=namespace, line=line),
        path=("spec", "config"),
    )


def problems(*items: Item) -> list[Problem]:
    return list(check(assembly(items)))
