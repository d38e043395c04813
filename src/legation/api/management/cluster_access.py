"""Who may do what, as the rules of the cluster say it of the caller: never of this program itself.

This program may do more in the cluster than most who call it. So before it acts for somebody the API server is asked
whether they may, by their own name, verb, kind, namespace and name.

Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from legation.api.management.access import ALLOWED, Answer, Deed, Principal, Sight, Verb
from legation.kube import access_review
from legation.model.api_kinds import ApiKind

_VERBS = {
    Verb.GET: "get",
    Verb.LIST: "list",
    Verb.WATCH: "watch",
    Verb.CREATE: "create",
    Verb.PATCH: "patch",
    Verb.DELETE: "delete",
    # As with the API server itself: who may patch may force, and who may get is shown all.
    Verb.FORCE: "patch",
    Verb.SECRETS: "get",
}
_AT_ONCE = 8
"""Questions at a time for one call: others that ask meanwhile have their turn, too."""


class Reviewer(Protocol):
    """Asks the API server. `legation.kube.access_review.AccessReviewer` fulfils it."""

    async def may(self, user: str, groups: Sequence[str], deed: access_review.Deed) -> access_review.Answer:
        """Say whether a user may do that."""
        ...


class ClusterAccess:
    """Fulfils `Access`."""

    def __init__(self, reviewer: Reviewer, *, kinds: Iterable[ApiKind]) -> None:
        """Take whom to ask, and the kinds that are served."""
        self._reviewer = reviewer
        self._kinds = {(each.group, each.kind): each for each in kinds}

    async def may(self, who: Principal, deeds: Sequence[Deed]) -> tuple[Answer, ...]:
        """Return an answer for each of the deeds: most are answered for a namespace as a whole."""
        wide = {self._asked(each, whole=True) for each in deeds} - {None}
        answers = dict(zip(wide, await self._all(who, wide), strict=True))
        # Where nobody can tell that, nobody could tell it of each of a thousand objects either.
        narrow = {
            self._asked(each)
            for each in deeds
            if (at := self._asked(each, whole=True)) and answers[at].known and not answers[at].allowed
        } - {None}
        answers |= zip(narrow, await self._all(who, narrow), strict=True)
        return tuple(self._answer(each, answers) for each in deeds)

    async def sight(self, who: Principal, verb: Verb, *, group: str, kind: str, namespace: str) -> Sight:
        """Return which objects somebody sees: all of a kind in a namespace, or none."""
        asked = [
            each for at, each in self._kinds.items() if (not group or at[0] == group) and (not kind or at[1] == kind)
        ]
        deeds = [_deed(verb, each, namespace, "") for each in asked]
        answers = await self._all(who, deeds)
        seen = {(each.group, each.kind) for each, answer in zip(asked, answers, strict=True) if answer.allowed}
        refused = None
        if not seen:
            known = all(each.known for each in answers)
            refused = _refusal(next((each for each in answers if not each.known), None) or _first(answers), known=known)
        return Sight(
            sees=lambda key: (key.group, key.kind) in seen and namespace in {"", key.namespace},
            whole=not namespace and seen == self._kinds.keys(),
            refused=refused,
        )

    def _answer(self, deed: Deed, answers: dict[access_review.Deed | None, access_review.Answer]) -> Answer:
        wide, narrow = self._asked(deed, whole=True), self._asked(deed)
        if wide is None:
            return Answer(allowed=False, words=f"{deed.key.kind} is no kind that is served here")
        found = answers.get(narrow, answers[wide])
        return ALLOWED if found.allowed else _refusal(found, known=found.known)

    def _asked(self, deed: Deed, *, whole: bool = False) -> access_review.Deed | None:
        kind = self._kinds.get((deed.key.group, deed.key.kind))
        return None if kind is None else _deed(deed.verb, kind, deed.key.namespace, "" if whole else deed.key.name)

    async def _all(self, who: Principal, deeds: Iterable[access_review.Deed | None]) -> list[access_review.Answer]:
        turn = asyncio.Semaphore(_AT_ONCE)

        async def ask(deed: access_review.Deed) -> access_review.Answer:
            async with turn:
                return await self._reviewer.may(who.name, who.groups, deed)

        return await asyncio.gather(*(ask(each) for each in deeds if each is not None))


def _deed(verb: Verb, kind: ApiKind, namespace: str, name: str) -> access_review.Deed:
    return access_review.Deed(
        verb=_VERBS[verb],
        group=kind.group,
        resource=kind.plural,
        namespace=namespace if kind.namespaced else "",
        name=name,
    )


def _first(answers: Sequence[access_review.Answer]) -> access_review.Answer | None:
    return answers[0] if answers else None


def _refusal(found: access_review.Answer | None, *, known: bool) -> Answer:
    if not known:
        return Answer(allowed=False, known=False, words="the API server does not say whether you may; try again")
    reason = found.reason if found is not None else ""
    return Answer(allowed=False, words=reason or "the rules of the cluster do not allow it")
