"""What the Envoy of a sidecar starts with: ours, and what its Pod wants merged over it. Pure.

It refuses to know the Pod. The one invariant: what is returned is a bootstrap with which Envoy starts, as far as it can
be told, or None and why. What was made last is remembered, because all Pods of a Deployment ask for the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from legation.api.injection.annotations import BROKEN, PREFIX
from legation.api.injection.sidecar import sidecar_bootstrap
from legation.api.injection.wishes import IMAGE, Wishes
from legation.envoy.bootstrap_merging import merged
from legation.model.problems import Level, Problem
from legation.runtime.as_problems import told
from legation.runtime.checked_bootstrap import check_bootstrap

BOOTSTRAP = ("metadata", "annotations", f"{PREFIX}bootstrap")
MOST_PROBLEMS = 100
_REMEMBERED = 16
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_UNKNOWN_TYPE = "unknown-type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What became of a bootstrap."""

    json: Mapping[str, Any] | None
    problems: tuple[Problem, ...] = ()


def started(wishes: Wishes) -> Start:
    """Return what a sidecar's Envoy starts with."""
    if wishes.bootstrap is None:
        return Start(json=sidecar_bootstrap(wishes))
    asked = Wishes(
        xds=wishes.xds,
        admin_port=wishes.admin_port,
        ready_port=wishes.ready_port,
        wait=wishes.wait,
        image=wishes.image,
        tls=wishes.tls,
        server_name=wishes.server_name,
        auth=wishes.auth,
    )
    return _both(json.dumps(wishes.bootstrap), asked)


@lru_cache(maxsize=_REMEMBERED)
def _both(more: str, wishes: Wishes) -> Start:
    start = sidecar_bootstrap(wishes)
    both = merged(start, json.loads(more))
    problems = [_of_annotation(_as_meant(told(each), wishes)) for each in both.findings]
    if both.json is None:
        return Start(json=None, problems=_most(problems))
    looked_at = [_of_annotation(each, below=start) for each in check_bootstrap(both.json)]
    looked_at += _taken(both.json, wishes, below=start)
    refused = [each for each in (*problems, *looked_at) if each.level is Level.ERROR]
    if refused:
        paths = {each.path for each in refused}
        return Start(json=None, problems=_most([*refused, *(each for each in problems if each.path not in paths)]))
    if {"id", "cluster"} & both.json.get("node", {}).keys():
        message = "who the Envoy is stands on its command line: node.id and node.cluster here are not used"
        mend = f"{PREFIX}cluster sets the cluster"
        problems.append(Problem(code=BROKEN, message=message, level=Level.WARNING, path=BOOTSTRAP, mend=mend))
    return Start(json=both.json, problems=_most(problems))


def _most(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return as many as anybody reads, the errors first."""
    return tuple(sorted(problems, key=lambda each: each.level is not Level.ERROR)[:MOST_PROBLEMS])


def _as_meant(problem: Problem, wishes: Wishes) -> Problem:
    """Return a doubt as an error where the image is Envoy's own: it has no extensions but those that are known."""
    if problem.code == _UNKNOWN_TYPE and problem.path[:1] == ("stats_sinks",) and wishes.image == IMAGE:
        return replace(problem, message="this type is unknown: Envoy does not start", level=Level.ERROR)
    return problem


def _taken(both: Mapping[str, Any], wishes: Wishes, *, below: Mapping[str, Any]) -> list[Problem]:
    """Return the listeners at ports that a sidecar needs for itself."""
    found = []
    ours = len(_listeners(below))
    for index, each in enumerate(_listeners(both)[ours:], start=ours):
        address = each.get("address", {}).get("socket_address", {})
        name = {wishes.admin_port: "admin-port", wishes.ready_port: "ready-port"}.get(address.get("port_value"))
        if name is None or address.get("protocol", "TCP") != "TCP":
            continue
        path = ("static_resources", "listeners", index, "address")
        message = "the sidecar needs this port for itself"
        problem = Problem(code=BROKEN, message=message, path=path, mend=f"{PREFIX}{name} chooses another one for it")
        found.append(_of_annotation(problem, below=below))
    return found


def _of_annotation(problem: Problem, *, below: Mapping[str, Any] = _NOTHING) -> Problem:
    """Return a problem of a bootstrap as one of the annotation; below it may lie what stands there already."""
    path = problem.path
    match path:
        case ("static_resources", str(name), int(index), *rest):
            ours = len(below.get("static_resources", {}).get(name, ()))
            path = ("static_resources", name, max(0, index - ours), *rest)
    return replace(problem, path=(*BOOTSTRAP, *path), object=None)


def _listeners(bootstrap: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = bootstrap.get("static_resources", {}).get("listeners", [])
    return found
