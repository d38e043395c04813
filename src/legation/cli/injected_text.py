"""A file of manifests with sidecars in it: each document that makes Pods written anew, every other byte as it was.

It refuses to know what a sidecar is. The one invariant: what is returned holds all documents, in their order, or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from legation.api.injection.fitting import NOT_INJECTED
from legation.api.injection.injecting import inject
from legation.api.injection.templates import changed
from legation.cli import printing
from legation.model.objects import Place
from legation.model.problems import Level, Problem
from legation.texts import kubectl_yaml
from legation.texts.kubectl_yaml import Loaded, YamlFault

_BOUNDARY = re.compile(r"^---(?=[ \t\r\n]|$)[^\n]*(?:\n|$)", re.MULTILINE)
"""As kubectl cuts, before anything is parsed."""
_SPACE = re.compile(r"[ \t\r\n]*")
_JSON = json.JSONDecoder()
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

    def pass_over(version: str, kind: str) -> None:
        message = f"no sidecar is added to a {kind} of {version}: where such a one has its Pods is not known here"
        mend = "they are given theirs when they are created, where the injector runs and they ask for it"
        problems.append(Problem(code=NOT_INJECTED, message=message, level=Level.WARNING, mend=mend, place=place))

    def with_sidecar(pod: Mapping[str, Any]) -> Mapping[str, Any]:
        made = inject(pod, defaults=defaults, renew=True)
        problems.extend(replace(each, place=place) for each in made.problems)
        return made.pod

    return changed(found.value, with_sidecar, pass_over), problems


def _written(value: Any, before: str) -> str:
    head = _HEAD.match(before)
    comments = head[0] if head else ""
    is_json = before[len(comments) :].lstrip().startswith("{")
    text = printing.to_json(value) if is_json else printing.to_yaml(value)
    return comments + (text.replace("\n", "\r\n") if "\r\n" in before else text)


def _parts(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield documents and what stands between them, with the lines above each and whether it is a boundary."""
    at = 0
    for boundary in _BOUNDARY.finditer(text):
        yield from _documents(text[at : boundary.start()], text.count("\n", 0, at))
        yield boundary[0], 0, True
        at = boundary.end()
    yield from _documents(text[at:], text.count("\n", 0, at))


def _documents(part: str, above: int) -> Iterator[tuple[str, int, bool]]:
    """Yield what stands between two boundaries: one document, or several of JSON one after the other."""
    at, begin = 0, _SPACE.match(part)
    while begin is not None and part.startswith("{", begin.end()):
        try:
            _, end = _JSON.raw_decode(part, begin.end())
        except (ValueError, RecursionError):
            break
        begin = _SPACE.match(part, end)
        if begin is None or not part.startswith("{", begin.end()):
            break
        yield part[at : begin.end()], above + part.count("\n", 0, at), False
        at = begin.end()
    yield part[at:], above + part.count("\n", 0, at), False
