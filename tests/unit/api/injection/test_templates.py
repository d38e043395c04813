"""Where Pods stand in what makes Pods."""

from __future__ import annotations

from typing import Any

import pytest

from legation.api.injection.templates import changed

TEMPLATE: dict[str, Any] = {"spec": {"template": {"spec": {}}}}


def marked(pod: Any) -> Any:
    return {**pod, "marked": True}


@pytest.mark.parametrize(
    ("version", "kind", "rest"),
    [
        ("v1", "Pod", {}),
        ("v1", "PodTemplate", {"template": {}}),
        ("v1", "ReplicationController", TEMPLATE),
        ("apps/v1", "Deployment", TEMPLATE),
        ("apps/v1", "StatefulSet", TEMPLATE),
        ("apps/v1", "DaemonSet", TEMPLATE),
        ("apps/v1", "ReplicaSet", TEMPLATE),
        ("batch/v1", "Job", TEMPLATE),
        ("batch/v1", "CronJob", {"spec": {"jobTemplate": TEMPLATE}}),
    ],
)
def test_each_kind_that_makes_pods_has_them_changed(version: str, kind: str, rest: dict[str, Any]) -> None:
    value = {"apiVersion": version, "kind": kind, **rest}
    before = repr(value)
    assert str(changed(value, marked)).count("marked") == 1
    assert repr(value) == before
    listed = {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Service"}, value]}
    assert changed(listed, marked) == {**listed, "items": [{"kind": "Service"}, changed(value, marked)]}


def test_lists_of_one_kind_need_not_say_it_again() -> None:
    items = [{"metadata": {"name": "a"}, **TEMPLATE}, {"apiVersion": "apps/v1", "kind": "Deployment", **TEMPLATE}, None]
    found = changed({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": items}, marked)
    template = {"spec": {"template": {"spec": {}, "marked": True}}}
    assert found["items"] == [{**items[0], **template}, {**items[1], **template}, None]  # type: ignore[dict-item]  # neither is None
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [{"spec": {}}]}
    assert changed(pods, marked)["items"] == [{"spec": {}}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "a",
        {"apiVersion": "v1", "kind": "Service"},
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": None}},
        {"apiVersion": "example.com/v1", "kind": "Deployment", **TEMPLATE},
        {"apiVersion": "v1", "kind": "List", "items": [{"kind": "Service"}]},
        {"apiVersion": "v1", "kind": "List", "items": None},
    ],
)
def test_what_makes_none_stays_the_very_same(value: Any) -> None:
    assert changed(value, marked) is value
