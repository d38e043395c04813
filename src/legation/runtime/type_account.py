"""What one client was sent and said of one type: the answers that are waited for, and what it refuses.

It refuses to know what the client is to get: that is handed in. A client that never answers costs no more and more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from itertools import islice

from legation.model.events import Accepted, Refused, Sent, Subscribed
from legation.model.proxy_status import LastRefusal, RefusedResource, TypeStatus
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.nack_words import show_words

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
    outstanding: dict[str, float] = field(default_factory=dict)
    """Nonce of each response that is not answered -> when it went out."""
    refused: dict[str, RefusedResource] = field(default_factory=dict)
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

    def take_accepted(self, event: Accepted) -> None:
        """Note an answer that accepts."""
        self.accepted = event.version
        self._answered(event.nonce)
        self._take_back(event.resources)

    def take_refused(self, event: Refused, now: float) -> None:
        """Note an answer that refuses."""
        self._answered(event.nonce)
        words = show_words(event.message, secret=event.type.secret)
        self.last_refusal = LastRefusal(version=event.version, words=words, ago=now)
        for resource in (*event.suspects, *event.parked):
            parked = resource in event.parked
            self.refused[resource.name] = RefusedResource(
                type=event.type,
                name=resource.name,
                version=resource.version,
                words=words,
                origin=resource.origin,
                together=len(event.parked) if parked else 1,
                parked=event.why_parked if parked else None,
            )

    def forget_gone(self, content: Snapshot) -> None:
        """Drop the refusals of what the client is not to get any more."""
        self.refused = {name: each for name, each in self.refused.items() if content.get(self.type, name)}

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
