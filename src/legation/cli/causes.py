"""What is missing only because something else is broken: told with the mend that takes both away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from legation.envoy.findings import quote
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem

_OF_ROUTES = frozenset({"EnvoyResources", "ConfigMap", "Route", "Listener"})
_HOLDERS = {
    "dangling-reference": frozenset({"EnvoyResources", "ConfigMap"}),
    "split-without-host": _OF_ROUTES,
    "upstream-without-route": _OF_ROUTES,
}
"""By code: the kinds that may hold what is missing, and whose names say nothing of it."""


def with_causes(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems; of a name that nobody has it is told which broken object may have it."""
    found = list(problems)
    errors = [each for each in found if each.level is Level.ERROR]
    broken = list(dict.fromkeys(each.object for each in errors if each.object is not None))
    unread = list(dict.fromkeys(each.place.file for each in errors if each.object is None and each.place is not None))
    for each in found:
        if each.code in _HOLDERS and each.object is not None:
            yield replace(each, mend=_mend(each, each.object.namespace, broken, unread))
        else:
            yield each


def _mend(problem: Problem, namespace: str, broken: list[ObjectKey], unread: list[str]) -> str:
    near = [key for key in broken if key.namespace == namespace]
    # The message names what refers first, and what is missing last.
    _, _, missing = problem.message.partition(" refers to ")
    for key in near:
        if f" {quote(key.name)}" in missing:
            return f"mend {key} first, which is broken"
    holders = _HOLDERS[problem.code]
    holding = next((f"{key}, which is broken" for key in near if key.kind in holders), "")
    holding = holding or (f"{unread[0]}, which cannot be read" if unread else "")
    return "; ".join(filter(None, (holding and f"it may be in {holding}", problem.mend)))
