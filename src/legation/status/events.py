"""Which Events an object deserves, and what an Event looks like. Pure.

An Event is for a change of mind: an object is broken or mended, it reached every Envoy, an Envoy refuses it or no
longer does, another object has its name. That Envoys come and go, and that a change is on its way, is none.

Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.status.conditions import (
    ACCEPTED,
    CONFLICTED,
    FALSE,
    PROGRAMMED,
    REFUSED,
    TRUE,
    Status,
    condition,
)
from legation.status.words import LONGEST_NOTE, cut, rfc3339_micro

EVENTS = ApiKind(group="events.k8s.io", version="v1", kind="Event", plural="events")
CONTROLLER = "legation.dev/legation"
_LONGEST_INSTANCE = 128
_LONGEST_REASON = 128
_LONGEST_PREFIX = 57


@dataclass(frozen=True, slots=True)
class News:
    """What an Event tells."""

    type: Literal["Normal", "Warning"]
    reason: str
    note: str
    action: str
    """What was done when this became known, in one word."""


def news_of(before: Status | None, after: Status, *, good: bool = True) -> tuple[News, ...]:
    """Return what is to be told of a change.

    Args:
        before: The status before; None: there was none.
        after: The status now.
        good: Whether what is right is told, too; what is wrong always is.
    """
    generation = after.get("observedGeneration")
    found = (
        *_about_acceptance(before, after, generation),
        *_about_conflicts(before, after, generation),
        *_about_refusals(before, after),
        *_about_delivery(before, after, generation),
    )
    return tuple(each for each in found if good or each.type == "Warning")


def event(news: News, state: ObjectState, kind: ApiKind, *, instance: str, now: datetime) -> dict[str, Any]:
    """Return the Event.

    Args:
        news: What it tells.
        state: Of which object.
        kind: That object's kind.
        instance: Who tells it.
        now: The moment.
    """
    key = state.key
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        # The API server cuts what it makes names of, and wants a dash at its end.
        "metadata": {"generateName": key.name[:_LONGEST_PREFIX].rstrip(".-") + "-", "namespace": key.namespace},
        "eventTime": rfc3339_micro(now),
        "reportingController": CONTROLLER,
        "reportingInstance": instance[-_LONGEST_INSTANCE:],
        "regarding": {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "namespace": key.namespace,
            "name": key.name,
            "uid": state.uid,
        },
        "type": news.type,
        "reason": news.reason[:_LONGEST_REASON],
        "action": news.action,
        "note": cut(news.note, LONGEST_NOTE),
    }


def _about_acceptance(before: Status | None, after: Status, generation: Any) -> Iterator[News]:
    was, now = condition(before, ACCEPTED), condition(after, ACCEPTED)
    if now["status"] == FALSE and _opinion(was) != _opinion(now):
        yield News("Warning", now["reason"], f"generation {generation} is not valid: {now['message']}", "Read")
    if now["status"] == TRUE and was.get("status") == FALSE:
        yield News("Normal", "Accepted", f"generation {generation} is valid", "Read")


def _about_conflicts(before: Status | None, after: Status, generation: Any) -> Iterator[News]:
    was, now = condition(before, CONFLICTED), condition(after, CONFLICTED)
    if now["status"] == TRUE and _opinion(was) != _opinion(now):
        yield News("Warning", now["reason"], now["message"], "Read")
    if now["status"] == FALSE and was.get("status") == TRUE:
        yield News("Normal", "NoConflict", f"generation {generation} has no conflict any more", "Read")


def _about_refusals(before: Status | None, after: Status) -> Iterator[News]:
    was, now = condition(before, REFUSED), condition(after, REFUSED)
    # Who refuses it may change every second: that is told in the status alone.
    if now["status"] == TRUE and was.get("status") != TRUE:
        yield News("Warning", now["reason"], now["message"], "Deliver")
    if now["status"] == FALSE and was.get("status") == TRUE:
        yield News("Normal", "NotRefused", "no Envoy refuses it any more", "Deliver")


def _about_delivery(before: Status | None, after: Status, generation: Any) -> Iterator[News]:
    was, now = condition(before, PROGRAMMED), condition(after, PROGRAMMED)
    if now["status"] == TRUE and was.get("status") != TRUE:
        # Without a number of Envoys: that is another one all the time, and no other news.
        yield News("Normal", "Programmed", f"every Envoy that gets it has accepted generation {generation}", "Deliver")


def _opinion(said: Any) -> tuple[Any, ...]:
    return said.get("status"), said.get("reason"), said.get("message")
