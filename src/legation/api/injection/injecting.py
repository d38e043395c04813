"""A Pod with its sidecar. Pure: what is given is not changed.

It refuses to know who asks, and where the Pod comes from: the API server, or a file. The one invariant: what has been
given a sidecar once is given nothing more by the same settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from legation.api.injection import fitting, sidecar, volumes
from legation.api.injection.annotations import BROKEN, INJECT, INJECTED, read_wishes
from legation.api.injection.starting import BOOTSTRAP, started
from legation.api.injection.wishes import DISABLED, ENABLED, Wishes
from legation.model.problems import Level, Problem

_MIRROR = "kubernetes.io/config.mirror"
_PROXY, _NO_PROXY = ("HTTP_PROXY", "http_proxy"), ("NO_PROXY", "no_proxy")
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """What became of a Pod."""

    pod: Mapping[str, Any]
    """As it is to be; the very one that was given where nothing is to change."""
    problems: tuple[Problem, ...] = ()
    """With one of level ERROR the Pod must not run as it is: it asks for a sidecar that nobody can make."""


def inject(pod: Mapping[str, Any], *, defaults: Mapping[str, str] = _NOTHING, renew: bool = False) -> Injected:
    """Return a Pod, or the template of one, with its sidecar.

    Args:
        pod: The Pod: `metadata` and `spec`.
        defaults: What holds for annotations that the Pod does not have, by name without the prefix; `xds` among them.
        renew: Whether a sidecar that is there already is made anew; else it is left as it is.
    """
    metadata, spec = _map(pod, "metadata"), _map(pod, "spec")
    annotations, labels = _map(metadata, "annotations"), _map(metadata, "labels")
    asked = labels.get(INJECT, annotations.get(INJECT, ENABLED))
    if asked == DISABLED or _MIRROR in annotations or not spec.get("containers"):
        return Injected(pod=pod)
    read = read_wishes(annotations, defaults=defaults, of_pod=fitting.shared_resources(spec))
    wishes, problems = read.wishes, list(read.problems)
    if asked != ENABLED:
        return Injected(pod=pod, problems=(_neither("labels" if INJECT in labels else "annotations"), *problems))
    mine = _own(spec) if INJECTED in annotations else None
    skipped = fitting.why_not(spec, wishes=wishes, has_own=mine is None and _has(spec, sidecar.NAME))
    if skipped is not None:
        return Injected(pod=pod, problems=(skipped,))
    if wishes is None:
        return Injected(pod=pod, problems=read.problems)
    made = mine
    if mine is None or renew:
        wishes, clashes = fitting.fitted(spec, wishes, asked=annotations.keys(), has_own=mine is None)
        made, found = _made(wishes, labels)
        problems += [*clashes, *found]
    if made is None or any(each.level is Level.ERROR for each in problems):
        return Injected(pod=pod, problems=tuple(problems))
    return Injected(pod=_with(pod, made, mine=mine, wishes=wishes), problems=tuple(problems))


def _made(wishes: Wishes, labels: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the container, and what is wrong with the bootstrap that was asked for."""
    start = started(wishes)
    if start.json is None:
        return None, [*start.problems]
    try:
        return sidecar.container(wishes, bootstrap=start.json, labels=labels), [*start.problems]
    except ValueError as error:
        return None, [*start.problems, Problem(code=BROKEN, message=str(error), path=BOOTSTRAP)]


def _neither(where: str) -> Problem:
    message = f"it has to be {ENABLED} or {DISABLED}"
    return Problem(code=BROKEN, message=message, path=("metadata", where, INJECT))


# ---- the Pod as it is to be


def _with(
    pod: Mapping[str, Any], made: Mapping[str, Any], *, mine: Mapping[str, Any] | None, wishes: Wishes
) -> Mapping[str, Any]:
    """Return a Pod with this sidecar: in the place of its own, or before all others, which may then use it."""
    metadata, spec = _map(pod, "metadata"), _map(pod, "spec")
    before = _list(spec, "initContainers")
    after = [made, *before] if mine is None else [made if each is mine else each for each in before]
    if wishes.http_proxy is not None:
        after = [each if each.get("name") == sidecar.NAME else _proxied(each, wishes) for each in after]
    containers = [_proxied(each, wishes) for each in _list(spec, "containers")]
    annotations = dict(_map(metadata, "annotations"))
    made_spec = {**spec, "initContainers": after, "containers": containers}
    if made is not mine:
        annotations[INJECTED] = _digest(made, *volumes.volumes(wishes))
        both = volumes.joined(_list(spec, "volumes"), wishes)
        if both or "volumes" in spec:
            made_spec["volumes"] = both
    made_pod = {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": made_spec}
    return pod if made_pod == pod else made_pod


def _proxied(container: Mapping[str, Any], wishes: Wishes) -> Mapping[str, Any]:
    """Return a container that sends its requests to a listener of its Envoy, if it sends them nowhere else yet."""
    if wishes.http_proxy is None:
        return container
    given = _list(container, "env")
    names = {each.get("name") for each in given}
    if names & {*_PROXY}:
        return container
    more = [{"name": each, "value": f"http://127.0.0.1:{wishes.http_proxy}"} for each in _PROXY]
    if not names & {*_NO_PROXY}:
        more += [{"name": each, "value": wishes.no_proxy.replace("$", "$$")} for each in _NO_PROXY]
    return {**container, "env": [*given, *more]}


def _own(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the sidecar that a Pod has already."""
    found = (each for each in _list(spec, "initContainers") if each.get("name") == sidecar.NAME)
    return next((each for each in found if each.get("restartPolicy") == "Always"), None)


def _has(spec: Mapping[str, Any], name: str) -> bool:
    return any(each.get("name") == name for each in (*_list(spec, "initContainers"), *_list(spec, "containers")))


def _digest(*made: Mapping[str, Any]) -> str:
    """Return what tells one version of a sidecar from another."""
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:12]


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
