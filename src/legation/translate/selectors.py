"""`spec.workloadSelector`: which workloads of an object's namespace get what the object holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.faults import fault, kind_of, string_map_faults

SELECTOR = "workloadSelector"
_PATH: FieldPath = ("spec", SELECTOR)
_CODE = "invalid-selector"
_MEND = "write workloadSelector: {labels: {app: edge}}, or leave it out: every workload of the namespace then gets this"


def scope_of(manifest: ManifestObject, spec: Mapping[str, Any]) -> tuple[Scope, tuple[Problem, ...]]:
    """Return who gets what the object holds, and what is wrong with the selector that says so.

    A workload must carry every label of the selector. No selector, null, and a selector without labels mean every
    workload of the namespace. Any doubt is an ERROR: configuration must not reach whom it was not meant for.
    """
    namespace = manifest.key.namespace
    selector = spec.get(SELECTOR)
    if selector is None:
        return Scope(namespace=namespace), ()
    problems = tuple(_faults(manifest, selector))
    if any(problem.level is Level.ERROR for problem in problems):
        return Scope(namespace=namespace), problems
    return Scope(namespace=namespace, labels=frozenset(selector.get("labels", {}).items())), problems


def _faults(manifest: ManifestObject, selector: object) -> Iterator[Problem]:
    if not isinstance(selector, Mapping):
        yield fault(manifest, _CODE, f"a selector must be a map, this is {kind_of(selector)}", _PATH, mend=_MEND)
        return
    for name in selector:
        if name != "labels":
            message = "a selector has labels and nothing else"
            yield fault(manifest, _CODE, message, (*_PATH, name), mend=_MEND)
    if "labels" in selector:
        yield from string_map_faults(manifest, selector["labels"], (*_PATH, "labels"), code=_CODE)
