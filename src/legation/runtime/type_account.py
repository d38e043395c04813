"""What one client was sent and said of one type: the answers that are waited for, and what it refuses.

It refuses to know what the client is to get: that is handed in. A client that never answers costs no more and more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf

from legation.envoy.nack_words import show_words
from legation.envoy.pointed import quoted_in
from legation.model.events import Accepted, Refused, Sent, Subscribed, WhyParked
from legation.model.proxy_status import LastRefusal, RefusedResource, TypeStatus
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.moments import Moments

SILENT_AFTER = 60.0
"""Seconds without an answer after which something is wrong: Envoy itself gives up waiting for what a response needs
after 15."""
MOST_OUTSTANDING = 64
"""Responses without an answer that are remembered one by one of a type: the oldest, and the last of the others."""


@dataclass(slots=True)
class TypeAccount:
    """One client's account of one type."""

    type: ResourceType
    wildcard: bool = False
    names: int = 0
    asked_at: float = -inf
    """When it began to ask for what it asks for."""
    sent: str = ""
    sent_at: float | None = None
    accepted: str = ""
    accepted_at: float | None = None
    """When it accepted that version first."""
    moments: Moments = field(default_factory=Moments, repr=False)
    outstanding: dict[str, float] = field(default_factory=dict)
    """Nonce of each response that is not answered -> when it went out."""
    refused: dict[str, RefusedResource] = field(default_factory=dict)
    unseen: dict[str, RefusedResource] = field(default_factory=dict)
    """What it refused and then took without a look (`ResourceType.taken_unseen`)."""
    last_refusal: LastRefusal | None = None
    """`ago` is the moment here."""

    def take_subscribed(self, event: Subscribed, now: float) -> None:
        """Note what the client asks for."""
        self.wildcard, self.names = event.wildcard, len(event.names)
        self.asked_at = now

    def take_sent(self, event: Sent, now: float) -> None:
        """Note a response."""
        self.sent, self.sent_at = event.version, now
        self.outstanding[event.nonce] = now
        if len(self.outstanding) > MOST_OUTSTANDING:
            # The oldest says for how long an answer has been waited for.
            del self.outstanding[next(islice(self.outstanding, 1, None))]
        self._take_back(event.resources)

    def take_accepted(self, event: Accepted, now: float) -> None:
        """Note an answer that accepts."""
        if self.accepted != event.version or self.accepted_at is None:
            self.accepted, self.accepted_at = event.version, now
        self.moments.note(event.resources, event.removed, now)
        self._answered(event.nonce)
        self._take_back(event.resources)

    def take_refused(self, event: Refused, now: float) -> None:
        """Note an answer that refuses."""
        self._answered(event.nonce)
        words = show_words(event.message, secret=event.type.secret)
        self.last_refusal = LastRefusal(version=event.version, words=words, ago=now)
        for resource in event.suspects:
            self.refused[resource.name] = _refused(resource, words)
        for resource in event.parked:
            self.refused[resource.name] = _refused(resource, words, event.parked, event.why_parked)
        if event.doubted and self.type.taken_unseen:
            meant = quoted_in(event.message, {each: each.body for each in event.doubted})
            doubted = meant or event.doubted
            why = WhyParked.UNSEEN if len(doubted) > 1 else None
            doubts = {each.name: _refused(each, words, doubted, why) for each in doubted}
            self.unseen = self.unseen | doubts | self._seen_through()
        elif event.suspects:
            # It refused something at the second time, too: so that was it.
            self.unseen = self._seen_through()

    def is_silent(self, now: float) -> bool:
        """Say whether the client has not answered a response for long."""
        return bool(self.outstanding) and min(self.outstanding.values()) < now - SILENT_AFTER

    def forget_gone(self, content: Snapshot) -> None:
        """Drop the refusals of what the client is not to get any more, or not as it was."""
        self.refused = {name: each for name, each in self.refused.items() if content.get(self.type, name)}
        same = {
            name
            for name, each in self.unseen.items()
            if (now := content.get(self.type, name)) is not None and now.version == each.version
        }
        if any(each.parked is not None for name, each in self.unseen.items() if name not in same):
            # It may be the mend of what nobody could name.
            self.unseen = self._seen_through()
        self.unseen = {name: each for name, each in self.unseen.items() if name in same}

    def refusal_of(self, name: str) -> RefusedResource | None:
        """Return the last refusal of a name."""
        return self.refused.get(name) or self.unseen.get(name)

    def refuses_unseen(self, name: str, version: str) -> bool:
        """Say whether the client refused exactly this, and may have taken it since without a look."""
        unseen = self.unseen.get(name)
        return unseen is not None and unseen.parked is None and unseen.version == version

    def _seen_through(self) -> dict[str, RefusedResource]:
        """Return what was taken without a look and is known to be what was refused before."""
        return {name: each for name, each in self.unseen.items() if each.parked is None}

    def status(self, now: float, *, whole: str, refused: tuple[RefusedResource, ...]) -> TypeStatus:
        """Return the account as a record.

        Args:
            now: The moment.
            whole: The version of what the client is to get, if it holds all of that which it asked for; else nothing.
            refused: What it refuses of what it is to get.
        """
        last = self.last_refusal
        return TypeStatus(
            type=self.type,
            wildcard=self.wildcard,
            names=self.names,
            sent=whole or self.sent,
            accepted=whole or self.accepted,
            since=None if self.accepted_at is None else now - self.accepted_at,
            pending_for=now - min(self.outstanding.values()) if self.outstanding else None,
            refused=refused,
            last_refusal=None if last is None else replace(last, ago=now - last.ago),
        )

    def _answered(self, nonce: str) -> None:
        """Drop the response of that nonce and those before it."""
        if len(self.outstanding) == 1:
            self.outstanding.pop(nonce, None)
        elif nonce in self.outstanding:
            nonces = list(self.outstanding)
            for each in nonces[: nonces.index(nonce) + 1]:
                del self.outstanding[each]

    def _take_back(self, resources: Collection[Resource]) -> None:
        """Take refusals back: what is offered again, or was accepted after all, is not refused."""
        if self.refused:
            for resource in resources:
                refused = self.refused.get(resource.name)
                # The version before, sent once more, takes nothing back.
                if refused is not None and refused.version == resource.version:
                    del self.refused[resource.name]


def _refused(
    resource: Resource, words: str, together: Collection[Resource] = (), parked: WhyParked | None = None
) -> RefusedResource:
    return RefusedResource(
        type=resource.type,
        name=resource.name,
        version=resource.version,
        words=words,
        origin=resource.origin,
        together=len(together) or 1,
        parked=parked,
    )
