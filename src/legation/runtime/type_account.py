"""What one client was sent and said of one type: the answers that are waited for, and what it refuses.

It refuses to know what the client is to get: that is handed in. A client that never answers costs no more and more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import islice

from legation.envoy.nack_words import show_words
from legation.envoy.pointed import quoted_in
from legation.model.events import Accepted, Refused, Sent, Subscribed, WhyParked
from legation.model.proxy_status import LastRefusal, RefusedResource, TypeStatus
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.moments import Moments

MOST_OUTSTANDING = 64
"""Responses without an answer that are remembered one by one of a type: the oldest, and the last of the others."""


@dataclass(slots=True)
class TypeAccount:
    """One client's account of one type."""

    type: ResourceType
    wildcard: bool = False
    names: int = 0
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

    def take_subscribed(self, event: Subscribed) -> None:
        """Note what the client asks for."""
        self.wildcard, self.names = event.wildcard, len(event.names)

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
            doubted = event.doubted if meant is None else (meant,)
            why = WhyParked.UNSEEN if meant is None else None
            self.unseen = {each.name: _refused(each, words, doubted, why) for each in doubted}
        elif event.suspects:
            # So it refused at the second time, too.
            self.unseen = {}

    def forget_gone(self, content: Snapshot) -> None:
        """Drop the refusals of what the client is not to get any more, or not as it was."""
        self.refused = {name: each for name, each in self.refused.items() if content.get(self.type, name)}
        wanted = {name: content.get(self.type, name) for name in self.unseen}
        if any(now is None or now.version != self.unseen[name].version for name, now in wanted.items()):
            # It may be the mend of what nobody could name.
            self.unseen = {}

    def refuses_unseen(self, name: str, version: str) -> bool:
        """Say whether the client refused exactly this, and may have taken it since without a look."""
        unseen = self.unseen.get(name)
        return unseen is not None and unseen.parked is None and unseen.version == version

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
