"""Waiting until Envoys have answered: who accepted what he was to get, who refused and why, who is still waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TypeAlias

from legation.model.node import Node, Workload
from legation.model.problems import Problem
from legation.model.proxy_status import RefusedResource
from legation.model.resource import Name
from legation.runtime.account import Account, Standing
from legation.runtime.feedback import Feedback

Matches: TypeAlias = Callable[[Node, Workload | None], bool]
"""Says whether an Envoy is meant, by who it says it is and by what is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBy:
    """One Envoy's refusal of one resource."""

    node: str
    """The id of its node."""
    resource: RefusedResource

    def __str__(self) -> str:
        return f'{self.node} refuses {self.resource.type.name} "{self.resource.name}": {self.resource.words}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of resources at the Envoys that asked for them. True if nothing is in the way."""

    accepted: tuple[str, ...] = ()
    """Ids of the nodes that accepted all that they were to get, sorted."""
    refused: tuple[RefusedBy, ...] = ()
    waiting: tuple[str, ...] = ()
    """Ids of the nodes that did not answer in time, sorted."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the objects, so that no Envoy is told of their newest version; and what those wait for that
    did not answer."""

    def __bool__(self) -> bool:
        return not self.refused and not self.waiting and not self.problems

    def __str__(self) -> str:
        told = [*map(str, self.problems)]
        told += [f"accepted by {', '.join(self.accepted)}"] if self.accepted else []
        told += map(str, self.refused)
        told += [f"no answer from {', '.join(self.waiting)}"] if self.waiting else []
        return "; ".join(told) or "no Envoy asked for it"


async def wait_accepted(
    feedback: Feedback,
    names: Collection[Name] | None = None,
    *,
    group: str | None = None,
    matches: Callable[[Account], bool] | None = None,
    at_least: int = 0,
    timeout: float | None = None,  # noqa: ASYNC109 - on time-out the answer says who is still waited for
) -> Acceptance:
    """Wait until every Envoy that asked for one of these resources has accepted or refused the version it is to get.

    A name that an Envoy is not to get (any more) counts as accepted when it does not hold it any more. A resource that
    changes again while this waits is waited for in its newest version.

    Args:
        feedback: Who is there, and what they say.
        names: The resources; None for all that each Envoy is to get, and all that is to be taken from it.
        group: Only the Envoys of this group.
        matches: Only the Envoys of which it says so.
        at_least: Wait until at least so many have answered; else nobody is waited for when nobody is there.
        timeout: Seconds; None to wait for ever.
    """
    wait = _Wait(names, group=group, matches=matches, at_least=at_least)
    for account in feedback.accounts:
        wait.look(account, afresh=True)
    feedback.watchers[wait.look] = None
    try:
        async with asyncio.timeout(timeout):
            await wait.until_over()
    except TimeoutError:
        pass  # the answer says who is still waited for
    finally:
        del feedback.watchers[wait.look]
    return wait.answer()


def _delivered(name: Name) -> int:
    return name[0].order


class _Wait:
    def __init__(
        self,
        names: Collection[Name] | None,
        *,
        group: str | None,
        matches: Callable[[Account], bool] | None,
        at_least: int,
    ) -> None:
        self._names = names
        self._group = group
        self._matches = matches
        self._strangers: set[Account] = set()
        """Clients that are not meant."""
        self._at_least = at_least
        self._standings: dict[Account, dict[Name, Standing]] = {}
        """Of each client that is or was concerned: how it stands to what concerns it."""
        self._waiting: dict[Account, Name] = {}
        """Who is waited for, and the last in the order of delivery of what it has not answered: before that nothing
        else of it matters."""
        self._unlooked: set[Account] = set()
        """Whom other names may concern than were looked at."""
        self._changed = asyncio.Event()

    def look(self, account: Account, *, afresh: bool) -> None:
        """Look at a client of which something may have changed; at all names if afresh, else at those unsettled."""
        if self._group not in {None, account.place.group} or not self._is_meant(account, afresh=afresh):
            return
        if afresh:
            self._unlooked.add(account)
        last = self._waiting.get(account)
        if last is None or account.closed or account.standing(*last) is not Standing.WAITING:
            self._look_at_all(account)
            self._changed.set()

    def _look_at_all(self, account: Account) -> None:
        known = self._standings.get(account, {})
        if account in self._unlooked:
            self._unlooked.discard(account)
            names: Collection[Name] = {
                **known,
                **dict.fromkeys(account.place.names() if self._names is None else self._names),
            }
        else:
            names = {name for name, standing in known.items() if standing is not Standing.ACCEPTED}
        for name in names:
            standing = account.standing(*name)
            if standing is not Standing.UNCONCERNED:
                known[name] = standing
            elif name in known:  # it gave back what it was to lose
                known[name] = Standing.ACCEPTED
        if known:
            self._standings[account] = known
        waiting = [name for name, standing in known.items() if standing is Standing.WAITING]
        if waiting and not account.closed:
            self._waiting[account] = max(waiting, key=_delivered)
        else:
            self._waiting.pop(account, None)

    def _is_meant(self, account: Account, *, afresh: bool) -> bool:
        """Say whether a client is meant; what is known of it can only be another when something is afresh."""
        if self._matches is None:
            return True
        if afresh:
            self._strangers.discard(account)
            # Who was waited for is, until it has answered.
            if account not in self._standings and not self._matches(account):
                self._strangers.add(account)
        return account not in self._strangers

    async def until_over(self) -> None:
        while self._waiting or (self._at_least and self._answered() < self._at_least):
            self._changed.clear()
            await self._changed.wait()

    def _answered(self) -> int:
        """Return how many Envoys have answered: each once, however often it came back."""
        return len(
            {account.node.id for account, known in self._standings.items() if Standing.WAITING not in known.values()}
        )

    def answer(self) -> Acceptance:
        """Return what became of the resources, as far as it is known now."""
        for account in [*self._waiting]:
            self._look_at_all(account)
        refused = tuple(
            RefusedBy(node=account.node.id, resource=resource)
            for account, known in self._standings.items()
            for resource in account.refused()
            if known.get((resource.type, resource.name)) is Standing.REFUSED
        )
        accepted = {
            account.node.id
            for account, known in self._standings.items()
            if all(standing is Standing.ACCEPTED for standing in known.values())
        }
        return Acceptance(
            accepted=tuple(sorted(accepted)),
            refused=tuple(sorted(refused, key=str)),
            waiting=tuple(sorted(account.node.id for account in self._waiting)),
        )
