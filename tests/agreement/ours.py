"""What legation says of resources that stand together in one object, and whether it names the field that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from legation.model.objects import FieldPath, ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.runtime.intake import Heard
from legation.runtime.served import Served

_KEY = ObjectKey("legation.dev", "EnvoyResources", "default", "case")
_LIST: FieldPath = ("spec", "resources")
_INNER = re.compile(r"(?<=[a-z0-9])[A-Z]")


def refusals(resources: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Return all for which these resources are not delivered as they are; warnings are none."""
    return tuple(each for each in problems(resources) if each.level is Level.ERROR)


def problems(resources: Sequence[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Return all that is said of these resources.

    The same way from an object to what Envoys get that the server and `legation validate` go.
    """
    body = {"metadata": {"name": _KEY.name}, "spec": {"resources": list(resources)}}
    manifest = ManifestObject(key=_KEY, api_version="legation.dev/v1alpha1", body=body)
    served = Served(owner=lambda _: None)
    served.update(Heard(number=1, objects={_KEY: manifest}, problems=(), broken=frozenset()))
    return served.problems


def name(found: Iterable[Problem], fields: Iterable[FieldPath]) -> bool:
    """Say whether any of the problems names any of the fields; see `names`."""
    return any(names(problem, field) for problem in found for field in fields)


def names(problem: Problem, field: FieldPath) -> bool:
    """Say whether the problem tells its reader which field is wrong.

    Its path leads there or below. Or the words name the field, and the path leads to what it stands in, at most two
    names above, or to its neighbour: what is missing has no place of its own, and a contradiction has two.

    Args:
        problem: What legation found.
        field: The field, from the list of resources on, in the spelling of the protos.
    """
    if problem.path[:2] != _LIST:
        return False
    told, wanted = _spelled(problem.path[2:]), _spelled(field)
    if told[: len(wanted)] == wanted:
        return True
    pairs = enumerate(zip(told, wanted, strict=False))
    shared = next((index for index, (one, other) in pairs if one != other), len(told))
    above = [part for part in wanted[shared:] if isinstance(part, str)]
    words = {_snake(word.strip(".")) for word in re.findall(r"[\w@.-]+", f"{problem.message} {problem.mend}")}
    return len(told) - shared <= 1 and 1 <= len(above) <= 2 and above[-1] in words


def _spelled(path: FieldPath) -> FieldPath:
    return tuple(_snake(part) if isinstance(part, str) else part for part in path)


def _snake(name: str) -> str:
    return _INNER.sub(lambda found: f"_{found[0]}", name).lower()
