"""The management API over HTTP/JSON: one route for each rule of the proto, all of them calls of the service object.

::

    app = management_app(service, bind="localhost", private=False, fault=print)

It knows HTTP. It refuses to know what a call does. The one invariant: whatever is sent, the answer is a message of the
proto or a google.rpc.Status, both as JSON, with the status of HTTP that belongs to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from google.rpc import code_pb2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from legation.api.management import failures
from legation.api.management.apart import Apart
from legation.api.management.authentication import Doorman
from legation.api.management.calls import Caller
from legation.api.management.http_guard import LOOPBACK_HOSTS, Guard
from legation.api.management.http_requests import from_json, from_manifests, from_query
from legation.api.management.http_rules import RULES, Rule
from legation.api.management.http_statuses import answer, refusal
from legation.api.management.http_streams import EVENTS, streamed
from legation.api.management.openapi import docs_page, openapi_document
from legation.api.management.refused import Refused
from legation.http_connection import certificate_of
from legation.transports.proving import HEADER

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from starlette.requests import Request

LARGEST = 4 * 1024 * 1024
"""Bytes of a body: as much as gRPC takes in a message."""
PATIENCE = 30.0
"""Seconds in which a body must have come whole."""
JSON = "application/json"
_WAIT = frozenset({"wait_accepted"})
"""Calls that wait for others than the store."""
_YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})
"""The first is that of RFC 9512; the others are older."""
_SENT = "application/json, or application/yaml for manifests as they are"


def management_app(
    service: object,
    *,
    bind: str,
    private: bool,
    fault: Callable[[Exception], None],
    patience: float = PATIENCE,
    doorman: Doorman | None = None,
    secured: bool = False,
) -> Starlette:
    """Return the application.

    Args:
        service: What does the calls: a method for each rule, by its name; it takes the message and who calls, returns
            the answer or is an async generator of answers, and raises `Refused`.
        bind: The address where it listens: a request may name that as its host, beside the usual loopback names.
        private: Whether it listens on a Unix socket, which no browser reaches and nobody but its owner opens.
        fault: Is told of an error of this program itself.
        patience: Seconds in which a body must have come.
        doorman: Finds out who calls; None: whoever reaches it may.
        secured: Whether it has TLS: then a name that is not this server's was refused by who calls.
    """
    doorman = doorman or Doorman()
    callers = _Callers(doorman, private=private, secured=secured)
    calls = _Calls(service, callers=callers, fault=fault, patience=patience)
    document = openapi_document()

    async def show_document(request: Request) -> Response:
        return await callers.shown("OpenAPI", request, lambda: JSONResponse(document))

    async def show_docs(request: Request) -> Response:
        return await callers.shown("OpenAPI", request, lambda: HTMLResponse(docs_page(document)))

    hosts = () if private or secured else (*LOOPBACK_HOSTS, bind.lower(), f"[{bind.lower()}]")
    return Starlette(
        routes=[
            *(Route(each.path, calls.endpoint(each), methods=[each.verb]) for each in RULES),
            Route("/openapi.json", show_document),
            Route("/docs", show_docs),
            Route("/", show_docs),
        ],
        middleware=[Middleware(Guard, hosts=hosts, told=doorman.foreign)],
        exception_handlers={HTTPException: _no_route},
    )


class _Callers:
    """Finds out who makes a request."""

    def __init__(self, doorman: Doorman, *, private: bool, secured: bool) -> None:
        self._doorman, self._private, self._secured = doorman, private, secured

    async def of(self, call: str, request: Request) -> Caller:
        """Return who it is.

        Raises:
            Refused: They have proven nothing.
        """
        client = request.client
        return await self._doorman.caller(
            call,
            peer=client.host if client else "unix:",
            over="http",
            certificate=certificate_of(request.scope),
            headers=request.headers.getlist(HEADER),
            private=self._private,
            secured=self._secured,
        )

    async def shown(self, call: str, request: Request, page: Callable[[], Response]) -> Response:
        """Return a page for who may call."""
        try:
            await self.of(call, request)
        except Refused as refused:
            return refusal(refused.status)
        return page()


class _Calls:
    """Calls the service for a request, and answers with what came of it."""

    def __init__(
        self, service: object, *, callers: _Callers, fault: Callable[[Exception], None], patience: float
    ) -> None:
        self._service, self._callers, self._fault, self._patience = service, callers, fault, patience
        self._apart = Apart()

    def endpoint(self, rule: Rule) -> Callable[[Request], Awaitable[Response]]:
        """Return what answers the requests of a rule."""

        async def call(request: Request) -> Response:
            try:
                return await self._called(rule, request)
            except _BodyRefused as refused:
                return refusal(refused.status, http=refused.http)
            except Refused as refused:
                return refusal(refused.status)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others must go on being answered
                self._fault(error)
                return refusal(failures.own_fault().status)

        return call

    async def _called(self, rule: Rule, request: Request) -> Response:
        # Of who may not call no body is read.
        caller = await self._callers.of(rule.method.name, request)
        asked = await self._asked(rule, request)
        method = getattr(self._service, rule.name)
        if not rule.is_stream:
            call: Awaitable[Message] = method(asked, caller)
            found = await (_unless_gone(request, call) if rule.name in _WAIT else call)
            return await self._apart.run(partial(answer, found), size=found.ByteSize())
        as_events = EVENTS in request.headers.get("accept", "")
        if as_events and (last := request.headers.get("last-event-id")):
            asked.resume_token = last
        messages: AsyncGenerator[Message] = method(asked, caller)
        return await streamed(messages, as_events=as_events, fault=self._fault, apart=self._apart)

    async def _asked(self, rule: Rule, request: Request) -> Any:
        fixed = {each: str(request.path_params[each]) for each in rule.variables}
        query = request.query_params.multi_items()
        if not rule.has_body:
            return from_query(rule, query, fixed=fixed)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON and kind not in _YAML:
            words = f"the body must be {_SENT}; say so in the header Content-Type"
            raise _BodyRefused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, words, reason="CONTENT_TYPE")
        try:
            async with asyncio.timeout(self._patience):
                body = await _body(request)
        except TimeoutError:
            words = f"the body did not come within {self._patience:g} s"
            raise _BodyRefused(HTTPStatus.REQUEST_TIMEOUT, words, reason="SLOW_BODY") from None
        if kind != JSON:
            return await self._apart.run(partial(from_manifests, rule, body, query=query), size=len(body))
        if query:
            message = "it stands behind the question mark, but the call takes its fields from the body"
            raise Refused.bad_request([(name, message) for name, _ in query], reason="UNKNOWN_FIELD")
        return await self._apart.run(partial(from_json, rule, body, fixed=fixed), size=len(body))


class _BodyRefused(Refused):
    """The body is refused before anybody has looked what is in it."""

    def __init__(self, http: HTTPStatus, words: str, *, reason: str) -> None:
        super().__init__(Refused.of(code_pb2.INVALID_ARGUMENT, words, reason=reason).status)
        self.http = http


async def _unless_gone(request: Request, call: Awaitable[Message]) -> Message:
    """Return what a call returns that may wait for long; it is broken off when the client goes.

    Raises:
        Refused: The client has gone, and nobody hears that.
    """
    calling, gone = asyncio.ensure_future(call), asyncio.ensure_future(_goes(request))
    try:
        await asyncio.wait((calling, gone), return_when=asyncio.FIRST_COMPLETED)
        if calling.done():
            return calling.result()
    finally:
        for each in (calling, gone):
            each.cancel()
    await asyncio.wait((calling,))
    raise Refused.of(code_pb2.CANCELLED, "the client has gone")


async def _goes(request: Request) -> None:
    # The body is read: nothing else comes.
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    with contextlib.suppress(ValueError):
        if int(request.headers.get("content-length", "0")) > LARGEST:
            raise _too_large()
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def _too_large() -> _BodyRefused:
    words = f"the body is larger than {LARGEST} bytes; send fewer objects at a time"
    return _BodyRefused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, words, reason="TOO_LARGE")


async def _no_route(request: Request, error: Exception) -> Response:
    """Answer what no rule is for."""
    http = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if http == HTTPStatus.METHOD_NOT_ALLOWED:
        words = f"{request.url.path} is not called by {request.method}; /openapi.json says what is"
        response = refusal(Refused.of(code_pb2.UNIMPLEMENTED, words, reason="NO_SUCH_METHOD").status, http=http)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response
    words = f"there is no {request.url.path}; /openapi.json says what there is"
    return refusal(Refused.of(code_pb2.NOT_FOUND, words, reason="NO_SUCH_PATH").status, http=http)
