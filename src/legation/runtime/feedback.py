"""The accounts of all clients, those who watch them, and the problems that follow from what Envoys refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from legation.clock import Clock
from legation.model.events import Accepted, Event, Refused, Sent
from legation.model.node import Node, Peer
from legation.model.problems import Problem
from legation.model.proxy_status import ProxyStatus, RefusedResource
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.model.statistics import FeedbackStatistics
from legation.runtime.account import Account, Place
from legation.runtime.convergence import Convergence
from legation.runtime.deliveries import DeliveryCounts
from legation.runtime.held_up import HeldUp, held_up
from legation.runtime.loads import Loads
from legation.runtime.refused import RefusedName, named_problem, unnamed_problem
from legation.transports.base import Client


class Watcher(Protocol):
    """Called after everything that happens to a client."""

    def __call__(self, account: Account, *, afresh: bool) -> None:
        """Look at the account; afresh if other names than before may concern it."""
        ...


class Feedback:
    """The accounts of all clients."""

    def __init__(
        self,
        *,
        clock: Clock,
        refusals_changed: Callable[[], None] | None = None,
    ) -> None:
        """Begin without clients.

        Args:
            clock: Tells since when.
            refusals_changed: Called when `refusals` may have changed.
        """
        self.clock = clock
        self.refusals_changed = refusals_changed
        self.accounts: dict[Account, None] = {}
        self.loads = Loads()
        self.counts_by_object: DeliveryCounts | None = None
        """Who counts what each object's Envoys have, if anybody wants to know it."""
        self.watchers: dict[Watcher, None] = {}
        self._heard: float | None = None
        self._convergence = Convergence()
        self.counts: dict[type[Event], Counter[ResourceType]] = {each: Counter() for each in (Sent, Accepted, Refused)}

    def open(self, place: Place, *, peer: Peer, node: Node, client: Client) -> Account:
        """Open the account of a client that has just come."""
        account = Account(self, place, peer=peer, node=node, client=client)
        self.accounts[account] = None
        return account

    @contextmanager
    def change_heard(self, moment: float | None) -> Iterator[None]:
        """Work in what was heard at a moment: how long it takes to the Envoys counts from there, otherwise from now."""
        self._heard = moment
        try:
            yield
        finally:
            self._heard = None

    def proxies(self) -> tuple[ProxyStatus, ...]:
        """Return how far each Envoy is, by node id."""
        now = self.clock.now()
        accounts = sorted(self.accounts, key=lambda each: each.node.id)
        return tuple(each.status(now, self.loads.of(each.peer, each.node)) for each in accounts)

    def statistics(self) -> FeedbackStatistics:
        """Return the counts."""
        return FeedbackStatistics(
            proxies=len(self.accounts),
            sent=dict(self.counts[Sent]),
            accepted=dict(self.counts[Accepted]),
            refused=dict(self.counts[Refused]),
            loads=self.loads.totals(),
            waiting=sum(account.place.snapshot is None for account in self.accounts),
            refusing=Counter(row for account in self.accounts for row in account.refuses()),
            pending=Counter(row for account in self.accounts for row in account.waits()),
            silent=Counter(row for account in self.accounts for row in account.silent()),
            convergence=self._convergence.histograms(),
        )

    # What accounts tell. Fulfils `account.Books`.

    def now(self) -> float:
        """Return the moment; see `account.Books`."""
        return self.clock.now()

    def count(self, event: Event) -> None:
        """Count an event; see `account.Books`."""
        if type(event) in self.counts:
            self.counts[type(event)][event.type] += 1

    def accepted(self, event: Accepted, now: float, *, since: float) -> None:
        """Note that a client accepted something; see `account.Books`."""
        self._convergence.accept(event.type, event.resources, now, since=since)

    def tell(self, account: Account, *, afresh: bool, refusals: bool) -> None:
        """Call those who watch; see `account.Books`."""
        for watcher in tuple(self.watchers):
            watcher(account, afresh=afresh)
        if refusals and self.refusals_changed is not None:
            self.refusals_changed()

    def forget(self, account: Account) -> None:
        """Drop an account; see `account.Books`."""
        del self.accounts[account]

    def touch(self, resources: Iterable[Resource]) -> None:
        """Tell who counts what each object's Envoys have; see `account.Books`."""
        if self.counts_by_object is not None:
            self.counts_by_object.touch_resources(resources)

    def changed(self, before: Snapshot | None, after: Snapshot | None) -> None:
        """Note that clients get something else than before; see `account.Books`."""
        self._convergence.begin(before, after, self.clock.now() if self._heard is None else self._heard)
        if self.counts_by_object is not None:
            self.counts_by_object.touch_difference(before, after)

    def refusals(self) -> Mapping[RefusedName, Problem]:
        """Return a problem for each resource that some Envoy refuses; O(refused resources x clients).

        Where Envoy did not say which of several resources it means, there is one problem for all, without a name.
        """
        named: dict[RefusedName, dict[Account, RefusedResource]] = {}
        unnamed: dict[ResourceType, list[RefusedResource]] = {}
        for account in self.accounts:
            for refused in account.refused():
                if refused.parked is None:
                    named.setdefault((refused.type, refused.name, refused.origin), {})[account] = refused
                else:
                    unnamed.setdefault(refused.type, []).append(refused)
        return {
            **{key: self._named_problem(refused) for key, refused in named.items()},
            **{(row, "", None): unnamed_problem(refused) for row, refused in unnamed.items()},
        }

    def held_up(self) -> Mapping[RefusedName, HeldUp]:
        """Return what waits at some Envoy because this refuses what it names; see `held_up.py`."""
        return held_up(self.accounts)

    def _named_problem(self, by: Mapping[Account, RefusedResource]) -> Problem:
        refused = tuple(by.values())
        row, name, versions = refused[0].type, refused[0].name, {each.version for each in refused}
        holding = [
            each
            for each in self.accounts
            if each not in by and (held := each.client.accepted(row, name)) and held.version in versions
        ]
        agents, others = ({each.node.user_agent for each in some} for some in (by, holding))
        return named_problem(
            refused,
            told=len(refused) + len(holding),
            agents=agents if others and "" not in agents and agents.isdisjoint(others) else (),
        )
