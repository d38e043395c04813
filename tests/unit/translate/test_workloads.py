from __future__ import annotations

import pytest

from legation.model.node import Workload
from legation.model.resource_types import RESOURCE_TYPES
from legation.translate.workloads import STEP
from tests.manifests import manifest


def test_a_pod_gives_its_envoy_labels() -> None:
    """The Envoy in a Pod calls itself by the Pod's name and namespace."""
    pod = manifest("Pod", "web.0", api_version="v1", namespace="shop", labels={"app": "edge"})

    assert STEP.translate(pod).workloads == {
        "web.0.shop": Workload(namespace="shop", labels=frozenset({("app", "edge")}))
    }


@pytest.mark.parametrize(
    ("spec", "account"), [({"serviceAccountName": "edge"}, "edge"), ({}, ""), (7, ""), ({"serviceAccountName": 7}, "")]
)
def test_a_pod_says_whose_proof_its_envoy_may_show(spec: object, account: str) -> None:
    pod = manifest("Pod", "web", api_version="v1", namespace="shop", spec=spec)

    assert STEP.translate(pod).workloads["web.shop"].service_account == account


def test_a_pod_without_labels_is_a_workload_too() -> None:
    """It gets what everybody in its namespace gets."""
    pod = manifest("Pod", "web", api_version="v1", namespace="shop")

    assert STEP.translate(pod).workloads == {"web.shop": Workload(namespace="shop")}


@pytest.mark.parametrize("labels", [{"version": 2}, ["app"]])
def test_labels_that_are_no_texts_are_a_problem(labels: object) -> None:
    """Half a set of labels would make another workload of it."""
    pod = manifest("Pod", "web", api_version="v1")
    pod.body["metadata"]["labels"] = labels
    translation = STEP.translate(pod)

    assert not translation.workloads
    assert [problem.code for problem in translation.problems] == ["invalid-labels"]


def test_a_pod_without_metadata_is_a_problem() -> None:
    """A source refuses it before; a program may not."""
    pod = manifest("Pod", "web", api_version="v1", metadata=None)

    assert [problem.code for problem in STEP.translate(pod).problems] == ["invalid-metadata"]


def test_a_broken_pod_may_cost_its_envoy_anything() -> None:
    """Without its labels it may get less than is meant for it, of every type."""
    assert STEP.may_hold(manifest("Pod", api_version="v1")) == set(RESOURCE_TYPES)
