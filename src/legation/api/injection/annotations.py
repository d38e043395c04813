"""What a Pod asks of its sidecar by annotations, and what holds where it says nothing. Pure.

It refuses to know what is made of it. The one invariant: an annotation that cannot be read is a problem with its name,
and never a silent default.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from legation.api.injection.forms import RESOURCES, TABLE
from legation.api.injection.wishes import DISABLED, EXEC, IMAGE, LONGEST, NONE, TOKEN, Resources, Wishes
from legation.model.problems import Level, Problem
from legation.translate.quantities import quantity

PREFIX = "legation.dev/"
INJECT = f"{PREFIX}inject"
"""The label, and on Pods an annotation too: `enabled` or `disabled`."""
INJECTED = f"{PREFIX}injected"
"""The annotation of a Pod that has its sidecar."""
LONGEST_OTHER = 4_096
"""Characters of an annotation, but of the bootstrap."""
MOST_UNKNOWN = 10
"""So many are told one by one; to look for what was meant takes time."""
BROKEN = "broken-annotation"
"""The code of problems that are told here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What annotations say."""

    wishes: Wishes | None
    """None where one of them cannot be read, or nobody says where the control plane is."""
    problems: tuple[Problem, ...] = ()


_Defaults = Mapping[str, str]
_NOTHING: _Defaults = MappingProxyType({})


def read_wishes(
    annotations: Mapping[str, Any], *, defaults: _Defaults = _NOTHING, of_pod: Collection[str] = ()
) -> Read:
    """Return what a Pod's annotations ask for.

    Args:
        annotations: All that the Pod has.
        defaults: What holds for one that is not there, by the annotation's name without its prefix.
        of_pod: The resources, `cpu` and `memory`, that all containers of the Pod share: of these a sidecar has only
            what is asked for by an annotation.
    """
    problems = [*_unknown(annotations)]
    given: dict[str, Any] = {}
    # In the order of the table, whoever wrote it: what is told is always the same.
    for name, read in TABLE.items():
        text = annotations.get(PREFIX + name, defaults.get(name))
        if text is None:
            continue
        try:
            given |= read(_not_long(name, str(text)).strip())
        except ValueError as error:
            problems.append(_problem(name, f"{error}"))
    given_of_resources = {each: given.pop(each) for each in RESOURCES if each in given}
    try:
        asked = {each for each in RESOURCES if PREFIX + each.replace("_", "-") in annotations}
        shared = {each for each in RESOURCES if each.partition("_")[0] in of_pod}
        given_of_resources |= dict.fromkeys(shared - asked, "")
        given["resources"] = _fitting(Resources(**given_of_resources), asked=asked)
    except ValueError as error:
        problems.append(_problem("memory-limit" if "memory" in str(error) else "cpu-limit", str(error)))
    if "xds" not in given and not any(each.path[-1:] == (f"{PREFIX}xds",) for each in problems):
        problems.append(_problem("xds", "nobody says where the control plane is: it has to be HOST:PORT"))
    if any(each.level is Level.ERROR for each in problems):
        return Read(wishes=None, problems=tuple(problems))
    if given.get("tls") is False and PREFIX + "auth" not in annotations:
        # Whoever listens on the way would have it, too.
        given["auth"] = NONE
    given.setdefault("drain", NONE if "distroless" in given.get("image", IMAGE) else EXEC)
    wishes = Wishes(**given)
    clash = _clash(wishes)
    if clash is not None:
        return Read(wishes=None, problems=(*problems, clash))
    return Read(wishes=wishes, problems=tuple(problems))


def _clash(wishes: Wishes) -> Problem | None:
    if wishes.auth == TOKEN and not wishes.tls:
        mend = f"leave out {PREFIX}tls: {DISABLED}, or set it to {NONE}"
        return _problem("auth", "a token is shown over TLS alone", mend=mend)
    taken = [wishes.admin_port, wishes.ready_port, *(() if wishes.http_proxy is None else (wishes.http_proxy,))]
    if len(set(taken)) == len(taken):
        return None
    return _problem("admin-port", "the admin port, the ready port and the port of http-proxy have to be different")


def _unknown(annotations: Mapping[str, Any]) -> list[Problem]:
    found = []
    names = sorted(each.removeprefix(PREFIX) for each in annotations if each.startswith(PREFIX))
    unknown = [each for each in names if PREFIX + each not in {INJECT, INJECTED} and each not in TABLE]
    for name in unknown[:MOST_UNKNOWN]:
        near = difflib.get_close_matches(name.replace("_", "-"), TABLE, 1)
        mend = f'did you mean "{PREFIX}{near[0]}"?' if near else "see which there are, or leave it out"
        found.append(_problem(name, "no annotation of a sidecar has this name", level=Level.WARNING, mend=mend))
    if len(unknown) > MOST_UNKNOWN:
        message = f"and {len(unknown) - MOST_UNKNOWN} more that are no annotations of a sidecar"
        found.append(_problem(unknown[MOST_UNKNOWN], message, level=Level.WARNING))
    return found


def _not_long(name: str, text: str) -> str:
    """Return a text that it takes no long time to read.

    Raises:
        ValueError: It does.
    """
    if name == "bootstrap" and len(text.encode(errors="replace")) > LONGEST:
        raise ValueError(f"the bootstrap is longer than {LONGEST} bytes")
    if name != "bootstrap" and len(text) > LONGEST_OTHER:
        raise ValueError(f"it is longer than {LONGEST_OTHER} characters")
    return text


def _problem(name: str, message: str, *, level: Level = Level.ERROR, mend: str = "") -> Problem:
    path = ("metadata", "annotations", PREFIX + name)
    return Problem(code=BROKEN, message=message, level=level, path=path, mend=mend)


def _fitting(found: Resources, *, asked: Collection[str]) -> Resources:
    """Return resources with limits that are not below the requests: a limit that nobody asked for gives way.

    Raises:
        ValueError: One that was asked for is below.
    """
    values = {each: getattr(found, each) for each in RESOURCES}
    for what in ("cpu", "memory"):
        request, limit = f"{what}_request", f"{what}_limit"
        if not values[request] or not values[limit] or quantity(values[request]) <= quantity(values[limit]):
            continue
        if limit not in asked:
            values[limit] = values[request]
        elif request not in asked:
            values[request] = values[limit]
        else:
            raise ValueError(f"the limit of {what} is below what is requested")
    return Resources(**values)
