"""A small server, asked where things come from and who has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.node import Node
from legation.model.objects import FieldPath, ManifestObject, Place
from legation.model.trail import AskedNode, NodeResources
from legation.runtime.admission import Rules
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Hub
from legation.runtime.inquiry import Inquiry
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from legation.testing import ManualClock
from tests.fakes import FakeClient
from tests.manifests import cluster
from tests.small_cluster import SmallCluster
from tests.unit.translate.pairs import NOW


class Owner:
    """A source that knows the line of each field: that of the object and one more for each part of its path."""

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        return None if place is None else Place(place.file, place.line + len(path), 1)


class World:
    """A server without ports, and Envoys without streams."""

    def __init__(self, *objects: ManifestObject, kube: SmallCluster | None = None, rules: Rules | None = None) -> None:
        owner: Any = Owner()
        self.clock = ManualClock()
        self.served = Served(owner=lambda _: owner, rules=rules, unix_time=lambda: NOW)
        self.feedback = Feedback(clock=self.clock)
        self.hub = Hub(self.served, feedback=self.feedback)
        self.inquiry = Inquiry(self.served.trail, accounts=lambda: self.feedback.accounts)
        self.kube = kube
        self.let(*objects)

    def let(self, *objects: ManifestObject) -> None:
        known = {each.key: each for each in objects}
        kube = self.kube.now() if self.kube is not None else None
        heard = Heard(number=1, objects=known, problems=(), broken=frozenset(), cluster=kube)
        if self.served.update(heard):
            self.hub.reseat()
        else:
            self.hub.publish()

    def envoy(self, node: str = "edge.shop", **labels: str) -> FakeClient:
        return FakeClient(self.hub, Node(id=node, metadata={"labels": labels}))

    def of_node(self, node: str, *, namespace: str = "", labels: Mapping[str, str] | None = None) -> NodeResources:
        found = self.inquiry.of_node(AskedNode(id=node, namespace=namespace, labels=labels or {}))
        assert isinstance(found, NodeResources)
        return found


def web(seconds: int = 1, *, file: str = "web.yaml", **fields: Any) -> ManifestObject:
    config = {"name": "web", "type": "STATIC", "connect_timeout": f"{seconds}s"}
    return cluster("web", config=config, file=file, line=12, namespace="shop", **fields)
