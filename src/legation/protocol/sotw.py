"""State of the world, one type on one stream (rows A2 of the protocol: DiscoveryRequest, DiscoveryResponse)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from legation.errors import LocalProtocolError
from legation.model.events import Event
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import EMPTY, Collection
from legation.protocol.holding import Holding, brought, just, over, same
from legation.protocol.machine import Machine, whole
from legation.protocol.messages import Request, ResourceError, SotwRequest, SotwResponse
from legation.protocol.party import Recall
from legation.protocol.pending import Pending, View
from legation.protocol.terms import Terms, Variant
from legation.protocol.unanswered import Unanswered


class SotwMachine(Machine):
    """One stream and one type in the state of the world variant."""

    __slots__ = ("_heard",)

    variant = Variant.SOTW

    def __init__(self, row: ResourceType, *, owner: object, terms: Terms) -> None:
        super().__init__(row, owner=owner, terms=terms)
        self._heard = ""
        """The last nonce of this stream that the client said."""

    def receive(self, request: Request) -> tuple[Event, ...]:
        """Take a request."""
        if not isinstance(request, SotwRequest):
            raise LocalProtocolError("a delta request on a state of the world stream")
        if not self.requested:
            # A nonce does not survive its stream, so the first request answers nothing, whatever it carries. Its
            # version says what the client brought along from another stream (A2.18).
            self.requested = True
            self.newcomer = not request.version
            self.claims = request.version
            return self._take(self.subscription.replace(request.names))
        events: tuple[Event, ...] = ()
        unanswered = self.ledger.entry(request.nonce) is not None
        if unanswered:
            events = self._answer(request.nonce, request.error, cumulative=True)
            if request.error is None:
                # From now on the client holds what it was sent, and nothing else.
                self.claims = ""
        if request.nonce and request.nonce != self.last_nonce:
            # Stale: the client says its names again when it answers the newer response (A2.8).
            if unanswered or request.nonce == self._heard:
                self._heard = request.nonce
                self.subscription.overhear(request.names)
            return events
        self._heard = request.nonce or self._heard
        return (*events, *self._take(self.subscription.replace(request.names)))

    @property
    def unsure(self) -> bool:
        """Whether the client brought something along that nobody remembers, and may hold it still."""
        return bool(self.claims)

    def resume(self, target: Collection, recall: Recall) -> None:
        """Begin with what the claimed version stood for. Of types asked for by name it tells nothing (A2.18)."""
        version, names = str(self.claims), self.subscription.names
        if not self.row.full_state:
            self.claims = ""
            self.ledger.inherit(over(EMPTY[self.row], {name: brought(self.row, name) for name in names}))
            return
        known = target if target.version == version else recall(self.row, version)
        if known is not None:
            self.claims = ""
            self.ledger.inherit(just(known))
            # It says what the client has, not for which names: only who asks for nothing else needs no answer.
            self.answered = self.subscription.wildcard and not names

    def follow(self, target: Collection) -> None:
        """In state of the world there are neither globs nor aliases."""

    def _repeated(self, refused: Unanswered) -> Iterator[str]:
        """Yield what a full response repeated although the client has not accepted it: it is offered again as news."""
        view = refused.view
        for name in {*view.base.resources, *view.overlay} if self.row.full_state else ():
            if self.covers(name) and not same(self.ledger.accepted.get(name), view.get(name)):
                yield name

    def offer(self, view: View, now: float) -> Pending | None:
        """Return what is to be said, or None."""
        self.due = None
        pending = self.pending(view)
        first = self.subscription.wildcard and not self.answered
        if first and self.claims and view.incomplete and not self.subscription.names:
            # A response would remove what is not in it, and somebody may only be unable to read it at the moment.
            return None
        full = self.row.full_state
        telling = self.terms.tell_errors and not self.terms.hold_missing and not (full and view.incomplete)
        if pending.missing and not telling:
            # It cannot be told here that there is none; silence is the answer (A2.14).
            pending = self.keep_silent(view, pending)
        if full and (pending or first):
            return pending if self.may_go(pending, now) else None
        if pending.changed or pending.missing:
            return self.next_portion(pending, now)
        # What is gone from a type without full state cannot be told here.
        if not (self.ledger.unanswered and pending.removed):
            self.ledger.settle(self.own(view.holding), silent=pending.removed)
        return None

    def respond(self, view: View, pending: Pending, *, now: float, serial: int) -> SotwResponse:
        """Return the response that says what was offered."""
        if not self.row.full_state:
            pending = Pending(pending.changed, missing=pending.missing, left=pending.left)
        response = self._response(
            self.told(view, pending), pending.changed.values(), errors=self.errors(view, pending), nonce=str(serial)
        )
        self.record(response, pending, view, now=now, serial=serial)
        return response

    def renewing(self, resources: tuple[Resource, ...], *, nonce: str) -> SotwResponse:
        """Return the response that makes the TTLs of these begin anew."""
        # Whole, not without body: Envoy takes a full response at its word, and does not renew by a body left out.
        return self._response(self.ledger.sent, resources, nonce=nonce)

    def _response(
        self, holding: Holding, news: Iterable[Resource], *, errors: tuple[ResourceError, ...] = (), nonce: str
    ) -> SotwResponse:
        shared = whole(holding, self.subscription) if self.row.full_state else None
        listed: tuple[Resource, ...] = ()
        if shared is None:
            listed = self._covered(holding) if self.row.full_state else tuple(news)
        return SotwResponse(
            type=self.row,
            version=holding.version,
            nonce=nonce,
            whole=shared,
            listed=listed,
            expiring=self.terms.expiring,
            errors=errors,
        )

    def _covered(self, holding: Holding) -> tuple[Resource, ...]:
        if self.subscription.wildcard:
            names = sorted({*holding.base.resources, *holding.overlay})
        else:
            names = sorted(self.subscription.names)
        return tuple(resource for name in names if (resource := holding.get(name)) is not None)
