"""What is written into the status of an object. Pure: everything that decides it is here.

It is told the newest generation of the object, what is wrong with it, and what the Envoys of all replicas have of what
is served. It never claims for a generation what Envoys said of another one.

Source: https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md,
"Typical status properties".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from legation.model.delivery import Delivery, ObjectState
from legation.model.objects import show_path
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Level, Problem
from legation.model.replicas import ReplicaCount
from legation.status.words import LONGEST_MESSAGE, cut, part, reason_of, several

ACCEPTED, PROGRAMMED, REFUSED, CONFLICTED = "Accepted", "Programmed", "Refused", "Conflicted"
TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
NO_ENVOYS = "NoEnvoys"
TYPES = (ACCEPTED, PROGRAMMED, REFUSED, CONFLICTED)

CONFLICTS = frozenset({DUPLICATE_NAME, DUPLICATE_ADDRESS})
_SHOWN_PROBLEMS = 5

Status = Mapping[str, Any]
"""The status of an object as JSON."""


class _Said(NamedTuple):
    """What a condition says."""

    status: str
    reason: str
    message: str


def status_of(
    state: ObjectState, total: Delivery, *, counted: ReplicaCount, before: Status | None, now: str
) -> dict[str, Any]:
    """Return the status of an object.

    Args:
        state: What is known of it; its own `delivery` is not looked at.
        total: What the Envoys of all replicas have of the generation that is served here.
        counted: How many replicas that are.
        before: The status that it has, for the moments at which conditions changed.
        now: The moment.
    """
    is_newest = state.served == state.generation
    accepted, refused = (total.accepted, total.refused) if is_newest else (0, 0)
    said = {
        ACCEPTED: _accepted(state.problems),
        PROGRAMMED: _programmed(state, total, counted),
        REFUSED: _refused(state, total),
        CONFLICTED: _conflicted(state.problems),
    }
    return {
        "observedGeneration": state.generation,
        "programmed": f"{accepted}/{total.matching}",
        "envoys": {
            "matching": total.matching,
            "accepted": accepted,
            "refused": refused,
            "replicas": counted.replicas,
            "answered": counted.answered,
        },
        "conditions": [
            _condition(name, each, generation=state.generation, before=before, now=now) for name, each in said.items()
        ],
    }


def is_same(before: Status | None, after: Status) -> bool:
    """Say whether a status says what another one says, whenever it began to; conditions of others are not ours."""
    if before is None:
        return False
    return _without_times(before) == _without_times(after)


def is_hasty(before: Status | None, after: Status) -> bool:
    """Say whether all that is new is that the Envoys are away: they may be on their way back to a server that began."""
    if condition(after, PROGRAMMED).get("reason") != NO_ENVOYS:
        return False
    envoys = before.get("envoys") if before is not None else None
    matching = envoys.get("matching") if isinstance(envoys, Mapping) else None
    if not isinstance(matching, int) or not matching:
        return False
    others = (ACCEPTED, CONFLICTED)
    return all(condition(before, each).get("message") == condition(after, each).get("message") for each in others)


def condition(status: Status | None, name: str) -> Mapping[str, Any]:
    """Return a condition of a status, whoever wrote that; an empty one if it has none."""
    found = status.get("conditions") if status is not None else None
    for each in found if isinstance(found, list) else ():
        if isinstance(each, Mapping) and each.get("type") == name:
            return each
    return {}


def _without_times(status: Status) -> dict[str, Any]:
    plain = {name: value for name, value in status.items() if name != "conditions"}
    for name in TYPES:
        plain[name] = {key: value for key, value in condition(status, name).items() if key != "lastTransitionTime"}
    return plain


def _condition(name: str, said: _Said, *, generation: int, before: Status | None, now: str) -> dict[str, Any]:
    earlier = condition(before, name)
    since = earlier.get("lastTransitionTime")
    return {
        "type": name,
        "status": said.status,
        "observedGeneration": generation,
        "lastTransitionTime": since if earlier.get("status") == said.status and isinstance(since, str) else now,
        "reason": said.reason,
        "message": cut(said.message, LONGEST_MESSAGE),
    }


def _accepted(problems: Iterable[Problem]) -> _Said:
    own = [each for each in problems if each.code not in CONFLICTS]
    errors = [each for each in own if each.level is Level.ERROR]
    if errors:
        return _Said(FALSE, reason_of(errors[0].code), _all_words(errors))
    warnings = f", with {several(len(own), 'warning')}: {_all_words(own)}" if own else ""
    return _Said(TRUE, "Valid", f"it is valid{warnings}")


def _programmed(state: ObjectState, total: Delivery, counted: ReplicaCount) -> _Said:
    if state.served != state.generation:
        return _Said(FALSE, "NotServed", _not_served(state, total))
    progress = f"{_have_accepted(total)} generation {state.generation}"
    unheard = counted.replicas - counted.answered
    silent = f"{part(unheard, counted.replicas, 'replica')} did not tell what their Envoys have"
    if total.refused:
        refuse = "refuses" if total.refused == 1 else "refuse"
        words = f"{part(total.refused, total.matching, 'Envoy')} {refuse} generation {state.generation}"
        return _Said(FALSE, "Refused", f"{words}; {progress}")
    if total.accepted < total.matching:
        return _Said(FALSE, "Pending", progress + (f"; {silent}" if unheard else ""))
    if unheard:
        return _Said(UNKNOWN, "NotAllAnswered", f"{silent}; of the others, {progress}")
    return _Said(TRUE, "Programmed", progress) if total.matching else _reaching_nobody(state)


def _reaching_nobody(state: ObjectState) -> _Said:
    if any(each.code in CONFLICTS for each in state.problems):
        words = "what it makes is not served: another object came first"
        return _Said(FALSE, "NotServed", words)
    return _Said(FALSE, NO_ENVOYS, "no Envoy that is connected is to get it")


def _not_served(state: ObjectState, total: Delivery) -> str:
    if state.served is None:
        return f"generation {state.generation} is not served, and there is no earlier one to serve"
    return (
        f"generation {state.generation} is not served; generation {state.served} still is, "
        f"and {_have_accepted(total)} that"
    )


def _have_accepted(total: Delivery) -> str:
    return f"{part(total.accepted, total.matching, 'Envoy')} {'has' if total.accepted == 1 else 'have'} accepted"


def _refused(state: ObjectState, total: Delivery) -> _Said:
    if not total.refused:
        return _Said(FALSE, "NotRefused", "no Envoy refuses it")
    older = "" if state.served == state.generation else f"generation {state.served}, which is still served: "
    told = "; ".join(f"{each.node}: {each.resource}: {each.words}" for each in total.refusals)
    # Two of those that are told may be of one Envoy.
    more = total.refused - len({each.node for each in total.refusals})
    others = f"; and {several(more, 'more Envoy')}" if more > 0 and told else ""
    refuse = "refuses" if total.refused == 1 else "refuse"
    counts = f"{part(total.refused, total.matching, 'Envoy')} {refuse} it"
    words = f"{older}{counts}{': ' if told else ''}{told}{others}"
    return _Said(TRUE, "RefusedByEnvoy", words)


def _conflicted(problems: Iterable[Problem]) -> _Said:
    found = [each for each in problems if each.code in CONFLICTS]
    if not found:
        return _Said(FALSE, "NoConflict", "nothing that it makes is claimed by an older object")
    return _Said(TRUE, reason_of(found[0].code), _all_words(found))


def _all_words(problems: list[Problem]) -> str:
    shown = "; ".join(_words(each) for each in problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    return f"{shown}; and {more} more" if more > 0 else shown


def _words(problem: Problem) -> str:
    """Return what is wrong, where and how to mend it, without the object: it stands there."""
    where = f"{show_path(problem.path)}: " if problem.path else ""
    return f"{where}{problem.message}" + (f" ({problem.mend})" if problem.mend else "")
