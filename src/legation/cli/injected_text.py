"""A file of manifests with sidecars in it: each document that makes Pods written anew, every other byte as it was.

It refuses to know what a sidecar is. The one invariant: what is returned holds all documents, in their order, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from legation.api.injection.injecting import inject
from legation.api.injection.templates import changed
from legation.cli import printing
from legation.model.objects import Place
from legation.model.problems import Level, Problem
from legation.texts import kubectl_yaml
from legation.texts.kubectl_yaml import Loaded, YamlFault

_BOUNDARY = re.compile(r"^---(?=[ \t\r\n]|$)[^\n]*(?:\n|$)", re.MULTILINE)
"""As kubectl cuts, before anything is parsed."""
_HEAD = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")
"""Comments above everything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedText:
    """What became of a file."""

    text: str | None
    """None where a document cannot be read, or asks for what nobody can make."""
    problems: tuple[Problem, ...] = ()


def injected(file: str, text: str, *, defaults: Mapping[str, str]) -> InjectedText:
    """Return the text of a file with sidecars.

    Args:
        file: What it is called in problems.
        text: What stands in it.
        defaults: What holds for annotations that a Pod does not have.
    """
    problems: list[Problem] = []
    parts: list[str] = []
    for part, above, is_boundary in _parts(text):
        if is_boundary:
            parts.append(part)
            continue
        try:
            found = kubectl_yaml.load(part)
        except YamlFault as fault:
            place = Place(file, above + fault.line, fault.column)
            problems.append(Problem(code=fault.code, message=fault.message, mend=fault.mend, place=place))
            continue
        value, more = _changed(found, defaults, Place(file, above + 1, 1))
        problems += more
        parts.append(part if value is found.value else _written(value, part))
    broken = any(each.level is Level.ERROR for each in problems)
    return InjectedText(text=None if broken else "".join(parts), problems=tuple(problems))


def _changed(found: Loaded, defaults: Mapping[str, str], place: Place) -> tuple[Any, list[Problem]]:
    problems: list[Problem] = []

    def with_sidecar(pod: Mapping[str, Any]) -> Mapping[str, Any]:
        made = inject(pod, defaults=defaults, renew=True)
        problems.extend(replace(each, place=place) for each in made.problems)
        return made.pod

    return changed(found.value, with_sidecar), problems


def _written(value: Any, before: str) -> str:
    head = _HEAD.match(before)
    comments = head[0] if head else ""
    if before[len(comments) :].startswith("{"):
        return comments + printing.to_json(value)
    return comments + printing.to_yaml(value)


def _parts(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield documents and what stands between them, with the lines above each and whether it is a boundary."""
    at = 0
    for boundary in _BOUNDARY.finditer(text):
        yield text[at : boundary.start()], text.count("\n", 0, at), False
        yield boundary[0], 0, True
        at = boundary.end()
    yield text[at:], text.count("\n", 0, at), False
