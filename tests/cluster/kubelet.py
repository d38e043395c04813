"""What the kubelet would run of a Pod that was admitted: the command line and the environment of a container of it.

It knows how variables are expanded (`$(NAME)`, `$$`) and what the downward API tells. It refuses to know who runs it.

Source: third_party/forked/golang/expansion of Kubernetes, and kubelet/kubelet_pods.go
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tests.cluster.admin import Object

_REFERENCE = re.compile(r"\$(\$|\([^)]*\))")
_KEYED = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known of a Pod when its containers start."""

    name: str
    namespace: str
    ip: str
    uid: str = ""
    node_ip: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pod: Object, *, ip: str, node_ip: str = "") -> Self:
        """Return it for a Pod that the API server has."""
        found = pod["metadata"]
        return cls(
            name=found["name"],
            namespace=found["namespace"],
            ip=ip,
            uid=found.get("uid", ""),
            node_ip=node_ip,
            labels=found.get("labels") or {},
            annotations=found.get("annotations") or {},
        )

    def field(self, path: str) -> str:
        """Return what the downward API says for a field."""
        if keyed := _KEYED.fullmatch(path):
            return {"labels": self.labels, "annotations": self.annotations}[keyed[1]].get(keyed[2], "")
        return {
            "metadata.name": self.name,
            "metadata.namespace": self.namespace,
            "metadata.uid": self.uid,
            "status.podIP": self.ip,
            "status.hostIP": self.node_ip,
        }[path]


def container_of(pod: Object, name: str) -> Object:
    """Return a container of a Pod, or an init container."""
    spec = pod["spec"]
    (found,) = [each for each in (*spec.get("initContainers", ()), *spec["containers"]) if each["name"] == name]
    return dict(found)


def environment(container: Object, given: Given) -> dict[str, str]:
    """Return the variables that a container is given by its `env`."""
    found: dict[str, str] = {}
    for each in container.get("env", ()):
        source = each.get("valueFrom")
        found[each["name"]] = (
            given.field(source["fieldRef"]["fieldPath"]) if source else expanded(each.get("value", ""), found)
        )
    return found


def command_line(container: Object, given: Given) -> list[str]:
    """Return `command` and `args` as the container's process gets them."""
    variables = environment(container, given)
    return [expanded(each, variables) for each in (*container.get("command", ()), *container.get("args", ()))]


def pre_stop(container: Object) -> Sequence[str] | None:
    """Return the command that is run when the Pod begins to end; None where none is."""
    hook: Mapping[str, Any] = container.get("lifecycle", {}).get("preStop", {})
    found: Sequence[str] | None = hook.get("exec", {}).get("command")
    return found


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Return a text with its variables: `$$` is `$`, and what nobody knows stays as it is."""

    def read(found: re.Match[str]) -> str:
        return "$" if found[1] == "$" else variables.get(found[1][1:-1], found[0])

    return _REFERENCE.sub(read, text)
