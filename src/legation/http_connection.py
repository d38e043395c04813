"""A connection of an HTTP server that nobody can hold without asking anything.

It knows how long a request may take to come, and who leaves when there is no room. It refuses to know what is asked.
The one invariant: a connection whose whole request is being answered is never closed here.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from typing import TYPE_CHECKING, Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from legation.model.identity import CertificateProof
from legation.model.node import address_block
from legation.tls.client_certificates import of_der
from legation.tls.handshakes import Handshakes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvicorn.config import Config
    from uvicorn.server import ServerState

HEAD_PATIENCE = 10.0
"""Seconds in which a TLS handshake must have ended, and then the head of a request must have come."""
BODY_PATIENCE = 60.0
"""Seconds in which the body of a request must have come, for a slow line too; who answers may have less patience."""
_COMING = (h11.IDLE, h11.SEND_BODY)
_PROOF = "legation.certificate"
"""Where the state of a scope holds what the client showed in the handshake."""


def certificate_of(scope: Mapping[str, Any]) -> CertificateProof | None:
    """Return what the certificate of the client says that was verified in the handshake; None where it showed none."""
    state = scope.get("state") or {}
    proof = state.get(_PROOF)
    return proof if isinstance(proof, CertificateProof) else None


_REFUSED = 400
_LOOK_AGAIN = 3600.0
"""Seconds after which it is looked again at when a certificate ends."""
_now = time.time


class Strangers:
    """The connections of one server on which nothing was served yet: few of one address may be open."""

    def __init__(self, limit: int) -> None:
        """Begin with none."""
        self._limit = limit
        self._of: dict[str, dict[PatientConnection, None]] = {}
        """By address; who has been there longest comes first."""

    def enter(self, connection: PatientConnection) -> None:
        """Take one more, in the place of another that answers nothing, where there are too many."""
        others = self._of.setdefault(address_block(connection.host), {})
        others[connection] = None
        if len(others) > self._limit:
            next((each for each in others if each.answers_nothing), connection).leave()

    def leave(self, connection: PatientConnection) -> None:
        """Forget one: it has gone, or something was served on it."""
        block = address_block(connection.host)
        if (others := self._of.get(block)) is not None:
            others.pop(connection, None)
            if not others:
                del self._of[block]


class PatientConnection(H11Protocol):
    """uvicorn's connection, which ends when no whole request comes in time, or when a newcomer needs its place.

    uvicorn counts connections, and its own timer starts only after a first answer: who connects and says nothing
    would hold a place for good.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_patience: float = HEAD_PATIENCE,
        body_patience: float = BODY_PATIENCE,
        strangers: Strangers | None = None,
        handshakes: Handshakes | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._handshakes = handshakes
        self._strangers = strangers
        if strangers is not None:
            self.app = self._noting(self.app)
        self._head_patience, self._body_patience = head_patience, body_patience
        self._patience: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._of_body = False
        self._since = 0.0
        """Since when it has been at what it is at."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Wait for a request, in the place of whoever has kept one waiting longest."""
        super().connection_made(transport)
        if self._handshakes is not None:
            self._handshakes.succeed(now=self.loop.time())
        if (proof := _shown_by(transport)) is not None:
            # Of this connection alone: each request gets a copy.
            self.app_state = {**self.app_state, _PROOF: proof}
            self._end_with(proof)
        self._since = self.loop.time()
        self._look()
        if self._strangers is not None:
            self._strangers.enter(self)
        limit = self.config.limit_concurrency
        while limit is not None and len(self.connections) >= limit and self._displaced():
            pass

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        if self.transport.is_closing():
            # TLS hands on what had come before that; nothing can be answered any more.
            return
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._since = self.loop.time()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop()
        if self._end is not None:
            self._end.cancel()
        self._know()
        super().connection_lost(exc)

    def _end_with(self, proof: CertificateProof) -> None:
        """Last no longer than what the client has shown: it connects anew, with a newer one where it has that."""
        left = math.inf if proof.ends is None else proof.ends - _now()
        if left <= 0:
            # What is asked is answered first.
            self.shutdown()
        elif left < math.inf:
            # The time of day may be set meanwhile.
            self._end = self.loop.call_later(min(left, _LOOK_AGAIN), self._end_with, proof)

    def _look(self) -> None:
        """Give a request that is coming its time, once; and what waits for the next one no other than uvicorn's."""
        body = self.conn.their_state is h11.SEND_BODY
        nothing_came = self.timeout_keep_alive_task is not None and not body and not self.conn.trailing_data[0]
        if self.conn.their_state not in _COMING or nothing_came:
            self._stop()
            return
        # What is left of a body that is answered already nobody reads.
        if self._patience is None or body != self._of_body:
            self._stop()
            self._of_body = body
            self._since = self.loop.time()
            self._patience = self.loop.call_later(self._body_patience if body else self._head_patience, self.leave)

    def _stop(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def leave(self) -> None:
        """Close it at once, and count it no more: the event loop ends it only later."""
        self.connections.discard(self)
        self._know()
        self.transport.abort()

    @property
    def host(self) -> str:
        """The address of the other side; empty where it has none."""
        return self.client[0] if self.client else ""

    def _know(self) -> None:
        """Count it among the strangers no more."""
        if self._strangers is not None:
            self._strangers.leave(self)

    def _noting(self, app: Any) -> Any:
        """Return the application that tells of the first answer that is none of the kind `you may not`, or `what?`."""

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            async def noted(message: Any) -> None:
                if message["type"] == "http.response.start" and message["status"] < _REFUSED:
                    self._know()
                await send(message)

            await app(scope, receive, noted)

        return watched

    @property
    def answers_nothing(self) -> bool:
        """Whether no whole request of it is being answered."""
        return self._patience is not None or self.timeout_keep_alive_task is not None

    @property
    def rank(self) -> tuple[bool, float]:
        """Who has the least is the first to leave: whose request has been coming longest, and then who was silent."""
        return self._patience is None, self._since

    def _displaced(self) -> bool:
        """Close one that answers nothing; return whether there was one."""
        others = [cast("PatientConnection", each) for each in self.connections if each is not self]
        first = min((each for each in others if each.answers_nothing), key=lambda each: each.rank, default=None)
        if first is not None:
            first.leave()
        return first is not None


def _shown_by(transport: asyncio.Transport) -> CertificateProof | None:
    """Return what the client's certificate says that was verified."""
    connection: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    # In this form ssl tells also of one that nobody has verified.
    if connection is None or connection.context.verify_mode is ssl.CERT_NONE:
        return None
    shown = connection.getpeercert(binary_form=True)
    return None if shown is None else of_der(shown)
