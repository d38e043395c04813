"""The internal port: what other replicas ask this one. It asks nobody, so no question goes round in circles.

It shows counts and node ids, no configuration. It is for the replicas: a NetworkPolicy keeps others away from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from legation.model import delivery_json
from legation.model.delivery import Deliveries
from legation.model.proxy_status import ProxyStatus, TurnedAway
from legation.ops.proxy_json import page_json
from legation.ops.trail_pages import Inquiry, shared_routes

if TYPE_CHECKING:
    from starlette.requests import Request


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
    inquiry: Inquiry | None = None,
) -> Starlette:
    """Return the application of the internal port.

    Args:
        deliveries: What the Envoys of this replica have of each object.
        proxies: The Envoys that are connected to this replica.
        turned_away: Who was not served by this replica lately.
        inquiry: Where resources come from, and which Envoys of this replica have them; None: that has no pages.
    """

    async def show_deliveries(request: Request) -> Response:
        try:
            since = int(request.query_params.get("since", "0"))
        except ValueError:
            return PlainTextResponse("since must be the number of an answer before\n", status_code=400)
        found = deliveries(epoch=request.query_params.get("epoch", ""), since=since)
        return JSONResponse(delivery_json.to_json(found))

    async def show_proxies(_: Request) -> Response:
        return JSONResponse(page_json(proxies(), turned_away=turned_away()))

    more = shared_routes(inquiry) if inquiry is not None else ()
    return Starlette(routes=[Route("/delivery", show_deliveries), Route("/proxies", show_proxies), *more])
