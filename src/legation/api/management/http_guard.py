"""Who may call over HTTP: programs of this machine, and no page in a browser that somebody else has made.

A browser sends what a page wants to any port of this machine. It cannot send a Host that is ours from another origin's
name, nor `application/json` without asking first (and nobody answers that here), and it says from where a request is.

Sources: https://fetch.spec.whatwg.org/#cors-safelisted-request-header, https://www.w3.org/TR/fetch-metadata/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from google.rpc import code_pb2
from starlette.datastructures import Headers

from legation.api.management.http_statuses import refusal
from legation.api.management.refused import Refused

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_OWN = frozenset({"", "none", "same-origin"})


class Guard:
    """Lets pass what a page of another origin cannot have sent."""

    def __init__(self, app: ASGIApp, *, hosts: Sequence[str], told: Callable[[str, str], None] | None = None) -> None:
        """Take what is guarded.

        Args:
            app: It.
            hosts: The names that a request may have for this server; none: any name.
            told: Is told from where a request came that was refused, and with which reason.
        """
        self._app = app
        self._hosts = frozenset(hosts)
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and (why := self._foreign(Headers(scope=scope))):
            refused = Refused.of(code_pb2.PERMISSION_DENIED, why, reason="FOREIGN_REQUEST")
            if self._told is not None:
                client = scope.get("client")
                self._told(client[0] if client else "unix:", refused.reason)
            await refusal(refused.status)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _foreign(self, headers: Headers) -> str:
        host = headers.get("host", "")
        if self._hosts and host_of(host) not in self._hosts:
            return "the request names a host that is not this server's; call it by its address, such as localhost"
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "") not in _OWN or (origin and urlsplit(origin).netloc != host):
            return "a page of another origin may not call this server"
        return ""


def host_of(header: str) -> str:
    """Return what a Host header says without the port."""
    name, colon, port = header.rpartition(":")
    return (name if colon and port.isdigit() else header).lower()
