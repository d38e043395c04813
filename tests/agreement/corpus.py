"""The corpus: configurations as people write them, and what Envoy says of each. `cases/*.yaml`, one file a subject.

A case has a `name`; its configuration, as `resources` or as what is `put` into a shape of `shapes.yaml` (`around`);
whether `envoy` `accepts` or `refuses` it, or `crashes`; and where it does not accept it the `field` that is to be named
(or several, of which any one is: `a | b`), below what was put, and if wanted some of Envoy's `words`. `warned` says why
we do not refuse what Envoy refuses, and only warn of it; `missed` why we say nothing at all; `unjudged` why our judge
does not refuse it.

Certificates stand as `<certificate>` and the like, and are made for each run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.agreement.certificates import texts

FOLDER = Path(__file__).parent
_HERE = "$put"
_PART = re.compile(r"\[(?P<index>\d+)\]|\[\"(?P<quoted>[^\"]*)\"\]|(?P<name>[^.\[\]]+)")

FieldPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One configuration and what is known of it; no two are the same."""

    subject: str
    name: str
    resources: tuple[Mapping[str, Any], ...]
    accepted: bool
    crashes: bool = False
    """Whether Envoy ends instead of refusing it."""
    fields: tuple[FieldPath, ...] = ()
    """What is wrong, from the list of resources on; any one of them, where they contradict each other."""
    words: str = ""
    warned: str = ""
    """Why we do not refuse it, but warn of it; empty where we do not."""
    missed: str = ""
    """Why we do not say anything; empty where we do."""
    unjudged: str = ""
    """Why the judge that legation asks does not refuse it; empty where it does."""

    @property
    def id(self) -> str:
        return f"{self.subject}: {self.name}"


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, the same ones each time."""
    return tuple(case for path in sorted((FOLDER / "cases").glob("*.yaml")) for case in _of_file(path))


def _of_file(path: Path) -> Iterator[Case]:
    content = _load(path)
    for each in content["cases"]:
        known = {"name", "resources", "put", "around", "envoy", "field", "words", "warned", "missed", "unjudged"}
        if extra := set(each) - known:
            raise ValueError(f"{path.name}: {each['name']}: unknown {sorted(extra)}")
        resources, begin = _resources(each, content.get("around", ""))
        accepted = {"accepts": True, "refuses": False, "crashes": False}[each["envoy"]]
        fields = tuple((*begin, *_field(field)) for field in each["field"].split(" | ")) if "field" in each else ()
        if accepted is bool(fields):
            raise ValueError(f"{path.name}: {each['name']}: a field belongs to what is refused")
        yield Case(
            subject=path.stem,
            name=each["name"],
            resources=tuple(_filled(resources)),
            accepted=accepted,
            crashes=each["envoy"] == "crashes",
            fields=fields,
            words=each.get("words", ""),
            warned=each.get("warned", ""),
            missed=each.get("missed", ""),
            unjudged=each.get("unjudged", ""),
        )


def _resources(case: Mapping[str, Any], around: str) -> tuple[list[Any], FieldPath]:
    if "resources" in case:
        return case["resources"], () if case.get("field", "").startswith("[") and "@" not in case["field"] else (0,)
    shape = _shapes()[case.get("around", around)]
    begin = next(_places(shape))
    return _put(shape, case["put"]), begin


@cache
def _shapes() -> Mapping[str, list[Any]]:
    shapes: Mapping[str, list[Any]] = _load(FOLDER / "shapes.yaml")
    return shapes


def _places(shape: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    match shape:
        case "$put":
            yield path
        case dict():
            if _HERE in shape:
                yield path
            for key, value in shape.items():
                yield from _places(value, (*path, key))
        case list():
            for index, value in enumerate(shape):
                yield from _places(value, (*path, index))


def _put(shape: Any, what: Any) -> Any:
    match shape:
        case "$put":
            return what
        case dict():
            more = what if _HERE in shape else {}
            return {**{key: _put(value, what) for key, value in shape.items() if key != _HERE}, **more}
        case list():
            return [_put(value, what) for value in shape]
        case _:
            return shape


def _field(text: str) -> FieldPath:
    return tuple(
        int(part["index"]) if part["index"] else part["quoted"] or part["name"] for part in _PART.finditer(text)
    )


def _load(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _filled(value: Any) -> Any:
    """Return the value with certificates in place of their names."""
    match value:
        case str():
            return texts().get(value, value)
        case dict():
            return {key: _filled(item) for key, item in value.items()}
        case list():
            return [_filled(item) for item in value]
        case _:
            return value
