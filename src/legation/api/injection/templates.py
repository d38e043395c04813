"""Where the Pods stand in the objects that make Pods. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_TEMPLATE = ("spec", "template")
_WHERE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("v1", "Pod"): (),
    ("v1", "PodTemplate"): ("template",),
    ("v1", "ReplicationController"): _TEMPLATE,
    ("apps/v1", "Deployment"): _TEMPLATE,
    ("apps/v1", "StatefulSet"): _TEMPLATE,
    ("apps/v1", "DaemonSet"): _TEMPLATE,
    ("apps/v1", "ReplicaSet"): _TEMPLATE,
    ("batch/v1", "Job"): _TEMPLATE,
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}
_Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def changed(value: Any, change: _Change) -> Any:
    """Return an object with each Pod in it changed; the very same one where nothing was.

    Args:
        value: An object of Kubernetes, or a list of them, or anything else.
        change: Returns what becomes of a Pod, or of the template of one.
    """
    if not isinstance(value, Mapping):
        return value
    kind = (str(value.get("apiVersion")), str(value.get("kind")))
    if kind[0] == "v1" and kind[1].endswith("List") and isinstance(value.get("items"), list):
        items = [changed(each, change) for each in value["items"]]
        same = all(one is other for one, other in zip(items, value["items"], strict=True))
        return value if same else {**value, "items": items}
    return _at(value, _WHERE[kind], change) if kind in _WHERE else value


def _at(value: Any, path: tuple[str, ...], change: _Change) -> Any:
    if not isinstance(value, Mapping):
        return value
    if not path:
        return change(value)
    before = value.get(path[0])
    after = _at(before, path[1:], change)
    return value if after is before else {**value, path[0]: after}
