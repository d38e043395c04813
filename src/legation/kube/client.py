"""Client: one request and its answer, or the lines of an answer that does not end.

It knows HTTP, how to log in and what a failure means. It refuses to know what an object is, when to try again and how a
watch goes on. Invariant: nothing is asked before somebody calls, and no credential leaves in anything but its header.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

from legation.kube.connection import Connection
from legation.kube.credentials import Login
from legation.kube.failures import refusal, told_as_unreachable
from legation.kube.lines import LineCutter
from legation.kube.logins import credentials_for
from legation.kube.wires import Wires

_USER_AGENT = "legation"
_CONNECT = 10.0
"""Seconds for a connection."""
TIMEOUT = 30.0
"""Seconds for one request and its answer, if nothing else is said."""
_FIRST_WORD = 30.0
"""Seconds until the API server begins to answer a watch."""


class Client:
    """Speaks to one API server. It may be used by many tasks at once."""

    def __init__(self, connection: Connection) -> None:
        """Take what it takes to reach the server; nothing is opened or read yet."""
        self._connection = connection
        self._credentials = credentials_for(connection.user)
        self._wires = Wires(connection)
        # To compress costs the server more time than the way is worth.
        self._headers = [("user-agent", _USER_AGENT), ("accept-encoding", "identity"), *connection.user.headers]
        self._extensions = {"sni_hostname": connection.tls_server_name} if connection.tls_server_name else {}

    @property
    def server(self) -> str:
        """The server's address, for messages."""
        return self._connection.server

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - callers think in seconds for a request, and get an error in words
    ) -> bytes:
        """Ask for one thing.

        Args:
            method: Of HTTP.
            path: Below the server's address.
            params: What is behind the question mark.
            body: What is sent.
            content_type: What the body is.
            accept: What the answer may be.
            timeout: Seconds for the exchange; to log in may take time of its own.

        Returns:
            The body of the answer.

        Raises:
            KubeError: The server refuses; the subclass says what kind of refusal it is.
            KubeUnreachable: No answer could be had.
        """
        headers = {"accept": accept} | ({} if body is None else {"content-type": content_type})
        request = _Request(method, path, params or {}, headers, body)
        limits = httpx2.Timeout(timeout, connect=min(_CONNECT, timeout))
        async with self._answer(request, limits, whole=timeout) as response:
            return response.content

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, *, params: Mapping[str, str] | None = None
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Ask for an answer that comes line by line: a watch.

        Args:
            path: Below the server's address.
            params: What is behind the question mark.

        Returns:
            The lines as they come, without their ends. Where the server ends the answer, they end; where the connection
            breaks, `KubeUnreachable` is raised.

        Raises:
            KubeError: The server refuses; the subclass says what kind of refusal it is.
            KubeUnreachable: No answer could be had.
        """
        request = _Request("GET", path, params or {}, {"accept": "application/json"}, None)
        limits = httpx2.Timeout(_CONNECT, read=None)
        async with self._answer(request, limits, whole=None) as response:
            lines = self._lines(response)
            async with contextlib.aclosing(lines):
                yield lines

    async def aclose(self) -> None:
        """Close all connections; what is asked at this moment fails."""
        await self._wires.aclose()

    @contextlib.asynccontextmanager
    async def _answer(
        self, request: _Request, limits: httpx2.Timeout, *, whole: float | None
    ) -> AsyncGenerator[httpx2.Response]:
        """Give the answer of one that succeeds: read, if there is a limit for the whole of it."""
        first = await self._credentials.login()
        async with self._attempt(request, limits, login=first, whole=whole) as response:
            if response.status_code != HTTPStatus.UNAUTHORIZED or not self._credentials.refused(first):
                yield self._good(request, response)
                return
        # What was shown has run out, perhaps: read again what can be read again, and ask once more.
        second = await self._credentials.login()
        async with self._attempt(request, limits, login=second, whole=whole) as response:
            yield self._good(request, response)

    @contextlib.asynccontextmanager
    async def _attempt(
        self, request: _Request, limits: httpx2.Timeout, *, login: Login, whole: float | None
    ) -> AsyncGenerator[httpx2.Response]:
        headers = [*self._headers, *request.headers.items()]
        if login.authorization:
            headers.append(("authorization", login.authorization))
        asked = httpx2.Request(
            request.method,
            self._connection.server + request.path,
            params=request.params or None,
            headers=headers,
            content=request.body,
            extensions={**self._extensions, "timeout": limits.as_dict()},
        )
        async with contextlib.AsyncExitStack() as stack:
            with self._told():
                transport = await stack.enter_async_context(self._wires.lent(login.certificate, login.key))
                async with asyncio.timeout(_FIRST_WORD if whole is None else whole):
                    response = await transport.handle_async_request(asked)
                    stack.push_async_callback(response.aclose)
                    if whole is not None or not response.is_success:
                        await response.aread()
            yield response

    def _good(self, request: _Request, response: httpx2.Response) -> httpx2.Response:
        if response.is_success:
            return response
        what = f"{request.method} {request.path} at {self.server}"
        raise refusal(what, status=response.status_code, headers=response.headers, body=response.content)

    def _told(self) -> AbstractContextManager[None]:
        return told_as_unreachable(self.server, proxy=self._connection.proxy)

    async def _lines(self, response: httpx2.Response) -> AsyncGenerator[bytes]:
        cutter = LineCutter()
        async with contextlib.aclosing(response.aiter_raw()) as parts:
            while True:
                with self._told():
                    part = await anext(parts, None)
                if part is None:
                    break
                for line in cutter.feed(part):
                    yield line
        if rest := cutter.rest():
            yield rest


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked, whoever asks."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes | None
