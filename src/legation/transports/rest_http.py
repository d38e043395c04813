"""REST discovery as HTTP says it: paths, bodies, statuses, and how long a client waits for its answer.

Written for ASGI itself: there is one method and no routing, and a held poll has to hear when its client goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol, TypeAlias

import structlog

from legation.errors import RemoteProtocolError
from legation.http_connection import certificate_of
from legation.model.identity import TokenChecker
from legation.model.node import Peer
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.transports.base import Refusal
from legation.transports.conduct import Conduct
from legation.transports.proving import HEADER, prove

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

RECEIVE_LIMIT = 4 << 20
"""Bytes of one request: names, and what an Envoy says of itself."""

_PATHS: Mapping[str, ResourceType] = {row.rest_path: row for row in RESOURCE_TYPES if row.rest_path}
_NOT_FOUND, _WRONG_METHOD, _TOO_LARGE, _TOO_MUCH, _SERVER_ERROR, _NOT_MODIFIED = 404, 405, 413, 429, 500, 304
_STATUS = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": _NOT_FOUND,
    "RESOURCE_EXHAUSTED": _TOO_MUCH,
    "UNAVAILABLE": 503,
}
"""For the gRPC statuses in which the rooms below speak; any other is an error of the server."""
_MARGIN = 0.8
"""The part of a client's patience in which it is answered: the answer has to arrive in the rest."""
_ENVOY_TIMEOUT = b"x-envoy-expected-rq-timeout-ms"
_LOOPBACK = "127.0.0.1"
_AUTHORIZATION = HEADER.encode()

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Poll(Protocol):
    """What answers polls."""

    async def __call__(
        self, row: ResourceType, body: bytes, peer: Peer, *, patience: float, gone: asyncio.Future[Message]
    ) -> bytes | None:
        """Return the body of a response, or None where nothing is new.

        Args:
            row: The type whose path was asked.
            body: The request as it came.
            peer: Whom it comes from.
            patience: Seconds that the answer may take.
            gone: Done when the client does not wait any more.

        Raises:
            RemoteProtocolError: The request is wrong.
            Refusal: The client is not admitted.
        """
        ...


class _HttpError(Exception):
    def __init__(self, status: int, words: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(words)
        self.status = status
        self.headers = headers


Post: TypeAlias = Callable[[bytes, Peer], Awaitable[bytes]]
"""What answers a question beside discovery: body and who asks in, body out."""


def rest_app(
    poll: Poll, beside: Mapping[str, Post] | None = None, *, conduct: Conduct, tokens: TokenChecker | None = None
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Return the application that gives the polls of every type to `poll`, and other paths to what stands beside."""
    others = beside or {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        peer = _peer(scope)
        try:
            body = await _answer(poll, others, scope, receive, peer, tokens=tokens)
        except _HttpError as error:
            words = str(error)
            # Who asks for too much was named already.
            if error.status != _TOO_MUCH and conduct.may_log_refusal(peer):
                _log.warning("poll refused", peer=peer.address, path=scope["path"], status=error.status, reason=words)
            await _send(send, error.status, f"{words}\n".encode(), b"text/plain; charset=utf-8", error.headers)
        else:
            if body is None:
                await _send(send, _NOT_MODIFIED)
            else:
                await _send(send, 200, body, b"application/json")

    return app


async def _answer(
    poll: Poll, beside: Mapping[str, Post], scope: Scope, receive: Receive, peer: Peer, *, tokens: TokenChecker | None
) -> bytes | None:
    row, post = _PATHS.get(scope["path"]), beside.get(scope["path"])
    if row is None and post is None:
        raise _HttpError(_NOT_FOUND, f"nothing is served here; the paths are {', '.join((*_PATHS, *beside))}")
    if scope["method"] != "POST":
        raise _HttpError(_WRONG_METHOD, "discovery is asked with POST", ((b"allow", b"POST"),))
    headers: dict[bytes, bytes] = dict(scope["headers"])
    # The first that comes is looked at each time: a poll does not ride on what another one has shown.
    shown = (value.decode("latin-1") for key, value in scope["headers"] if key == _AUTHORIZATION)
    peer = replace(peer, proof=await prove(certificate_of(scope), shown, tokens=tokens))
    body = await _read(receive, announced=headers.get(b"content-length", b""))
    if body is None:
        return None
    gone = asyncio.ensure_future(receive())
    try:
        if row is None:
            return await post(body, peer) if post is not None else None
        return await poll(row, body, peer, patience=_patience(headers), gone=gone)
    except (RemoteProtocolError, Refusal) as error:
        raise _HttpError(_STATUS.get(error.status, _SERVER_ERROR), str(error)) from error
    finally:
        gone.cancel()


async def _read(receive: Receive, *, announced: bytes) -> bytes | None:
    """Return the body of a request; None where the client is gone before it said all."""
    if announced.isdigit() and int(announced) > RECEIVE_LIMIT:
        raise _too_large()
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > RECEIVE_LIMIT:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large() -> _HttpError:
    return _HttpError(_TOO_LARGE, f"the request is larger than {RECEIVE_LIMIT >> 20} MiB")


def _patience(headers: Mapping[bytes, bytes]) -> float:
    """Return how many seconds the client waits for its answer, if it says so; else none.

    Envoy says it in a header of its own. Others can say `Prefer: wait=10` (RFC 7240).
    """
    milliseconds = _number(headers.get(_ENVOY_TIMEOUT, b"").strip())
    if milliseconds is not None:
        return milliseconds / 1000 * _MARGIN
    for preference in headers.get(b"prefer", b"").lower().split(b","):
        key, _, value = preference.partition(b";")[0].partition(b"=")
        if key.strip() == b"wait" and (seconds := _number(value.strip().strip(b'"'))) is not None:
            return seconds
    return 0.0


def _number(text: bytes) -> float | None:
    return float(text) if text.isdigit() and math.isfinite(float(text)) else None


def _peer(scope: Scope) -> Peer:
    """Return who asks, without a port: an Envoy polls over several connections, and they come and go.

    What comes from this machine is one host, in both families: an Envoy that knows us as `localhost` uses both at once.
    """
    host = scope["client"][0] if scope.get("client") else ""
    with contextlib.suppress(ValueError):
        host = _LOOPBACK if ip_address(host).is_loopback else host
    return Peer(address=f"ipv6:[{host}]" if ":" in host else f"ipv4:{host}", transport="rest")


async def _send(
    send: Send,
    status: int,
    body: bytes = b"",
    content_type: bytes = b"",
    more: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    headers = [(b"cache-control", b"no-store"), *more]
    if content_type:
        headers += [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
