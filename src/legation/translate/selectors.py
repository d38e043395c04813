"""Which workloads of an object's namespace get what the object holds. Pure.

`spec.workloadSelector` says it, or an annotation where there is no `spec`. A workload must carry every label of the
selector; no selector means every workload of the namespace. Any doubt is an ERROR: configuration must not reach whom it
was not meant for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.faults import fault, kind_of, string_map_faults

SELECTOR = "workloadSelector"
_PATH: FieldPath = ("spec", SELECTOR)
_CODE = "invalid-selector"
ANNOTATION = "legation.dev/workload-selector"
_ANNOTATIONS: FieldPath = ("metadata", "annotations")
_WORD = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_TERM = re.compile(rf"(?P<key>(?:[a-z0-9](?:[-a-z0-9.]{{0,251}}[a-z0-9])?/)?{_WORD})=(?P<value>(?:{_WORD})?)", re.ASCII)
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set"""
_MEND_ANNOTATION = f'write {ANNOTATION}: "app=edge,tier=front", or leave it out: every workload of the namespace then '
_MEND_ANNOTATION += "gets this"
_MEND = "write workloadSelector: {labels: {app: edge}}, or leave it out: every workload of the namespace then gets this"


def scope_of(manifest: ManifestObject, spec: Mapping[str, Any]) -> tuple[Scope, tuple[Problem, ...]]:
    """Return who gets what the object holds, and what is wrong with the selector that says so.

    Null, and a selector without labels, mean every workload of the namespace, too.
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


def scope_of_annotation(manifest: ManifestObject) -> tuple[Scope, tuple[Problem, ...]]:
    """Return who gets what the object holds, and what is wrong with the annotation that says so."""
    everyone = Scope(namespace=manifest.key.namespace)
    annotations = manifest.metadata.get("annotations")
    if annotations is None:
        return everyone, ()
    if not isinstance(annotations, Mapping):
        message = f"annotations must be a map, this is {kind_of(annotations)}"
        return everyone, (fault(manifest, _CODE, message, _ANNOTATIONS),)
    if ANNOTATION not in annotations:
        return everyone, ()
    labels, words = _labels(annotations[ANNOTATION])
    if words:
        path = (*_ANNOTATIONS, ANNOTATION)
        return everyone, (fault(manifest, _CODE, words, path, mend=_MEND_ANNOTATION),)
    return Scope(namespace=manifest.key.namespace, labels=frozenset(labels.items())), ()


def _labels(text: object) -> tuple[dict[str, str], str]:
    """Return the labels, and what is wrong with the text."""
    if not isinstance(text, str):
        return {}, f"the selector must be text, this is {kind_of(text)}"
    found: dict[str, str] = {}
    for each in text.split(","):
        term = _TERM.fullmatch(each.strip())
        if term is None:
            return {}, "a selector is a list of label=value and nothing else, with commas in between"
        if found.setdefault(term["key"], term["value"]) != term["value"]:
            return {}, "the selector asks for one label with two values, which no workload has"
    return found, ""
