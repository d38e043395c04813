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
_TEMPLATES = sorted({path for path in _WHERE.values() if path})
_Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def changed(value: Any, change: _Change, pass_over: Callable[[str, str], object] = lambda *_: None) -> Any:
    """Return an object with each Pod in it changed; the very same one where nothing was.

    Args:
        value: An object of Kubernetes, or a list of them, or anything else.
        change: Returns what becomes of a Pod, or of the template of one.
        pass_over: Is told apiVersion and kind of an object that seems to make Pods, of a kind that is not known here.
    """
    if not isinstance(value, Mapping):
        return value
    version, kind = str(value.get("apiVersion")), str(value.get("kind"))
    if kind.endswith("List") and isinstance(value.get("items"), list):
        of_items = {} if kind == "List" else {"apiVersion": version, "kind": kind.removesuffix("List")}
        items = [_item(each, of_items, change, pass_over) for each in value["items"]]
        same = all(one is other for one, other in zip(items, value["items"], strict=True))
        return value if same else {**value, "items": items}
    if (version, kind) in _WHERE:
        return _at(value, _WHERE[version, kind], change)
    if any(_makes_pods(value, path) for path in _TEMPLATES):
        pass_over(version, kind)
    return value


def _item(value: Any, kind: Mapping[str, str], change: _Change, pass_over: Callable[[str, str], object]) -> Any:
    """Return a member of a list; those of lists of one kind need not say which it is."""
    if not isinstance(value, Mapping) or not kind or "kind" in value:
        return changed(value, change, pass_over)
    named = {**value, **kind}
    made = changed(named, change, pass_over)
    return value if made is named else {name: each for name, each in made.items() if name in value}


def _makes_pods(value: Any, path: tuple[str, ...]) -> bool:
    for name in (*path, "spec"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return isinstance(value, Mapping) and isinstance(value.get("containers"), list)


def _at(value: Any, path: tuple[str, ...], change: _Change) -> Any:
    if not isinstance(value, Mapping):
        return value
    if not path:
        return change(value)
    before = value.get(path[0])
    after = _at(before, path[1:], change)
    return value if after is before else {**value, path[0]: after}
