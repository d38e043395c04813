"""The internal port: what other replicas ask this one. It asks nobody, so no question goes round in circles.

It shows counts and node ids, no configuration. It is for the replicas: with TLS only who shows a certificate for one of
our own names is answered, and without it a NetworkPolicy has to keep others away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from legation.http_connection import certificate_of
from legation.model import delivery_json
from legation.model.delivery import Deliveries
from legation.model.proxy_status import Denied, ProxyStatus, TurnedAway
from legation.ops.proxy_json import page_json
from legation.ops.trail_pages import Inquiry, shared_routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send


class TellDeliveries(Protocol):
    """Returns what changed since somebody asked last."""

    def __call__(self, *, epoch: str = "", since: int = 0) -> Deliveries:
        """See `legation.model.delivery.Deliveries`."""
        ...


def replicas_app(
    *,
    deliveries: TellDeliveries,
    proxies: Callable[[], Sequence[ProxyStatus]],
    turned_away: Callable[[], Sequence[TurnedAway]],
    denied: Callable[[], Sequence[Denied]] = tuple,
    inquiry: Inquiry | None = None,
    names: Callable[[], Collection[str]] | None = None,
) -> ASGIApp:
    """Return the application of the internal port.

    Args:
        deliveries: What the Envoys of this replica have of each object.
        proxies: The Envoys that are connected to this replica.
        turned_away: Who was not served by this replica lately.
        denied: Who has lately not proven to this replica to be who it says it is.
        inquiry: Where resources come from, and which Envoys of this replica have them; None: that has no pages.
        names: Returns the DNS names of our own certificate: who shows none of these is not answered. None: all are.
    """

    async def show_deliveries(request: Request) -> Response:
        try:
            since = int(request.query_params.get("since", "0"))
        except ValueError:
            return PlainTextResponse("since must be the number of an answer before\n", status_code=400)
        found = deliveries(epoch=request.query_params.get("epoch", ""), since=since)
        return JSONResponse(delivery_json.to_json(found))

    async def show_proxies(_: Request) -> Response:
        return JSONResponse(page_json(proxies(), turned_away=turned_away(), denied=denied()))

    more = shared_routes(inquiry) if inquiry is not None else ()
    app = Starlette(routes=[Route("/delivery", show_deliveries), Route("/proxies", show_proxies), *more])
    return app if names is None else _for_namesakes(app, names=names)


def _for_namesakes(app: ASGIApp, *, names: Callable[[], Collection[str]]) -> ASGIApp:
    """Return an application that answers only who shows a certificate for one of our own names.

    The same authority may sign what Envoys show: they are no replicas.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        shown = certificate_of(scope)
        if shown is None or not set(shown.dns) & set(names()):
            answer = PlainTextResponse("this port is for replicas: show a certificate for the same name\n", 403)
            await answer(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded
