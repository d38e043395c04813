"""The client status service (CSDS): what each client was sent, accepted and refused, for who asks.

Rules: the comments of `envoy.service.status.v3.ClientStatusDiscoveryService`, as far as they are about a management
server. What only a client knows (`client_status`) and what is deprecated (`xds_config`) stays empty.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import grpc

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.transports.base import Feed, Refusal
from legation.transports.csds_wire import StatusAnswer, StatusQuestion

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context

SERVICE = "envoy.service.status.v3.ClientStatusDiscoveryService"
STREAM, FETCH = "StreamClientStatus", "FetchClientStatus"
REST_PATH = "/v3/discovery:client_status"

ANSWER_LIMIT = 64 << 20
"""Bytes of one answer."""

_MOST_QUESTIONS = 16
"""Of one stream that wait for their answer."""


async def answer(feed: Feed, question: StatusQuestion, *, peer: Peer) -> StatusAnswer:
    """Return the answer to a question, about those that the peer may see; others have their turn after each client.

    Raises:
        RemoteProtocolError: It would be too large.
        Refusal: Who asks has proven nothing.
    """
    feed.require_proof(peer)
    made = StatusAnswer(contents=question.contents)
    for client in feed.clients(peer):
        if question.asks_for(client.node):
            made.add(client.node, client.resources())
            if made.size > ANSWER_LIMIT:
                raise RemoteProtocolError(
                    "RESOURCE_EXHAUSTED",
                    f"the answer has more than {ANSWER_LIMIT >> 20} MiB; ask for fewer nodes (node_matchers), or"
                    " without contents (exclude_resource_contents)",
                )
        await asyncio.sleep(0)
    return made


class StatusTalk:
    """One stream of questions, each of which is answered. Fulfils `side_stream.Talk`."""

    name = "CSDS"

    def __init__(self, peer: Peer, wake: Callable[[], None], *, feed: Feed) -> None:
        """Begin; nothing is said but in answer."""
        del wake
        self._peer = peer
        self._feed = feed
        self._questions: deque[StatusQuestion] = deque()

    async def receive(self, data: bytes) -> None:
        """Take a question.

        Raises:
            RemoteProtocolError: It is none, or one too many.
            Refusal: Who asks has proven nothing.
        """
        self._feed.require_proof(self._peer)
        if len(self._questions) >= _MOST_QUESTIONS:
            raise RemoteProtocolError("RESOURCE_EXHAUSTED", "too many questions at once; wait for an answer")
        self._questions.append(StatusQuestion(data))

    def next(self) -> Awaitable[bytes] | None:
        """Return the next answer."""
        return self._answer(self._questions.popleft()) if self._questions else None

    def close(self) -> None:
        """Forget the questions."""
        self._questions.clear()

    async def _answer(self, question: StatusQuestion) -> bytes:
        try:
            return (await answer(self._feed, question, peer=self._peer)).to_bytes()
        except Refusal as refusal:
            # The rules are others than when it was asked.
            raise RemoteProtocolError(refusal.status, str(refusal)) from refusal


async def fetch(data: bytes, context: Context, *, feed: Feed, peer_of: Callable[[Context], Awaitable[Peer]]) -> bytes:
    """Answer a call with one question."""
    try:
        return (await answer(feed, StatusQuestion(data), peer=await peer_of(context))).to_bytes()
    except (RemoteProtocolError, Refusal) as error:
        await context.abort(grpc.StatusCode[error.status], str(error))


async def post(body: bytes, peer: Peer, *, feed: Feed) -> bytes:
    """Answer a question that came as JSON, in JSON.

    Raises:
        RemoteProtocolError: It is no question, or its answer would be too large.
        Refusal: Who asks has proven nothing.
    """
    return (await answer(feed, StatusQuestion(body, is_json=True), peer=peer)).to_json()
