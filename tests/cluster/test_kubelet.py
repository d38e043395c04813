"""What the kubelet would run, told without one."""

from __future__ import annotations

import pytest

from tests.cluster.kubelet import Given, command_line, container_of, environment, expanded, pre_stop

GIVEN = Given(name="web-1", namespace="shop", ip="10.0.0.1", labels={"app": "web"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$(A)", "1"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$(B)", "$(B)"),
        ("$(A", "$(A"),
        ("$A$", "$A$"),
        ("a$$b", "a$b"),
        ("$(A)$(A)", "11"),
    ],
)
def test_variables_are_put_in_as_kubernetes_has_it(text: str, found: str) -> None:
    """The cases are those of third_party/forked/golang/expansion/expand_test.go."""
    assert expanded(text, {"A": "1"}) == found


def test_a_container_is_run_with_what_its_pod_is() -> None:
    label = {"fieldRef": {"fieldPath": "metadata.labels['app']"}}
    container = {
        "name": "envoy",
        "command": ["run"],
        "args": ["$(WHO)"],
        "env": [
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "APP", "valueFrom": label},
            {"name": "WHO", "value": "$(NAME)/$(APP)"},
        ],
    }
    pod = {"spec": {"initContainers": [container], "containers": [{"name": "web"}]}}
    assert command_line(container_of(pod, "envoy"), GIVEN) == ["run", "web-1/web"]
    assert environment(container_of(pod, "web"), GIVEN) == {}
    assert pre_stop(container) is None
