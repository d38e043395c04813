"""Machine: one stream and one type, in either variant. It knows what the client wants and what it has.

It is told what came in (`receive`), and asked for the next message against a *view*: what the client may be told now,
which `sequence.py` derives from the newest snapshot. It has no queue: only the newest view counts.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from legation.model.events import Accepted, Event, Refused, WhyParked
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection
from legation.protocol.holding import Brought, Holding, same
from legation.protocol.messages import Request, Response
from legation.protocol.party import Party
from legation.protocol.pending import MOST_PORTIONS, NOTHING, Pending, View
from legation.protocol.renewal import Renewal
from legation.protocol.subscription import Subscription
from legation.protocol.suspects import blamed
from legation.protocol.terms import Terms, Variant
from legation.protocol.unanswered import Unanswered

PACE = 1.0
"""Seconds between two responses of a type of which one may follow another that is not answered yet."""


class Machine(Party):
    """One stream and one type; the part that both variants share. The owner is whoever writes its responses."""

    __slots__ = (
        "continuing",
        "due",
        "last_nonce",
        "owner",
        "renewal",
        "sent_last",
        "waiting_since",
    )

    variant: Variant

    def __init__(self, row: ResourceType, *, owner: object, terms: Terms) -> None:
        """Make the machine of a stream that has not said anything of this type.

        Args:
            row: The type.
            owner: The stream, by identity.
            terms: What is agreed with the client.
        """
        super().__init__(row, terms=terms)
        self.owner = owner
        self.continuing = False
        """The last response was only a portion of what there was to say."""
        self.last_nonce = ""
        self.sent_last: float | None = None
        self.due: float | None = None
        """When there is something to say that may not be said yet, and only time stands in the way."""
        self.renewal: Renewal | None = None
        """When to renew what expires."""
        self.waiting_since: float | None = None
        """Since when the first answer waits."""

    def __repr__(self) -> str:
        return (
            f"<{self.variant.value} {self.row.name}: {self.subscription!r}, {len(self.ledger.unanswered)} unanswered>"
        )

    def at_rest(self, target: Collection) -> bool:
        """Say whether the client holds the target and is owed nothing: then no rule can find anything to say."""
        ledger, sent = self.ledger, self.ledger.sent
        if (sent.base is not target and not self.apart) or self.forced or self.leaving or self.uncertain:
            return False
        if ledger.maybe or ledger.refusals:
            return False
        own = self.own_name if self.apart else None
        if own is not None:
            return sent.get(own) is target.get(own) and not sent.base.resources
        return sent.base is target and (self.answered or not self.subscription.wildcard) and not sent.overlay

    # What comes in

    @abstractmethod
    def receive(self, request: Request) -> tuple[Event, ...]:
        """Take a request. Returns what it tells: a changed subscription, an ACK, a NACK."""

    def _answer(self, nonce: str, error: str | None, *, cumulative: bool) -> tuple[Event, ...]:
        """Write down an ACK or NACK of a response that is not answered yet."""
        ledger = self.ledger
        version = nonce_version(ledger.entry(nonce))
        if error is None:
            taken = ledger.accept(nonce, cumulative=cumulative)
            return (
                Accepted(
                    type=self.row,
                    version=version,
                    nonce=nonce,
                    resources=taken.changed.values(),
                    removed=tuple(taken.removed),
                ),
            )
        refused = ledger.refuse(nonce, cumulative=cumulative)
        suspects, parked, why = self._judge(refused, error)
        return (
            Refused(
                type=self.row,
                version=version,
                nonce=nonce,
                message=error,
                suspects=suspects,
                parked=parked,
                why_parked=why,
                doubted=() if suspects or parked else tuple(refused.changed.values()),
            ),
        )

    def _judge(self, refused: Unanswered, error: str) -> tuple[tuple[Resource, ...], tuple[Resource, ...], WhyParked]:
        """Return who is to blame for a refusal, what else of it is not offered again, and why not."""
        ledger, repeated = self.ledger, frozenset(self._repeated(refused)).difference(refused.changed)
        # Whom a later response spoke of is not judged, and if it is named nobody else is to blame.
        names = blamed(error, refused.news)
        if self.unsure:
            # To leave anything out of the next response may take away what the client holds and serves with.
            ledger.stop(refused)
            suspects = tuple(refused.changed[name] for name in names if name in refused.changed)
            return suspects, tuple(each for each in refused.changed.values() if each not in suspects), WhyParked.UNKNOWN
        if names or blamed(error, repeated):
            self.forced -= set(names)
            suspects, parked = ledger.blame(names, refused)
        else:
            judged = not repeated and len([*refused.news]) == len(refused.changed)
            suspects, parked = ledger.suspect(refused, judged=judged)
            self.forced -= refused.changed.keys()
        return suspects, parked, WhyParked.UNTOLD

    @property
    def unsure(self) -> bool:
        """Whether the client may hold something that we do not know of, and that a response may take away."""
        return False

    def _repeated(self, refused: Unanswered) -> Iterable[str]:  # noqa: ARG002 - of one variant only
        """Return the names that a response held without news of them and that the client has not accepted."""
        return ()

    # What goes out

    @abstractmethod
    def offer(self, view: View, now: float) -> Pending | None:
        """Return what is to be said to bring the client to the view, or None when nothing is, or may be at the moment.

        What needs no message is settled here; what is offered changes nothing until `respond` is called with it.
        """

    @abstractmethod
    def respond(self, view: View, pending: Pending, *, now: float, serial: int) -> Response:
        """Return the response that says what was offered, and write down that it goes out."""

    def pending(self, view: View) -> Pending:
        """Return what the client is to be told, by what it was sent and what it is owed."""
        sent, holding = self.ledger.sent, view.holding
        if not (self.apart or sent.overlay or holding.overlay or self.forced or self.ledger.maybe):
            if sent.base is holding.base:
                return NOTHING
            difference = holding.base.since(sent.base)
            if self.subscription.covers_all(difference.changed.keys(), difference.removed):
                # Nothing is particular about this client: it shares the difference with all like it.
                return Pending(difference.changed, difference.removed, size=difference.size)
        return self._pending_by_name(view)

    def _pending_by_name(self, view: View) -> Pending:
        sent, holding, covers = self.ledger.sent, view.holding, self.subscription.covers
        changed: dict[str, Resource] = {}
        removed = {name for name in self.ledger.maybe if holding.get(name) is None} - view.waiting
        for name in filter(covers, {*self.unlike(holding.base), *holding.overlay}):
            old, new = sent.get(name), holding.get(name)
            if same(old, new) or isinstance(new, Brought):
                continue
            if new is None:
                removed.add(name)
            else:
                changed[name] = new
        missing: list[str] = []
        for name in self.forced - view.waiting:
            new = holding.get(name)
            if isinstance(new, Brought):
                continue
            if new is not None:
                changed[name] = new
            elif name not in removed:
                missing.append(name)
        return Pending(dict(sorted(changed.items())), tuple(sorted(removed)), tuple(sorted(missing)))

    def next_portion(self, pending: Pending, now: float) -> Pending | None:
        """Return what of it the next response says, or None while none may go out.

        The portions of what is too much for one response follow each other without a wait for answers (A4.19), but for
        names of which an unanswered one speaks.
        """
        unanswered, limit = self.ledger.unanswered, self.terms.max_response_bytes
        if self.continuing and unanswered and len(unanswered) < MOST_PORTIONS:
            fresh = pending.without({name for entry in unanswered for name in (*entry.changed, *entry.removed)})
            if fresh:
                return fresh.portion(limit)
        return pending.portion(limit) if self.may_go(pending, now) else None

    def told(self, view: View, pending: Pending) -> Holding:
        """Return what the client holds when it has heard that: of names that are left for later, what it had."""
        sent, holding = self.ledger.sent, view.holding
        return holding.but({name: sent.get(name) for name in pending.left}) if pending.left else holding

    def shared(self, view: View, pending: Pending) -> Collection | None:
        """Return the collection that is exactly what changes, or None: its bytes are shared by all who get it."""
        if not self.subscription.wildcard or view.holding.overlay:
            return None
        base = view.holding.base
        if pending.left or self.continuing:
            return base.portion(pending.changed, self.terms.max_response_bytes)
        return base if len(base) == len(pending.changed) else None

    def record(self, response: Response, pending: Pending, view: View, *, now: float, serial: int) -> None:
        """Write down that a response goes out."""
        before, maybe = self.ledger.sent, self.ledger.maybe
        held = {name: before.get(name) or maybe.get(name) for name in pending.removed}
        entry = Unanswered(
            nonce=response.nonce,
            version=response.version,
            serial=serial,
            at=now,
            changed=pending.changed,
            removed={name: each for name, each in held.items() if each is not None},
            view=self.own(self.told(view, pending)),
            news=pending.changed.keys(),
        )
        self.ledger.record(entry)
        self.note_expiring(response, now)
        if self.forced:
            self.forced &= view.waiting | pending.left
        if self.uncertain:
            self.uncertain -= pending.changed.keys()
        self.continuing = bool(pending.left)
        for name in pending.removed:
            self.leaving.pop(name, None)
        for name in pending.changed if self.hoping else ():
            self.hoping.pop(name, None)
        self.answered = True
        self.last_nonce = response.nonce
        self.sent_last = now

    def note_expiring(self, response: Response, now: float, *, also: Iterable[Resource] = ()) -> None:
        """Write down that what expires went out, in the response or beside it."""
        if not self.terms.expiring:
            return
        whole = response.whole
        sent = [each for each in response.listed if each.ttl is not None] if whole is None else whole.mortal.values()
        mortal = (*sent, *also)
        if mortal:
            self.renewal = self.renewal or Renewal()
            self.renewal.went_out(mortal, now)

    @abstractmethod
    def renewing(self, resources: tuple[Resource, ...], *, nonce: str) -> Response:
        """Return the response that makes the TTLs of these begin anew."""

    def may_go(self, pending: Pending, now: float) -> bool:
        """Say whether a further response may go out now; `due` is the moment where it is a matter of time.

        One response at a time, except where the client holds back its answer until it is warm: there a newer one may
        follow, at most once a `PACE`, and at once when it mends or undoes what is not answered.
        """
        unanswered = self.ledger.unanswered
        if not unanswered or self.sent_last is None:
            return True
        if not self.row.awaited_warm:
            return False
        if any(entry.speaks_of(name) for entry in unanswered for name in (*pending.changed, *pending.removed)):
            return True
        self.due = self.sent_last + PACE
        return now >= self.due


def nonce_version(entry: Unanswered | None) -> str:
    """Return the version that a response carried."""
    return entry.version if entry is not None else ""


def whole(holding: Holding, subscription: Subscription) -> Collection | None:
    """Return the collection whose shared bytes are exactly what the client gets, or None."""
    return holding.base if subscription.wildcard and not holding.overlay else None
