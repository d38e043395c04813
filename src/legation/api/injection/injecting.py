"""A Pod with its sidecar. Pure: what is given is not changed.

It refuses to know who asks, and where the Pod comes from: the API server, or a file. The one invariant: what has been
given a sidecar once is given nothing more by the same settings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from legation.api.injection import sidecar
from legation.api.injection.annotations import BROKEN, INJECT, INJECTED, PREFIX, read_wishes
from legation.api.injection.wishes import DISABLED, ENABLED, Wishes
from legation.envoy.bootstrap_merging import merged
from legation.model.problems import Level, Problem
from legation.runtime.as_problems import told
from legation.runtime.checked_bootstrap import check_bootstrap

NOT_INJECTED = "not-injected"
"""The code of what keeps a Pod from being given a sidecar."""
_MIRROR = "kubernetes.io/config.mirror"
_PROXY, _NO_PROXY = ("HTTP_PROXY", "http_proxy"), ("NO_PROXY", "no_proxy")
_NOTHING: Mapping[str, str] = MappingProxyType({})
_BOOTSTRAP = ("metadata", "annotations", f"{PREFIX}bootstrap")


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
    read = read_wishes(annotations, defaults=defaults)
    wishes, problems = read.wishes, list(read.problems)
    if asked != ENABLED:
        return Injected(pod=pod, problems=(_neither("labels" if INJECT in labels else "annotations"), *problems))
    mine = _own(spec) if INJECTED in annotations else None
    skipped = _why_not(spec, wishes=wishes, mine=mine)
    if skipped is not None:
        return Injected(pod=pod, problems=(skipped,))
    if wishes is None:
        return Injected(pod=pod, problems=read.problems)
    made = mine
    if mine is None or renew:
        made, found = _made(wishes, labels)
        problems += found
    if made is None:
        return Injected(pod=pod, problems=tuple(problems))
    return Injected(pod=_with(pod, made, mine=mine, wishes=wishes), problems=(*problems, *_doubts(spec)))


def _made(wishes: Wishes, labels: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the container, and what is wrong with the bootstrap that was asked for."""
    start: Mapping[str, Any] = sidecar.sidecar_bootstrap(wishes)
    problems: list[Problem] = []
    if wishes.bootstrap is not None:
        both = merged(start, wishes.bootstrap)
        problems += [_of_bootstrap(told(each)) for each in both.findings]
        if both.json is None:
            return None, problems
        refused = [each for each in check_bootstrap(both.json) if each.level is Level.ERROR]
        if refused:
            return None, [*problems, *(_of_bootstrap(each, below=start) for each in refused)]
        start = both.json
        if "node" in start and {"id", "cluster"} & start["node"].keys():
            message = "who the Envoy is stands on its command line: node.id and node.cluster here are not used"
            mend = f"{PREFIX}cluster sets the cluster"
            problems.append(Problem(code=BROKEN, message=message, level=Level.WARNING, path=_BOOTSTRAP, mend=mend))
    try:
        return sidecar.container(wishes, bootstrap=start, labels=labels), problems
    except ValueError as error:
        return None, [*problems, Problem(code=BROKEN, message=str(error), path=_BOOTSTRAP)]


def _of_bootstrap(problem: Problem, *, below: Mapping[str, Any] = _NOTHING) -> Problem:
    """Return a problem of a bootstrap as one of the annotation; below it may lie what stands there already."""
    path = problem.path
    match path:
        case ("static_resources", str(name), int(index), *rest):
            path = ("static_resources", name, max(0, index - len(_list(_map(below, "static_resources"), name))), *rest)
    return replace(problem, path=(*_BOOTSTRAP, *path), object=None)


def _why_not(spec: Mapping[str, Any], *, wishes: Wishes | None, mine: Mapping[str, Any] | None) -> Problem | None:
    """Return why a Pod goes without a sidecar."""
    if "windows" in {_map(spec, "os").get("name"), _map(spec, "nodeSelector").get("kubernetes.io/os")}:
        return _skipped("it runs on Windows, for which there is no Envoy")
    if spec.get("hostNetwork") and not (wishes is not None and wishes.host_network):
        reason = "it is in the network of its node, whose ports and address it would share with others"
        return _skipped(reason, mend=f"{PREFIX}host-network: {ENABLED} gives it one all the same")
    if mine is None and any(each.get("name") == sidecar.NAME for each in _containers(spec)):
        return _skipped(f"it has a container {sidecar.NAME} of its own", mend="give that one another name")
    return None


def _doubts(spec: Mapping[str, Any]) -> list[Problem]:
    policy = spec.get("dnsPolicy", "ClusterFirst")
    resolves = policy == "ClusterFirstWithHostNet" or (policy == "ClusterFirst" and not spec.get("hostNetwork"))
    if resolves or policy == "None":
        return []
    message = f"with dnsPolicy {policy} in this Pod, no name of a Service is found by its Envoy"
    mend = "set ClusterFirstWithHostNet" if spec.get("hostNetwork") else "set ClusterFirst"
    return [
        Problem(code=NOT_INJECTED, message=message, level=Level.WARNING, path=("spec", "dnsPolicy"), mend=mend),
    ]


def _neither(where: str) -> Problem:
    message = f"it has to be {ENABLED} or {DISABLED}"
    return Problem(code=BROKEN, message=message, path=("metadata", where, INJECT))


def _skipped(reason: str, *, mend: str = "") -> Problem:
    return Problem(code=NOT_INJECTED, message=f"no sidecar is added: {reason}", level=Level.WARNING, mend=mend)


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
    if made is not mine:
        annotations[INJECTED] = _digest(made)
    made_pod = {
        **pod,
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**spec, "initContainers": after, "containers": containers},
    }
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


def _containers(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*_list(spec, "initContainers"), *_list(spec, "containers")]


def _digest(made: Mapping[str, Any]) -> str:
    """Return what tells one version of a sidecar from another."""
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:12]


def _map(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _list(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
