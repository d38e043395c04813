"""How it is told what does not fit together."""

from __future__ import annotations

from legation.model.resource_types import CLUSTER, SECRET
from legation.runtime.words import OF_OBJECTS
from tests.manifests import manifest


def test_a_cluster_alone_may_be_static_in_a_bootstrap() -> None:
    static = "it is right if it is static in the Envoy's bootstrap"
    assert OF_OBJECTS.if_missing(CLUSTER, None) == static
    assert OF_OBJECTS.if_missing(CLUSTER, "web") == f'did you mean "web"? {static}'
    assert OF_OBJECTS.if_missing(SECRET, "cert") == 'did you mean "cert"?'
    assert OF_OBJECTS.if_missing(SECRET, None) == ""


def test_what_came_first_is_told_with_its_object_and_place() -> None:
    senior = manifest(name="web", namespace="shop", line=3)
    assert OF_OBJECTS.senior(senior) == " of Cluster shop/web (a.yaml:3:1), which came first"
