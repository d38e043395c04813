"""Incremental, one type on one stream (rows A4 of the protocol: DeltaDiscoveryRequest, DeltaDiscoveryResponse)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from legation.errors import LocalProtocolError
from legation.model.events import Event
from legation.model.lookup import members
from legation.model.names import glob_of, is_glob
from legation.model.resource import Resource
from legation.model.resource_types import Absence
from legation.model.snapshot import Collection
from legation.protocol.holding import brought, over
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest, DeltaResponse, Request
from legation.protocol.party import Recall
from legation.protocol.pending import Pending, View
from legation.protocol.terms import Variant


class DeltaMachine(Machine):
    """One stream and one type in the incremental variant."""

    __slots__ = ()

    variant = Variant.DELTA

    def receive(self, request: Request) -> tuple[Event, ...]:
        """Take a request."""
        if not isinstance(request, DeltaRequest):
            raise LocalProtocolError("a state of the world request on a delta stream")
        first, self.requested = not self.requested, True
        if first:
            self.newcomer = not request.initial_versions
            self.claims = request.initial_versions
        events: tuple[Event, ...] = ()
        if self.ledger.entry(request.nonce) is not None:
            events = self._answer(request.nonce, request.error, cumulative=False)
        if not (first or request.subscribe or request.unsubscribe):
            return events
        # The nonce only pairs an answer with its response: subscriptions count whatever it is (A4.3).
        change = self.subscription.adjust(subscribe=request.subscribe, unsubscribe=request.unsubscribe, first=first)
        held = self._held(request.initial_versions) if first else ()
        return (*events, *self._take(change, held=held))

    def resume(self, target: Collection, recall: Recall) -> None:
        """Begin with what the client says that it has; its names and versions tell enough."""
        del recall
        versions, self.claims = self.claims, ""
        held: dict[str, Resource | None] = {}
        for name, version in versions.items() if isinstance(versions, Mapping) else ():
            known = target.get(name)
            if self.covers(name):
                held[name] = known if known and known.version == version else brought(self.row, name, version)
        self.ledger.inherit(over(self.ledger.sent.base, held))

    def _held(self, versions: Mapping[str, str]) -> frozenset[str]:
        """Return what is not owed to a client that holds this: the names, and globs of which it holds something."""
        return frozenset(versions).union(map(glob_of, versions) if self.subscription.globs else ())

    def follow(self, target: Collection) -> None:
        """Find out what the names that the client asked by stand for in the newest collection.

        What is owed to it under a glob or an alias is owed to it under the names of the resources.
        """
        names, aliases, sent = self.subscription.names, self.subscription.aliases, self.ledger.sent
        if aliases is not None:
            come, gone = aliases.follow(names, target, lambda name: sent.get(name) is not None)
            if not self.subscription.wildcard:
                self.ledger.renew(come - names)
                self.drop(gone - names)
            self.forced = {each for name in self.forced for each in aliases.meant(name, target)}
        elif self.forced and any(map(is_glob, self.forced)):
            self.forced = {each for name in self.forced for each in members(target, name) or (name,)}

    def _as_asked(self, resources: Iterable[Resource]) -> tuple[Resource, ...]:
        """Return the resources with every alias under which the client asked for them: somebody waits for that name."""
        aliases = self.subscription.aliases
        return tuple(map(aliases.add_to, resources) if aliases is not None else resources)

    def offer(self, view: View, now: float) -> Pending | None:
        """Return what is to be said, or None."""
        self.due = None
        pending = self.pending(view)
        if pending.missing and (self.terms.hold_missing or (view.incomplete and not self.terms.tell_errors)):
            pending = self.keep_silent(view, pending)
        first = self.subscription.wildcard and not self.answered
        # Who comes back and has everything waits for no first answer.
        if pending or (first and (self.newcomer or self.sent_last is not None)):
            return self.next_portion(pending, now)
        self.ledger.settle(self.own(view.holding))
        self.answered |= first
        return None

    def respond(self, view: View, pending: Pending, *, now: float, serial: int) -> DeltaResponse:
        """Return the response that says what was offered."""
        shared = None if self.subscription.names and self.row.aliased else self.shared(view, pending)
        # In delta it can be said that there is none, but not that there may be one.
        errors = self.errors(view, pending) if view.incomplete else ()
        missing = () if errors else pending.missing
        bodiless = self.row.absence is Absence.BODILESS
        response = DeltaResponse(
            type=self.row,
            version=self.told(view, pending).version,
            nonce=str(serial),
            whole=shared,
            listed=() if shared is not None else self._as_asked(pending.changed.values()),
            removed=pending.removed if bodiless or not missing else tuple(sorted((*pending.removed, *missing))),
            unknown=missing if bodiless else (),
            errors=errors,
            expiring=self.terms.expiring,
        )
        self.record(response, pending, view, now=now, serial=serial)
        return response

    def renewing(self, resources: tuple[Resource, ...], *, nonce: str) -> DeltaResponse:
        """Return the response that makes the TTLs of these begin anew."""
        return DeltaResponse(
            type=self.row, version=self.ledger.sent.version, nonce=nonce, expiring=True, renewed=resources
        )
