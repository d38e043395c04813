"""Incremental, one type on one stream (rows A4 of the protocol: DeltaDiscoveryRequest, DeltaDiscoveryResponse)."""

from __future__ import annotations

from legation.errors import LocalProtocolError
from legation.model.events import Event
from legation.protocol.machine import Machine, Variant, View
from legation.protocol.messages import DeltaRequest, DeltaResponse, Request
from legation.protocol.pending import Pending


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
        events: tuple[Event, ...] = ()
        if self.ledger.entry(request.nonce) is not None:
            events = self._answer(request.nonce, request.error, cumulative=False)
        # The nonce only pairs an answer with its response: subscriptions count whatever it is (A4.3).
        change = self.subscription.adjust(subscribe=request.subscribe, unsubscribe=request.unsubscribe, first=first)
        held = request.initial_versions if first else ()
        events = (*events, *self._take(change, held=held))
        if first and request.initial_versions:
            covered = {name: version for name, version in request.initial_versions.items() if self.covers(name)}
            self.ledger.inherit(self.row, covered)
        return events

    def offer(self, view: View, now: float) -> Pending | None:
        """Return what is to be said, or None."""
        self.due = None
        pending = self.pending(view)
        if pending.missing and (self.terms.hold_missing or view.incomplete):
            self.forced -= set(pending.missing)
            pending = Pending(pending.changed, pending.removed, size=pending.size)
        if pending or (self.subscription.wildcard and not self.answered):
            return self.next_portion(pending, now)
        self.ledger.settle(view.holding)
        return None

    def respond(self, view: View, pending: Pending, *, now: float, serial: int) -> DeltaResponse:
        """Return the response that says what was offered."""
        shared = self.shared(view, pending)
        response = DeltaResponse(
            type=self.row,
            version=self.told(view, pending).version,
            nonce=str(serial),
            whole=shared,
            listed=() if shared is not None else tuple(pending.changed.values()),
            removed=tuple(sorted((*pending.removed, *pending.missing))),
        )
        self.record(response, pending, view, now=now, serial=serial)
        return response
