from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES
from legation.translate import config_maps, pipeline, raw_config, traffic_split, upstream, virtual_service, workloads
from legation.translate.base import Translation
from tests.manifests import cluster, manifest
from tests.unit.translate.pipes import listener


def unknown(kind: str, api_version: str) -> Problem:
    translation = pipeline.translate(manifest(kind, api_version=api_version))
    assert translation == Translation(problems=translation.problems)
    (problem,) = translation.problems
    assert problem.code == "unknown-kind"
    return problem


def test_every_step_of_the_folder_is_found() -> None:
    """A module that has a STEP is a member; nobody lists it."""
    assert set(pipeline.STEPS) == {
        config_maps.STEP,
        raw_config.STEP,
        traffic_split.STEP,
        upstream.STEP,
        virtual_service.STEP,
        workloads.STEP,
    }


def test_an_object_is_translated_by_the_step_of_its_kind() -> None:
    """Group and kind decide, not the version."""
    assert pipeline.step_for(cluster().key) is raw_config.STEP
    assert pipeline.step_for(manifest("Pod", api_version="v1").key) is workloads.STEP
    assert pipeline.translate(cluster()).drafts
    assert pipeline.may_hold(cluster()) == {CLUSTER}


@pytest.mark.parametrize(("name", "level"), [("sepc", Level.ERROR), ("foo", Level.WARNING)])
def test_fields_beside_the_spec_that_nobody_understands_are_problems(name: str, level: Level) -> None:
    """What resembles one that is known was meant by its owner."""
    there = cluster()
    assert pipeline.translate(replace(there, body={**there.body, "status": {}})).problems == ()
    (problem,) = pipeline.translate(replace(there, body={**there.body, name: {}})).problems
    assert (problem.code, problem.level, problem.path) == ("unknown-field", level, (name,))


def test_kinds_of_kubernetes_have_their_own_fields_at_the_top() -> None:
    config = manifest("ConfigMap", api_version="v1")
    fields = {"data": {}, "binaryData": {}, "immutable": True}
    codes = {each.code for each in pipeline.translate(replace(config, body={**config.body, **fields})).problems}
    assert "unknown-field" not in codes


def being_deleted(of: ManifestObject) -> ManifestObject:
    metadata = {**of.metadata, "deletionTimestamp": "2026-01-02T03:04:05Z"}
    return replace(of, body={**of.body, "metadata": metadata})


@pytest.mark.parametrize("spec", [{"selector": {"app": "edge"}, "listeners": [listener()]}, {"broken": 1}, None])
def test_what_we_are_to_let_go_of_is_nothing_once_it_is_being_deleted(spec: Any) -> None:
    """It stays for as long as somebody's finalizer holds it; no one is to wait for that."""
    there = manifest("VirtualService", api_version="servicemesh.l7mp.io/v1", spec=spec)
    assert pipeline.translate(there) != Translation()
    assert pipeline.translate(being_deleted(there)) == Translation()


def test_a_pod_that_is_being_deleted_is_what_it_was() -> None:
    """Its Envoy runs until the Pod's end."""
    pod = manifest("Pod", api_version="v1", labels={"app": "edge"})
    assert pipeline.translate(being_deleted(pod)) == pipeline.translate(pod) != Translation()


def test_two_steps_cannot_share_a_kind() -> None:
    """Which of them would be right is nobody's guess."""
    with pytest.raises(ValueError, match="both claim Pod"):
        pipeline.by_kind([workloads.STEP, workloads.STEP])


def test_a_misspelt_kind_is_an_error_that_offers_the_nearest() -> None:
    """It may be any object of ours."""
    problem = unknown("Clutser", "bootes.io/v1")

    assert problem.level is Level.ERROR
    assert problem.mend.startswith("did you mean Cluster (bootes.io)? understood are Cluster (bootes.io), ")
    assert pipeline.may_hold(manifest("Clutser")) == set(RESOURCE_TYPES)


@pytest.mark.parametrize(("kind", "api_version"), [("Cluster", "bootes.oi/v1"), ("Pods", "v1")])
def test_a_misspelt_group_is_an_error(kind: str, api_version: str) -> None:
    """The right kind in a group that nearly exists, or nearly a Pod, was meant for us."""
    assert unknown(kind, api_version).level is Level.ERROR
    assert pipeline.may_hold(manifest(kind, api_version=api_version))


@pytest.mark.parametrize(
    ("kind", "api_version"),
    [
        ("Secret", "v1"),
        ("Service", "v1"),
        ("Deployment", "apps/v1"),
        ("Ingress", "networking.k8s.io/v1"),
        ("Gateway", "gateway.networking.k8s.io/v1"),
    ],
)
def test_other_objects_of_kubernetes_are_left_out_with_a_warning(kind: str, api_version: str) -> None:
    """They lie beside ours by right, and hold nothing of ours."""
    assert unknown(kind, api_version).level is Level.WARNING
    assert not pipeline.may_hold(manifest(kind, api_version=api_version))


def test_a_kind_of_somebody_else_is_an_error_that_costs_nothing() -> None:
    """Nobody understands it, and it holds nothing of ours."""
    assert unknown("Certificate", "cert-manager.io/v1").level is Level.ERROR
    assert not pipeline.may_hold(manifest("Certificate", api_version="cert-manager.io/v1"))
