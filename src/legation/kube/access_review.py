"""May somebody do something, as the API server says (SubjectAccessReview).

The one invariant: whatever goes wrong, nobody may. Answers are kept for some seconds, as the API server keeps its own;
one question at a time is asked about a deed, and few in all.

Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from legation.clock import Clock
from legation.errors import KubeError, KubeForbidden, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind

ACCESS_REVIEWS = ApiKind(
    group="authorization.k8s.io",
    version="v1",
    kind="SubjectAccessReview",
    plural="subjectaccessreviews",
    namespaced=False,
)
_PATIENCE = 5.0
"""Seconds for an answer."""
HOLDS_YES, HOLDS_NO = 10.0, 5.0
"""Seconds that an answer holds."""
MOST = 10_000
"""Answers that are kept."""
_AT_ONCE = 16
_WAITING = 2_000
"""Questions that may wait for their turn."""
_LONGEST = 300
"""Characters of the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody wants to do: `ResourceAttributes` of Kubernetes."""

    verb: str
    """`get`, `list`, `watch`, `create`, `patch`, `delete`."""
    group: str
    resource: str
    """The plural."""
    namespace: str
    """Empty: in every namespace, or of a kind without."""
    name: str = ""
    """Empty: any."""
    subresource: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether somebody may, and why."""

    allowed: bool
    reason: str = ""
    """What the API server says to that: for the log and its operator, as it may name rules."""
    known: bool = True
    """False: nobody could tell; then it is not allowed either, and may be a moment later."""


_AWAY = Answer(allowed=False, known=False, reason="the API server cannot be asked at the moment")
_FORBIDDEN = Answer(
    allowed=False,
    known=False,
    reason="this server may not ask the API server: its ClusterRole lacks `create` of subjectaccessreviews"
    " (see system:auth-delegator)",
)
_CROWD = Answer(allowed=False, known=False, reason="too much else is being asked")
_Question: TypeAlias = tuple[str, tuple[str, ...], Deed]


class AccessReviewer:
    """Asks the API server what its own rules (RBAC and others) say of a user."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        """Take whom to ask."""
        self._client = client
        self._clock = clock
        self._answers: OrderedDict[_Question, tuple[Answer, float]] = OrderedDict()
        self._asked: dict[_Question, asyncio.Task[Answer]] = {}
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def may(self, user: str, groups: Sequence[str], deed: Deed) -> Answer:
        """Say whether a user may do that.

        Args:
            user: The name by which the API server knows it; nobody may anything.
            groups: Those that it was authenticated with.
            deed: What it wants to do.
        """
        if not user:
            return Answer(allowed=False, reason="nobody has said who asks")
        question = (user, tuple(groups), deed)
        kept = self._answers.get(question)
        if kept is not None and self._clock.now() < kept[1]:
            return kept[0]
        task = self._asked.get(question)
        if task is None:
            if len(self._asked) >= _WAITING:
                return _CROWD
            # It goes on when who asked has gone: its own limit ends it, and the next one asks the same.
            task = self._asked[question] = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda _: self._asked.pop(question, None))
        return await asyncio.shield(task)

    async def _ask(self, question: _Question) -> Answer:
        async with self._turn:
            answer = await self._answer(question)
        if answer.known:
            self._answers[question] = answer, self._clock.now() + (HOLDS_YES if answer.allowed else HOLDS_NO)
            self._answers.move_to_end(question)
            while len(self._answers) > MOST:
                self._answers.popitem(last=False)
        return answer

    async def _answer(self, question: _Question) -> Answer:
        try:
            found = await objects.create(self._client, kind=ACCESS_REVIEWS, value=_body(question), timeout=_PATIENCE)
        except KubeForbidden:
            return _FORBIDDEN
        except (KubeError, KubeUnreachable):
            return _AWAY
        status = found.get("status")
        if not isinstance(status, dict) or not isinstance(status.get("allowed"), bool):
            return _AWAY
        # A rule that denies wins, whatever else is said.
        allowed = status["allowed"] and status.get("denied") is not True
        return Answer(allowed=allowed, reason=str(status.get("reason") or "")[:_LONGEST])


def _body(question: _Question) -> objects.Json:
    user, groups, deed = question
    attributes = {
        "verb": deed.verb,
        "group": deed.group,
        "resource": deed.resource,
        "namespace": deed.namespace,
        "name": deed.name,
        "subresource": deed.subresource,
    }
    spec = {
        "user": user,
        "groups": list(groups),
        "resourceAttributes": {name: each for name, each in attributes.items() if each},
    }
    return {"apiVersion": ACCESS_REVIEWS.api_version, "kind": ACCESS_REVIEWS.kind, "spec": spec}
