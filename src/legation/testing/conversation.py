"""What an Envoy says about one type on one stream: what it wants, what it thinks of a response, when it says nothing.

The client's half of xDS. A paused conversation says nothing: that is how Envoy withholds the ACK of a CDS update until
its clusters are warm. State of the world then says everything in one request, delta says each ACK that it owes.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable
from typing import TypeAlias

from legation.model.resource_types import ResourceType
from legation.protocol.messages import DeltaRequest, DeltaResponse, Response, SotwRequest


class SotwConversation:
    """State of the world."""

    def __init__(self, row: ResourceType) -> None:
        self.row = row
        self.names: frozenset[str] = frozenset()
        self.paused = False
        self._version = ""
        self._nonce = ""
        self._error: str | None = None
        self._pending = False

    def connect(self) -> list[SotwRequest]:
        """Open the conversation on a new stream: the version is known still, the nonce is not."""
        self._nonce, self._error, self._pending = "", None, False
        return self._say()

    def want(self, names: frozenset[str], *, again: bool = False) -> list[SotwRequest]:
        """Ask for exactly these names; `again`: even if they were asked for already."""
        if names == self.names and not again:
            return []
        self.names = names
        return self._say()

    def answer(self, response: Response, error: str | None) -> list[SotwRequest]:
        """Acknowledge a response, or refuse it with an error."""
        self._nonce = response.nonce
        self._error = error
        if error is None:
            self._version = response.version
        return self._say()

    def resume(self) -> list[SotwRequest]:
        """Say what was held back, in one request."""
        self.paused = False
        return self._say() if self._pending else []

    def copy(self) -> SotwConversation:
        """Return an independent copy."""
        return copy.copy(self)

    def key(self) -> Hashable:
        """Return what tells two states apart."""
        return (self.names, self.paused, self._version, self._nonce, self._error, self._pending)

    def _say(self) -> list[SotwRequest]:
        self._pending = self.paused
        if self.paused:
            return []
        error, self._error = self._error, None
        names = tuple(sorted(self.names))
        return [SotwRequest(type=self.row, names=names, version=self._version, nonce=self._nonce, error=error)]


class DeltaConversation:
    """Incremental."""

    def __init__(self, row: ResourceType) -> None:
        self.row = row
        self.names: frozenset[str] = frozenset()
        self.paused = False
        self._told: frozenset[str] = frozenset()
        """The names that the server knows of."""
        self._open = False
        self._versions: dict[str, str] = {}
        """What it would report on a new stream; a refused response changes nothing here, even if parts were taken."""
        self._owed: tuple[tuple[str, str | None], ...] = ()
        """(nonce, error) of responses that were not answered yet."""

    def connect(self) -> list[DeltaRequest]:
        """Open the conversation on a new stream, with the versions of what it has."""
        self._open, self._owed = False, ()
        return self._say()

    def want(self, names: frozenset[str], *, again: bool = False) -> list[DeltaRequest]:
        """Ask for exactly these names. Delta Envoys never ask again for what they asked for already."""
        del again
        if names == self.names:
            return []
        # What came late of a name that was not wanted then is not known when it is wanted again.
        self._versions = {name: self._versions[name] for name in names & self.names & self._versions.keys()}
        self.names = names
        return self._say()

    def answer(self, response: Response, error: str | None) -> list[DeltaRequest]:
        """Acknowledge a response, or refuse it with an error."""
        if error is None and isinstance(response, DeltaResponse):
            self._versions.update({each.name: each.version for each in response.resources})
            for name in response.removed:
                self._versions.pop(name, None)
        self._owed += ((response.nonce, error),)
        return self._say()

    def resume(self) -> list[DeltaRequest]:
        """Say what was held back: every ACK that is owed."""
        self.paused = False
        return self._say()

    def copy(self) -> DeltaConversation:
        """Return an independent copy."""
        twin = copy.copy(self)
        twin._versions = dict(self._versions)  # noqa: SLF001 - its own class
        return twin

    def key(self) -> Hashable:
        """Return what tells two states apart."""
        return (
            self.names,
            self.paused,
            self._told,
            self._open,
            self._owed,
            tuple(sorted(self._versions.items())),
        )

    def _say(self) -> list[DeltaRequest]:
        if self.paused:
            return []
        said = []
        if not self._open:
            self._open, self._told = True, self.names
            said.append(
                DeltaRequest(type=self.row, subscribe=_sorted(self.names), initial_versions=dict(self._versions))
            )
        elif self.names != self._told:
            more, less = self.names - self._told, self._told - self.names
            self._told = self.names
            said.append(DeltaRequest(type=self.row, subscribe=_sorted(more), unsubscribe=_sorted(less)))
        said += [DeltaRequest(type=self.row, nonce=nonce, error=error) for nonce, error in self._owed]
        self._owed = ()
        return said


Conversation: TypeAlias = SotwConversation | DeltaConversation


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
